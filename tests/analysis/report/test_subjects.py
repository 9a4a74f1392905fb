"""What subjects are called."""

from gemma_distress.analysis.report.subjects import LONGEST, subjects_of


def labels(*keys: tuple[str, ...]) -> list[str]:
    return [one.label for one in subjects_of([(*key, "", "", "", "")[:5] for key in keys])]


def test_a_label_is_as_short_as_it_may_be() -> None:
    assert labels(("google/gemma",), ("openai/gpt",)) == ["gemma", "gpt"]
    assert labels(("google/gemma",), ("vllm/gemma",)) == ["google/gemma", "vllm/gemma"]


def test_one_model_under_two_judges_is_two_subjects() -> None:
    assert labels(("m/a", "x/sonnet"), ("m/a", "x/lexical")) == ["a, sonnet", "a, lexical"]
    assert labels(("m/a", "x/sonnet", "1"), ("m/a", "x/sonnet", "2")) == [
        "a, sonnet (1)",
        "a, sonnet (2)",
    ]


def test_long_and_hostile_names_stay_short_and_visible() -> None:
    [long] = labels(("x" * 500,))
    assert len(long) <= LONGEST
    assert labels(("a\u202eb\nc",)) == ["a[U+202E]b c"]
    assert labels(("",)) == ["no name"]


def test_nine_subjects_have_looks() -> None:
    looks = [one.look for one in subjects_of([(f"m{n}",) for n in range(9)])]
    assert looks[8] == looks[0]
    assert len({(look.shape, look.dash, look.colour) for look in looks[:8]}) == 8
