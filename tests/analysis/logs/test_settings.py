"""What of a run's settings makes its model another subject."""

from gemma_distress.analysis.logs.settings import in_words, settings_of, told_apart


def test_what_decides_a_reply_is_kept_in_an_order_of_its_own() -> None:
    assert (
        settings_of({"temperature": 1.0, "max_tokens": 9}, {"adapter": "runs/calm"})
        == '{"adapter": "runs/calm", "max_tokens": 9, "temperature": 1}'
    )
    assert settings_of({"temperature": 1}, {}) == settings_of({"temperature": 1.0}, {})
    assert settings_of({}, {}) == ""


def test_how_it_was_called_and_from_which_seed_is_not() -> None:
    called = {"seed": 7, "max_connections": 4, "timeout": 60, "cache": True, "top_p": None}
    assert settings_of(called, {"device": "cuda:1", "batch_size": 8, "max_retries": 0}) == ""


def test_a_setting_that_nobody_foresaw_sets_apart() -> None:
    assert settings_of({"spin": 2}, {}) != settings_of({"spin": 3}, {})


def test_only_what_differs_is_told() -> None:
    cold, tuned = '{"max_tokens": 9, "temperature": 0.4}', '{"adapter": "a", "max_tokens": 9}'
    assert told_apart({"A": cold, "B": tuned}) == {
        "A": "no adapter, temperature 0.4",
        "B": "adapter a, no temperature",
    }
    assert told_apart({"A": cold, "B": cold}) == {"A": "", "B": ""}
    assert told_apart({"A": "", "B": '{"temperature": 1.0}'})["B"] == "temperature 1"


def test_in_words() -> None:
    assert in_words('{"max_tokens": 9, "stop_seqs": ["a b"], "temperature": 1.0}') == (
        'max_tokens 9, stop_seqs ["a b"], temperature 1'
    )
    assert in_words("") == ""
