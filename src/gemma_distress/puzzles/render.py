"""Filling a prompt template with a puzzle's strings.

A template is plain text with `{name}` placeholders; `{{` and `}}` are literal braces. Only plain
names are filled: attribute access, indexing, conversions and format specifications are refused, so a
template from anywhere can reach nothing but the strings.
"""

from string import Formatter

from gemma_distress.errors import UsageError
from gemma_distress.puzzles.puzzle import Puzzle


def render(template: str, puzzle: Puzzle, **extra: str) -> str:
    """Return `template` with its placeholders filled from `puzzle.fields()` and `extra`.

    Raises:
        UsageError: the template is malformed, names something that has no value, or never shows a
            part of the puzzle that a reader needs (`puzzle.required_fields()`, the target or the
            banned value for example); or `extra` would replace one of the puzzle's own strings.
    """
    values = puzzle.fields()
    if clash := sorted(values.keys() & extra.keys()):
        raise UsageError(
            f"The extra values {', '.join(clash)} would replace the {puzzle.template_key} "
            "puzzle's own; give them other names."
        )
    values.update(extra)
    pieces, shown = [], set()
    for literal, name in _pieces(template):
        pieces.append(literal)
        if name is None:
            continue
        if name not in values:
            raise UsageError(
                f"The template for {puzzle.template_key} has the placeholder {{{name}}}, which has "
                f"no value; known here: {', '.join(sorted(values))}. The template begins "
                f"{template[:60]!r}."
            )
        shown.add(name)
        pieces.append(values[name])
    if missing := sorted(puzzle.required_fields() - shown):
        raise UsageError(
            f"The template for {puzzle.template_key} never shows "
            f"{', '.join(f'{{{name}}}' for name in missing)}, without which the puzzle is not "
            f"stated; add it. The template begins {template[:60]!r}."
        )
    return "".join(pieces)


def placeholders(template: str) -> frozenset[str]:
    """Return the names of the placeholders in `template`; refuses what `render` would refuse."""
    return frozenset(name for _, name in _pieces(template) if name is not None)


def _pieces(template: str) -> list[tuple[str, str | None]]:
    """Split a template into (literal text, placeholder name or None) pairs."""
    try:
        parsed = list(Formatter().parse(template))
    except ValueError as error:
        raise UsageError(
            f"The template beginning {template[:60]!r} is malformed: {error}. Write a literal "
            "brace as {{ or }}."
        ) from error
    for _, name, specification, conversion in parsed:
        if name is not None and (specification or conversion or not name.isidentifier()):
            raise UsageError(
                f"The template beginning {template[:60]!r} has the placeholder {{{name}}} with more "
                "than a plain name in it; use {target} and the like, without dots, brackets, '!' "
                "or ':'."
            )
    return [(literal, name) for literal, name, _, _ in parsed]
