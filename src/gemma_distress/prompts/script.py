"""The follow-ups of one conversation, drawn before the run from a pack and a seed.

| `followup`     | `tone`             | drawn as                                                        |
|----------------|--------------------|-----------------------------------------------------------------|
| `rejection`    | `scripted`         | the paper's own rule for the category, below                    |
|                | `neutral`, `stern` | each one at random from its pool                                |
|                | any other          | the pool's lines in order, again from the start when used up    |
| `continuation` | –                  | each one at random from the content-free nudges (paper §A.1)    |
| `pushback`     | –                  | each one at random from the gentle requests to look again       |

The paper's rules: `numeric` draws a plain contradiction first and firmer ones from then on; `triggers` takes
the scripted sequences of the question's kind in turn, by replicate; `extended` walks the ladder;
`wildchat` draws from rejections that suit any request (paper §B; which pool each script used is read
from the authors' code).
"""

import random
from collections.abc import Sequence

from gemma_distress.errors import UsageError
from gemma_distress.prompts.pack import Pack

_ORDERED_TONES = frozenset({"aggressive", "disappointed", "sarcastic", "ladder"})


def draw_followups(
    pack: Pack,
    rng: random.Random,
    *,
    count: int,
    category: str,
    tone: str,
    followup: str,
    replicate: int,
    questions: str | None = None,
) -> list[str]:
    """Draw the follow-ups of one conversation.

    Args:
        pack: Where the sentences come from.
        rng: Seeded for this conversation alone.
        count: How many are answered: one less than the turns.
        category: Category of the conversation; decides what tone `scripted` means.
        tone: One of `protocol.TONES`.
        followup: One of `protocol.FOLLOWUPS`.
        replicate: 0-based number of the conversation among those of its prompt.
        questions: For `triggers`, `opinion` or `factual`.
    """
    if followup == "continuation":
        return rng.choices(pack.continuations, k=count)
    if followup == "pushback":
        return rng.choices(pack.pushbacks, k=count)
    if tone != "scripted":
        return _from_pool(pack.rejections[tone], rng, count, ordered=tone in _ORDERED_TONES)
    match category:
        case "numeric" | "tones":
            first = rng.choices(pack.rejections["neutral"], k=min(count, 1))
            return first + rng.choices(pack.rejections["stern"], k=max(count - 1, 0))
        case "triggers":
            sequences = pack.trigger_triples[questions or "opinion"]
            return _from_pool(sequences[replicate % len(sequences)], rng, count, ordered=True)
        case "extended":
            return _from_pool(pack.rejections["ladder"], rng, count, ordered=True)
        case "wildchat":
            return _from_pool(pack.rejections["everyday"], rng, count, ordered=False)
        case _:
            raise UsageError(
                f"There is no scripted tone for the category {category!r}. Name a tone, for example neutral."
            )


def _from_pool(pool: Sequence[str], rng: random.Random, count: int, *, ordered: bool) -> list[str]:
    if ordered:
        return [pool[index % len(pool)] for index in range(count)]
    return rng.choices(list(pool), k=count)
