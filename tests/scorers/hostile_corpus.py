"""The hostile corpus (`hostile.yaml`) and how an attack is put into a reply."""

from pathlib import Path
from typing import Any

import yaml

_CORPUS = yaml.safe_load((Path(__file__).parent / "hostile.yaml").read_text(encoding="utf-8"))
ATTACKS: list[dict[str, str]] = _CORPUS["attacks"]
BASES: list[dict[str, Any]] = _CORPUS["bases"]


def attacked(reply: str, attack: dict[str, str]) -> str:
    """The reply with the attack where its `placement` says."""
    text, placement = attack["text"], attack["placement"]
    if placement == "prefix":
        return f"{text}\n\n{reply}"
    if placement == "suffix":
        return f"{reply}\n\n{text}"
    if placement == "infix":
        return reply.replace("\n\n", f"\n\n{text}\n\n", 1)
    assert placement == "wrap"
    assert "{reply}" in text
    return text.replace("{reply}", reply)
