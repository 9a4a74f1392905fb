"""The `inspect eval` command that would repeat an evaluation, from the header of its log.

What a log does not hold cannot be in it: keys and other secrets (left out on purpose), the environment, and
replies sampled without a seed. Options that only steer the machine (connections, displays) are left out.
"""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from gemma_distress.analysis.logs.redact import public, public_text

_LIMITS = (
    *("message_limit", "turn_limit", "time_limit", "working_limit", "cost_limit"),
    "retry_on_error",
)
_MACHINE = ("max_connections", "adaptive_connections", "max_retries", "timeout", "attempt_timeout")
_FLAGS = ("logprobs", "parallel_tool_calls", "internal_tools", "fail_on_refusal")
_WIDE = 10**9


def command_line(header: Mapping[str, Any]) -> str:
    """One line, quoted for a POSIX shell, without any secret."""
    return shlex.join(["inspect", "eval", *_words(header)])


def task_name(spec: Mapping[str, Any]) -> str:
    """The task as `inspect eval` takes it."""
    file = spec.get("task_file")
    if file:
        return f"{file}@{spec.get('task')}"
    return str(spec.get("task_registry_name") or spec.get("task"))


def _words(header: Mapping[str, Any]) -> Iterator[str]:
    spec = _mapping(header, "eval")
    yield task_name(spec)
    passed = "task_args_passed" if "task_args_passed" in spec else "task_args"
    yield from _arguments("-T", _mapping(spec, passed))
    yield from ("--model", str(spec.get("model") or "none").replace("none/none", "none"))
    if address := spec.get("model_base_url"):
        yield from ("--model-base-url", public_text(str(address)))
    yield from _arguments("-M", _mapping(spec, "model_args"))
    for role, models in _mapping(spec, "model_roles").items():
        several = models if isinstance(models, list) else [models]
        values = [_role(model) for model in several if isinstance(model, Mapping)]
        yield "--model-role"
        if all(isinstance(value, str) for value in values):
            yield f"{role}={','.join(values)}"
        else:
            yield f"{role}={_yaml(values if isinstance(models, list) else values[0])}"
    if spec.get("solver"):
        yield from ("--solver", str(spec["solver"]))
        kept = "solver_args_passed" if spec.get("solver_args_passed") else "solver_args"
        yield from _arguments("-S", _mapping(spec, kept))
    yield from _which(_mapping(spec, "config"))
    config = _mapping(_mapping(header, "plan"), "config") | _mapping(spec, "model_generate_config")
    yield from _generate(config)


def _which(config: Mapping[str, Any]) -> Iterator[str]:
    """Which samples, how often, and where they end."""
    match config.get("limit"):
        case int(limit):
            yield from ("--limit", str(limit))
        case [int(start), int(end)]:
            yield from ("--limit", f"{start + 1}-{end}")
    if ids := config.get("sample_id"):
        yield from ("--sample-id", ",".join(map(str, ids if isinstance(ids, list) else [ids])))
    shuffle = config.get("sample_shuffle")
    if shuffle is not None and shuffle is not False:
        yield "--sample-shuffle" if shuffle is True else f"--sample-shuffle={shuffle}"
    if (config.get("epochs") or 1) != 1:
        yield from ("--epochs", str(config["epochs"]))
    for name in _LIMITS:
        if config.get(name) is not None:
            yield from (_option(name), str(config[name]))
    if (tokens := config.get("token_limit")) is not None:
        kind = config.get("token_limit_type") or "total"
        yield from ("--token-limit", str(tokens) if kind == "total" else f"{kind}:{tokens}")


def _generate(config: Mapping[str, Any]) -> Iterator[str]:
    for name, value in public(config).items():
        if value is None or name in _MACHINE:
            continue
        match value:
            case bool() if name in _FLAGS:
                if value or name != "logprobs":
                    yield _option(name) if value else _option(f"no_{name}")
            case bool():
                yield from (_option(name), str(value).lower())
            case {} if name == "logit_bias":
                yield from (_option(name), ",".join(f"{k}={v}" for k, v in value.items()))
            case {}:
                yield from (_option(name), json.dumps(value, ensure_ascii=False))
            case list():
                yield from (_option(name), ",".join(map(str, value)))
            case _:
                yield from (_option(name), str(value))


def _role(model: Mapping[str, Any]) -> Any:
    """A name, or a mapping in the form of `--model-role` where there is more to say."""
    args = public(_mapping(model, "args"))
    if address := model.get("base_url"):
        args = {"base_url": public_text(str(address)), **args}
    config = {k: v for k, v in public(_mapping(model, "config")).items() if v is not None}
    name = str(model.get("model"))
    if not args and not config:
        return name
    return {"model": name} | ({"model_args": args} if args else {}) | config


def _arguments(flag: str, args: Mapping[str, Any]) -> Iterator[str]:
    for name, value in public(args).items():
        yield from (flag, f"{name}={_value(value)}")


def _value(value: Any) -> str:
    """As `-T` and `-M` read it back: YAML, in which a plain text with a comma becomes a list."""
    if isinstance(value, str):
        try:
            if "," not in value and yaml.safe_load(value) == value:
                return value
        except yaml.YAMLError:
            pass
        return _yaml(value, default_style='"')
    return _yaml(value)


def _yaml(value: Any, **style: Any) -> str:
    line = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, width=_WIDE, sort_keys=False, **style
    )
    return str(line).strip().removesuffix("...").strip()


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _mapping(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    return dict(found) if isinstance(found, Mapping) else {}
