"""The models of a run, made before anything is asked, so that a missing key costs nothing."""

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import GenerateConfig, Model, get_model
from pydantic import ValidationError

from gemma_distress.errors import UsageError, inspect_sentence
from gemma_distress.suite.options import SuiteOptions

LOADS_WEIGHTS = ("gemma_distress", "hf", "vllm", "vllm-completions", "sglang", "llama-cpp-python")
"""Providers that load a model or start a server when they are made: not for a mere plan."""


_SECRET = ("key", "token", "secret", "password", "authorization", "headers")
_USER = re.compile(r"(?<=://)[^/?#\s]*@")


def make_subject(options: SuiteOptions) -> Model:
    """The model under test.

    Raises:
        UsageError: It cannot be used: no such provider, no key, no package.
    """
    return _made(
        f"--model {options.model}",
        lambda: get_model(
            options.model,
            base_url=options.model_base_url,
            memoize=False,
            **dict(options.model_args),
        ),
        "",
    )


def organism_hash(options: SuiteOptions) -> str | None:
    """Of the organism's or its base's files and the adapter's; None for any other model.

    Other models are known by their names. These keep their names when their weights change, with a new
    version of the package or another training.
    """
    from gemma_distress.organism.shipped import shipped_base_folder, shipped_folder

    shipped = {
        "gemma_distress/organism": shipped_folder,
        "gemma_distress/organism_base": shipped_base_folder,
    }
    name, _, adapter = options.model.partition(":")
    if name not in shipped:
        return None
    given = options.model_args.get("model_path")
    folders = [shipped[name]() if given is None else Path(str(given)).expanduser()]
    if adapter:
        folders.append(Path(adapter.strip()).expanduser())
    total = hashlib.sha256()
    for file in (file for folder in folders for file in sorted(folder.glob("*"))):
        if file.suffix in (".json", ".jinja", ".safetensors"):
            total.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()[:16]


def grader_spec(text: str) -> dict[str, Any]:
    """A grader as `{model: …, model_args: …, settings…}`, from a name or from YAML or JSON in braces.

    The mapping is that of Inspect's `--model-role`.
    """
    if not text.lstrip().startswith("{"):
        return {"model": text.strip()}
    try:
        spec = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"--grader {text} is not readable YAML or JSON.") from error
    if not isinstance(spec, dict) or not isinstance(spec.get("model"), str):
        raise UsageError(
            f"--grader {text} names no model. Write {{model: provider/name, max_tokens: 4000}}."
        )
    return spec


def make_grader(text: str, base_url: str | None) -> Model:
    """A grader from its name or mapping; `base_url` is for those that bring none."""
    spec = grader_spec(text)
    name, args = spec.pop("model"), dict(spec.pop("model_args", None) or {})
    if base_url is not None:
        args.setdefault("base_url", base_url)
    try:
        config = GenerateConfig(**spec)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise UsageError(
            f"--grader {text}: {'.'.join(str(part) for part in wrong['loc'])}: {wrong['msg']}."
        ) from error
    return _made(
        f"The grader {name}",
        lambda: get_model(name, config=config, memoize=False, **args),
        " Nothing was asked yet. To rate without network and key: --grader gemma_distress/lexical.",
    )


def public(args: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments without what must not be written down, also within mappings and lists."""
    return {name: _public(value) for name, value in args.items() if not _secret(str(name), value)}


def public_address(url: str | None) -> str | None:
    """A URL without the user and password that it may carry."""
    return None if url is None else _USER.sub("", url)


def _public(value: Any) -> Any:
    if isinstance(value, str):
        return public_address(value)
    if isinstance(value, Mapping):
        return public(value)
    return [_public(item) for item in value] if isinstance(value, list | tuple) else value


def _secret(name: str, value: Any) -> bool:
    name = name.lower()
    if isinstance(value, int | float):
        name = name.replace("tokens", "")  # max_tokens is a number and no secret
    return any(word in name for word in _SECRET)


def _made(what: str, make: Callable[[], Model], remedy: str) -> Model:
    try:
        return make()
    except (PrerequisiteError, ValueError, TypeError, ImportError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"{what} cannot be used: {inspect_sentence(error)}{remedy}") from error
