"""Norms as files: a TOML file beside this one, or one of the user's own, read into a frozen model."""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from geo.errors import StandardError

_HERE = Path(__file__).parent

Key = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
"""The name of a standard in files, commands and results."""

Text = Annotated[str, Field(min_length=1)]

Model = TypeVar("Model", bound=BaseModel)

_CALLED = {"facilities": "standard of facilities"}
"""What messages call a standard whose table is not named like it."""


def shipped(kind: str) -> list[Path]:
    """Return the files that come with shequ and hold a table `[kind]`, by name."""
    return [path for path in sorted(_HERE.glob("*.toml")) if kind in _toml(path)]


def read_standard(
    name_or_path: str | Path,
    kind: str,
    model: type[Model],
    *,
    rows: Mapping[str, str] | None = None,
    check: Callable[[Model], Iterable[str]] | None = None,
) -> Model:
    """Return the standard of that name, or the one in the TOML file at that path.

    Parameters
    ----------
    name_or_path
        A name among those shipped, or the path of a TOML file (it ends in `.toml`).
    kind
        The file's table, `[kind]`; also what messages call it.
    model
        What it is read into.
    rows
        Lists of tables beside it (`[[indicator]]`), with the field each becomes.
    check
        Yields a sentence with its remedy for everything that cannot hold together.

    Raises
    ------
    StandardError
        With file, field, value and remedy of everything that is wrong.
    """
    text = str(name_or_path)
    path = Path(text)
    if not text.endswith(".toml"):
        known = [each.stem for each in shipped(kind)]
        if text not in known:
            raise StandardError(
                f"there is no {_CALLED.get(kind, kind)} {text!r}\n"
                f"  remedy: use one of {', '.join(known)}, or the path of your own TOML file"
            )
        path = _HERE / f"{text}.toml"
    return _read(path, kind, model, rows or {}, check)


def _read(
    path: Path,
    kind: str,
    model: type[Model],
    rows: Mapping[str, str],
    check: Callable[[Model], Iterable[str]] | None,
) -> Model:
    data = _toml(path)
    table = data.get(kind)
    if not isinstance(table, dict):
        raise _wrong(path, f"the file has no table [{kind}]", f"put the standard under [{kind}]")
    if strangers := sorted(set(data) - {kind, *rows}):
        raise _wrong(path, f"unknown table or key {', '.join(strangers)}", f"put everything under [{kind}]")
    whole = {**table, **{field: data[name] for name, field in rows.items() if name in data}}
    try:
        read = model.model_validate(whole)
    except ValidationError as error:
        raise _wrong_fields(path, kind, model, error) from error
    problems = [f"{path}: {problem}" for problem in (check(read) if check else ())]
    if problems:
        raise StandardError("\n".join(problems))
    return read


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise _wrong(path, "there is no such file", "correct the path, or use the name of a standard") from error
    except OSError as error:
        raise _wrong(path, f"the file cannot be read ({error.strerror})", "check the path and its rights") from error
    except UnicodeDecodeError as error:
        raise _wrong(path, f"the file is not UTF-8 text (byte {error.start})", "save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise _wrong(path, f"the file is not TOML: {error}", "correct the line it names") from error


def _wrong(path: Path, what: str, remedy: str) -> StandardError:
    return StandardError(f"{path}: {what}\n  remedy: {remedy}")


def _wrong_fields(path: Path, kind: str, model: type[BaseModel], error: ValidationError) -> StandardError:
    lines = []
    for one in error.errors():
        name = ".".join(str(part) for part in one["loc"])
        if one["type"] == "missing":
            lines.append(f"{path}: field {name} is missing\n  remedy: add it under [{kind}]")
        elif one["type"] == "extra_forbidden":
            known = f"use one of {', '.join(model.model_fields)}" if len(one["loc"]) == 1 else "remove it"
            lines.append(f"{path}: unknown field {name} = {one['input']!r}\n  remedy: {known}")
        else:
            lines.append(f"{path}: field {name} = {one['input']!r}: {one['msg']}\n  remedy: correct the value")
    return StandardError("\n".join(lines))
