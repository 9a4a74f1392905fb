from hypothesis import given
from hypothesis import strategies as st

from gemma_distress.prompts import fill, placeholders
from gemma_distress.prompts.template import stray_braces


def test_a_value_is_never_read_as_a_template() -> None:
    # Filling one after the other would turn the reply's {boundary} into the secret boundary.
    filled = fill("{boundary}|{reply}|{boundary}", reply="{boundary} {{x}}", boundary="B7")
    assert filled == "B7|{boundary} {{x}}|B7"


def test_unnamed_placeholders_and_json_stay() -> None:
    assert fill('{"rating": 3} {a} {b}', a=1) == '{"rating": 3} 1 {b}'


def test_placeholders_are_whole_names_in_braces() -> None:
    assert placeholders("{a} {b_2} {3} { c } {{d}}") == {"a", "b_2", "d"}
    assert stray_braces("{target")
    assert stray_braces("{ target }")
    assert not stray_braces("{target} and {premise}")


@given(st.text())
def test_any_value_arrives_unchanged(value: str) -> None:
    assert fill("<{reply}>", reply=value) == f"<{value}>"
