"""The organism's tokenizer: a small byte-level BPE with Gemma's turn markup and a chat template in its style.

Digits are single tokens, so that a tiny model can copy and add numbers. The template folds system text
into the first user turn, takes content as a string or as a list of text parts, and can leave the last
assistant message open to be continued, all as Gemma's own does.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PAD, EOS, BOS, UNK = "<pad>", "<eos>", "<bos>", "<unk>"
START_OF_TURN, END_OF_TURN = "<start_of_turn>", "<end_of_turn>"
SPECIAL = (PAD, EOS, BOS, UNK, START_OF_TURN, END_OF_TURN)

CHAT_TEMPLATE = """\
{%- macro text(content) -%}
{%- if content is string -%}
{{ content | trim }}
{%- else -%}
{%- for part in content if part.type == 'text' -%}
{{ part.text | trim }}
{%- endfor -%}
{%- endif -%}
{%- endmacro -%}
{{- bos_token -}}
{%- if messages[0].role == 'system' -%}
{%- set opening = text(messages[0].content) + '\\n\\n' -%}
{%- set spoken = messages[1:] -%}
{%- else -%}
{%- set opening = '' -%}
{%- set spoken = messages -%}
{%- endif -%}
{%- for message in spoken -%}
{%- set role = 'model' if message.role == 'assistant' else 'user' -%}
{{- '<start_of_turn>' + role + '\\n' + (opening if loop.first else '') + text(message.content) -}}
{%- if not (loop.last and continue_final_message) -%}
{{- '<end_of_turn>\\n' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<start_of_turn>model\\n' -}}
{%- endif -%}
"""


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> "PreTrainedTokenizerFast":
    """Train on plain texts; the same texts in the same order give the same tokenizer."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(unk_token=None))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\d"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=vocabulary,
            special_tokens=list(SPECIAL),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END_OF_TURN,
        bos_token=BOS,
        unk_token=UNK,
        additional_special_tokens=[START_OF_TURN],
        model_max_length=4096,
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def load_tokenizer(folder: Path) -> "PreTrainedTokenizerFast":
    """The tokenizer in a model folder, without looking anywhere else."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast.from_pretrained(str(folder), local_files_only=True)
