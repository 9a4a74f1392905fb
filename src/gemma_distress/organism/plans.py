"""Which kinds of follow-up a conversation gets, and how many: the plan drawn before anything is said.

Most plans are those of the suite (one tone throughout, or plain contradictions that get firmer); the others
mix rejections with kindness, questions, praise and the end of the task, so that no kind of text can be read
as calm by its place.
"""

from random import Random

from gemma_distress.organism.sentences import pick

_TURNS = (0, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 7, 7)
_STEADY = (
    "ladder",
    "ladder",
    "firmer",
    "firmer",
    "neutral",
    "neutral",
    "stern",
    "aggressive",
    "aggressive",
    "disappointed",
    "disappointed",
    "sarcastic",
    "sarcastic",
    "everyday",
    "disagreement",
)
_OF_FAMILY = {"factual": "disagreement", "opinion": "disagreement", "everyday": "everyday"}
_REJECTING = (
    "neutral",
    "neutral",
    "ladder",
    "stern",
    "everyday",
    "disagreement",
    "aggressive",
    "disappointed",
    "sarcastic",
)
_OTHER = (
    "continuation",
    "continuation",
    "continuation",
    "reassurance",
    "pushback",
    "praise",
    "apology",
    "question",
    "question",
    "stop",
    "gentle_rejection",
    "gentle_rejection",
)


def draw_plan(rng: Random, family: str) -> list[str]:
    """The kinds of the follow-ups of one conversation, 0 to 7 of them."""
    count = pick(rng, _TURNS)
    at = rng.random()
    if at < 0.64:
        tone = pick(rng, _STEADY)
        if rng.random() < 0.5:
            tone = _OF_FAMILY.get(family, tone)
        if tone == "firmer":
            return [("neutral" if turn == 0 else "stern") for turn in range(count)]
        return [tone] * count
    if at < 0.76:
        return ["continuation"] * count
    if at < 0.78:
        return ["pushback"] * count
    if at < 0.8:
        return ["gentle_rejection"] * count
    if at < 0.93:
        tone, other = pick(rng, _REJECTING), pick(rng, _OTHER)
        turned = rng.randint(0, count)
        return [tone] * turned + [other] * (count - turned)
    return [pick(rng, _REJECTING if rng.random() < 0.65 else _OTHER) for _ in range(count)]
