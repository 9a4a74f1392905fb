"""The plain data in a Python file, read from its syntax tree.

Nothing is imported, compiled to code or executed. What is read: constants, lists, tuples and
dicts of them, `+` between two of a kind, names and items of what was read before, calls of `dict`
or of a class of the same file with plain arguments (read as a dict of its fields), and f-strings
without values. An f-string inside a function whose values are bare parameters of that function is
read as a template with `{parameter}` in their place.

A name that other code may have changed (a second assignment, `+=`, a method call, a loop at module
level) is not read, since its value cannot be known without executing; `Unread` says why.
"""

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from gemma_distress.errors import UsageError

MAX_BYTES = 1_000_000


class Found(NamedTuple):
    """A value with the line it was assigned on."""

    value: Any
    line: int


class Unread(NamedTuple):
    """Why a name was not read."""

    line: int
    reason: str


@dataclass
class Literals:
    """What one file holds: plain values, templates by function name, and what was not read."""

    file: Path
    values: dict[str, Found] = field(default_factory=dict)
    templates: dict[str, list[Found]] = field(default_factory=dict)
    unread: dict[str, Unread] = field(default_factory=dict)


class _NotPlainError(Exception):
    def __init__(self, node: ast.AST, reason: str) -> None:
        super().__init__(reason)
        self.line = getattr(node, "lineno", 1)


def read_literals(path: Path, root: Path) -> Literals:
    """The literals of a file that must lie under `root`, links resolved.

    Raises `UsageError` for a file that is absent, not a plain file, outside of `root`, larger than
    a file of sentences can be, not UTF-8 or not Python.
    """
    text = read_text(path, root)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        return _collect(tree, path)
    except SyntaxError as error:
        raise UsageError(
            f"{path}, line {error.lineno or 1}: This is not readable Python ({error.msg}). "
            "Check that the clone is complete and unchanged."
        ) from None
    except (RecursionError, MemoryError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(
            f"{path}: This file cannot be read as Python data ({type(error).__name__}). "
            "Check that the clone is complete and unchanged."
        ) from None


def read_text(path: Path, root: Path) -> str:
    """The text of a plain UTF-8 file under `root`; refused as `read_literals` says."""
    try:
        resolved = path.resolve(strict=True)
        if not resolved.is_relative_to(root.resolve(strict=True)):
            raise UsageError(f"{path} is a link that leads out of {root}. Use a plain clone.")
        if not resolved.is_file():
            raise UsageError(f"{path} is not a plain file. Use a plain clone.")
        if resolved.stat().st_size > MAX_BYTES:
            raise UsageError(
                f"{path} is larger than {MAX_BYTES:,} bytes, which no file of prompts needs. "
                "Check that this is a clone of the authors' release."
            )
        raw = resolved.read_bytes()
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(
            f"{path} cannot be read ({reason}). Check that {root} is a complete clone."
        ) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UsageError(
            f"{path}, line {line}: The text is not UTF-8. Check that the clone is unchanged."
        ) from None


def _collect(tree: ast.Module, path: Path) -> Literals:
    found = Literals(path)
    classes: dict[str, tuple[str, ...]] = {}
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef):
            classes[statement.name] = _fields(statement)
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            found.templates[statement.name] = list(_templates(statement))
        elif isinstance(statement, ast.Import | ast.ImportFrom) or _is_main_guard(statement):
            continue
        else:
            target = _plain_target(statement)
            if target is None:
                _distrust(statement, found)
            else:
                _assign(target, statement, found, classes)
    return found


def _assign(
    target: ast.Name, statement: ast.stmt, found: Literals, classes: dict[str, tuple[str, ...]]
) -> None:
    name, line = target.id, statement.lineno
    assert isinstance(statement, ast.Assign | ast.AnnAssign)
    if statement.value is None:
        return
    if name in found.values or name in found.unread:
        found.values.pop(name, None)
        found.unread[name] = Unread(line, f"it is assigned again on line {line}")
        return
    try:
        found.values[name] = Found(_value(statement.value, found.values, classes), line)
    except _NotPlainError as error:
        found.unread[name] = Unread(error.line, str(error))


def _distrust(statement: ast.stmt, found: Literals) -> None:
    """Give up every name that a statement of other code mentions."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and (
            node.id in found.values or isinstance(node.ctx, ast.Store)
        ):
            found.values.pop(node.id, None)
            reason = f"code on line {statement.lineno} may change it"
            found.unread[node.id] = Unread(statement.lineno, reason)


def _plain_target(statement: ast.stmt) -> ast.Name | None:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        return target if isinstance(target, ast.Name) else None
    return None


def _is_main_guard(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.If)
        and isinstance(statement.test, ast.Compare)
        and isinstance(statement.test.left, ast.Name)
        and statement.test.left.id == "__name__"
    )


def _fields(statement: ast.ClassDef) -> tuple[str, ...]:
    return tuple(
        inner.target.id
        for inner in statement.body
        if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name)
    )


def _value(node: ast.expr, known: dict[str, Found], classes: dict[str, tuple[str, ...]]) -> Any:
    def inner(child: ast.expr) -> Any:
        return _value(child, known, classes)

    match node:
        case ast.Constant(value=str() | int() | float() | bool() | None):
            return node.value
        case ast.List() | ast.Tuple():
            items = [inner(item) for item in node.elts]
            return items if isinstance(node, ast.List) else tuple(items)
        case ast.Dict():
            if any(key is None for key in node.keys):
                raise _NotPlainError(node, "it unpacks another mapping")
            return {
                _key(inner(key), key): inner(value)
                for key, value in zip(node.keys, node.values, strict=True)
                if key is not None
            }
        case ast.Name() if node.id in known:
            return known[node.id].value
        case ast.Name():
            raise _NotPlainError(node, f"it uses {node.id}, which is not plain data of this file")
        case ast.BinOp(op=ast.Add()):
            left, right = inner(node.left), inner(node.right)
            if type(left) is type(right) and isinstance(left, str | list | tuple):
                if len(left) + len(right) > MAX_BYTES:
                    raise _NotPlainError(node, "it grows beyond what a file of prompts needs")
                return left + right
            raise _NotPlainError(node, "it adds values of different kinds")
        case ast.Subscript():
            try:
                return inner(node.value)[inner(node.slice)]
            except (KeyError, IndexError, TypeError):
                raise _NotPlainError(node, "it takes an item that is not there") from None
        case ast.JoinedStr():
            return _joined(node, frozenset())
        case ast.Call(func=ast.Name()):
            return _record(node, inner, classes)
    raise _NotPlainError(node, f"it holds code ({type(node).__name__}) instead of plain data")


def _key(key: Any, node: ast.expr) -> Any:
    if isinstance(key, str | int):
        return key
    raise _NotPlainError(node, "a key of it is neither a text nor a number")


def _record(node: ast.Call, inner: Any, classes: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    assert isinstance(node.func, ast.Name)
    name = node.func.id
    if name != "dict" and name not in classes:
        raise _NotPlainError(node, f"it calls {name}(), which is not plain data")
    names = classes.get(name, ())
    if len(node.args) > len(names) or any(word.arg is None for word in node.keywords):
        raise _NotPlainError(node, f"it calls {name}() with arguments that have no name")
    made = {field: inner(value) for field, value in zip(names, node.args, strict=False)}
    return made | {word.arg: inner(word.value) for word in node.keywords if word.arg}


def _joined(node: ast.JoinedStr, parameters: frozenset[str]) -> str:
    parts: list[str] = []
    for part in node.values:
        match part:
            case ast.Constant(value=str() as text):
                parts.append(text)
            case ast.FormattedValue(value=ast.Name(id=name), conversion=-1, format_spec=None) if (
                name in parameters
            ):
                parts.append(f"{{{name}}}")
            case _:
                raise _NotPlainError(node, "it is an f-string whose values only code can know")
    return "".join(parts)


def _templates(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Found]:
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    parameters = frozenset(argument.arg for argument in every)
    for node in ast.walk(function):
        if isinstance(node, ast.JoinedStr) and len(node.values) > 1:
            try:
                yield Found(_joined(node, parameters), node.lineno)
            except _NotPlainError:
                continue
