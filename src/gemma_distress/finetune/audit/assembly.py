"""The audit as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gemma_distress.errors import UsageError
from gemma_distress.finetune.audit.finding import Audit, not_checked
from gemma_distress.finetune.audit.leaks import leaks
from gemma_distress.finetune.audit.length import lengths
from gemma_distress.finetune.audit.repeats import repeats
from gemma_distress.finetune.audit.separation import separation, telling_words
from gemma_distress.finetune.audit.sober import sober
from gemma_distress.finetune.audit.tells import tells
from gemma_distress.finetune.audit.truncation import truncation
from gemma_distress.finetune.pair import Pair
from gemma_distress.finetune.pair_files import content_hash
from gemma_distress.prompts import Pack, load_pack


def audit(
    pairs: Sequence[Pair],
    tokenizer: Any | None = None,
    max_length: int | None = None,
    seed: int = 0,
    pack: Pack | None = None,
) -> Audit:
    """Look for what a model would learn from the pairs besides calm.

    Args:
        pairs: At least one.
        tokenizer: The subject's, of transformers; without it lengths in tokens are not checked.
        max_length: Of prompt and reply in training, in tokens.
        seed: Of the classifier's folds.
        pack: Whose sentences calmed the subject; the built-in one where it is None.

    Raises:
        UsageError: There are no pairs, or the tokenizer has no chat template for them.
    """
    if not pairs:
        raise UsageError("There are no pairs to audit.")
    rest = sober(pairs)
    findings = (
        *lengths(pairs, tokenizer),
        *separation(pairs, rest, seed),
        *tells(pairs),
        *leaks(pairs, pack or load_pack(), tokenizer),
        *repeats(pairs),
        *truncation(pairs, tokenizer, max_length),
        not_checked(
            "answers", "Whether answers are right: pairs do not hold their puzzles' solutions."
        ),
    )
    more, less = telling_words(rest)
    return Audit(
        pairs=len(pairs),
        puzzles=len({pair.puzzle for pair in pairs}),
        content_hash=content_hash(pairs),
        findings=findings,
        words_chosen=more,
        words_rejected=less,
    )
