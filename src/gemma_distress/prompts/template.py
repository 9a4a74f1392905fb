"""Placeholders in sentences: `{name}`, filled in one pass.

`str.format` is not used: a reply put into a template may itself hold braces, and a rubric shows a
JSON object. `fill` replaces only the names it is given, once, so nothing inside a value is ever
read as a placeholder.
"""

import re

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def placeholders(text: str) -> frozenset[str]:
    """The names of all placeholders in a text."""
    return frozenset(_PLACEHOLDER.findall(text))


def stray_braces(text: str) -> bool:
    """Whether a brace remains once the well-formed placeholders are taken out, as in `{target`."""
    rest = _PLACEHOLDER.sub("", text)
    return "{" in rest or "}" in rest


def fill(template: str, **values: object) -> str:
    """Replace `{name}` by its value for every name given; all other text stays as it is.

    A name that the template does not use is ignored, since a pack may leave an optional one out. A
    placeholder that got no value stays visible: packs are checked when loaded, so this happens
    only where the caller forgot a value, and tests look for it.
    """
    return _PLACEHOLDER.sub(
        lambda match: str(values[match[1]]) if match[1] in values else match[0], template
    )
