"""What of a log's arguments may be written into a report: everything but what opens a door."""

import re
from collections.abc import Mapping
from typing import Any

_SECRET = ("key", "token", "secret", "password", "authorization", "credential", "headers")
_NO_SECRET = ("tokenizer", "max_tokens", "keyword")
_USER = re.compile(r"(?<=://)[^/?#\s]*@")
_QUERY = re.compile(r"(?<=://)([^\s?]*)\?[^\s#]*")


def public(value: Any, name: str = "") -> Any:
    """A value without secrets, also within mappings and lists; None in place of one that is all secret."""
    if _secret(name, value):
        return None
    if isinstance(value, Mapping):
        return {
            str(key): public(one, str(key))
            for key, one in value.items()
            if not _secret(str(key), one)
        }
    if isinstance(value, list | tuple):
        return [public(one) for one in value]
    return public_text(value) if isinstance(value, str) else value


def public_text(text: str) -> str:
    """A text whose addresses carry no user, password or query."""
    return _QUERY.sub(r"\1", _USER.sub("", text))


def _secret(name: str, value: Any) -> bool:
    name = name.lower().replace("-", "_")
    if any(word in name for word in _NO_SECRET) or isinstance(value, bool | int | float):
        return False
    return value is not None and any(word in name for word in _SECRET)
