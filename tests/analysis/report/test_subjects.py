"""What subjects are called."""

from gemma_distress.analysis.report.subjects import LONGEST, subjects_of
from gemma_distress.analysis.subjects import Group


def group(model: str, judge: str = "", judge_version: str = "", settings: str = "") -> Group:
    return Group(
        model=model,
        settings=settings,
        judge=judge,
        judge_version=judge_version,
        rubric="",
        pack="",
    )


def labels(*keys: tuple[str, ...]) -> list[str]:
    return [one.label for one in subjects_of([group(*key) for key in keys])]


def test_one_model_in_two_settings_is_two_subjects() -> None:
    cold, warm = (f'{{"max_tokens": 9, "temperature": {value}}}' for value in (0.4, 1.0))
    assert labels(("m/a", "", "", cold), ("m/a", "", "", warm)) == [
        "a (temperature 0.4)",
        "a (temperature 1)",
    ]
    tuned = '{"adapter": "runs/calm", "max_tokens": 9, "temperature": 1.0}'
    assert labels(("m/a", "", "", warm), ("m/a", "", "", tuned)) == [
        "a (no adapter)",
        "a (adapter runs/calm)",
    ]


def test_a_label_is_as_short_as_it_may_be() -> None:
    assert labels(("google/gemma",), ("openai/gpt",)) == ["gemma", "gpt"]
    assert labels(("google/gemma",), ("vllm/gemma",)) == ["google/gemma", "vllm/gemma"]
    assert labels(("x/organism",), ("x/organism:/runs/calm",)) == ["organism", "organism:calm"]
    assert labels(("ollama/gemma3:27b",), ("openai/gpt@http://host:1/v1",)) == ["gemma3:27b", "gpt"]


def test_one_model_under_two_judges_is_two_subjects() -> None:
    assert labels(("m/a", "x/sonnet"), ("m/a", "x/lexical")) == ["a (sonnet)", "a (lexical)"]
    assert labels(("m/a", "x/sonnet", "1"), ("m/a", "x/sonnet", "2")) == [
        "a (sonnet) (1)",
        "a (sonnet) (2)",
    ]


def test_long_and_hostile_names_stay_short_and_visible() -> None:
    [long] = labels(("x" * 500,))
    assert len(long) <= LONGEST
    assert labels(("a\u202eb\nc",)) == ["a[U+202E]b c"]
    assert labels(("",)) == ["no name"]


def test_nine_subjects_have_looks() -> None:
    looks = [one.look for one in subjects_of([group(f"m{n}") for n in range(9)])]
    assert looks[8] == looks[0]
    assert len({(look.shape, look.dash, look.colour) for look in looks[:8]}) == 8
