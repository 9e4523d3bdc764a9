"""Reading TOML files that people write: checked as a whole, each mistake with its file and line."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingest.errors import DomainCardError

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Text = Annotated[str, Field(min_length=1)]


# What is read from TOML has no unknown key and does not change afterwards.
STRICT = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
M = TypeVar("M", bound=BaseModel)


def read_text(path: Path) -> str:
    """Return the text of a file; raises FileNotFoundError, DomainCardError if it is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise DomainCardError([f"{path}:1: cannot be read: {error}"]) from None


def parse_toml(source: str, path: Path, model: type[M]) -> M:
    """Check a TOML text; `path` only serves to name it in mistakes.

    Raises DomainCardError with every mistake and its line, a misspelt key with the key that was
    probably meant.
    """
    try:
        data = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = found[1] if found else str(source.count("\n") + 1)
        raise DomainCardError([f"{path}:{line}: not valid TOML: {error}"]) from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        lines = dict(_key_lines(source))
        known = _keys_of(model)
        raise DomainCardError(
            [f"{path}:{_line_of(e['loc'], lines)}: {_explain(e, known)}" for e in error.errors()]
        ) from None


Location = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\-\s\"']+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*(\"[^\"]+\"|'[^']+'|[A-Za-z0-9_\-]+(?:\s*\.\s*[A-Za-z0-9_\-]+)*)\s*=(.*)$")


def _key_lines(source: str) -> Iterator[tuple[Location, int]]:
    """Yield where each table and key of a TOML text stands: (location, line from 1).

    tomllib keeps no positions. This reads the shapes that a card uses: headers, keys, and
    values that go on over several lines, whose inner lines are passed over.
    """
    table: Location = ()
    counts: dict[Location, int] = {}
    closing = ""
    depth = 0
    for number, line in enumerate(source.splitlines(), start=1):
        if closing:
            closing = "" if closing in line else closing
            continue
        if depth > 0:
            depth += _bracket_depth(line)
            continue
        if header := _HEADER.match(line):
            table = _table_location(header[2], header[1] == "[[", counts)
            yield table, number
        elif key := _KEY.match(line):
            parts = (part.strip().strip("\"'") for part in key[1].split("."))
            yield (*table, *parts), number
            value = key[2].strip()
            opener = value[:3] if value[:3] in ('"""', "'''") else ""
            closing = opener if opener and opener not in value[3:] else ""
            depth = 0 if opener else _bracket_depth(value)


def _table_location(name: str, is_array: bool, counts: dict[Location, int]) -> Location:
    """Turn a header's dotted name into a location, counting the elements of arrays of tables."""
    location: Location = ()
    parts = [part.strip().strip("\"'") for part in name.split(".")]
    for i, part in enumerate(parts):
        location = (*location, part)
        if i == len(parts) - 1 and is_array:
            counts[location] = counts.get(location, -1) + 1
        if location in counts:
            location = (*location, counts[location])
    return location


def _bracket_depth(text: str) -> int:
    """Count the brackets that a line leaves open, outside strings and comments."""
    bare = re.sub(r"\"(?:\\.|[^\"\\])*\"|'[^']*'|#.*$", "", text)
    return sum(bare.count(c) for c in "[{") - sum(bare.count(c) for c in "]}")


def line_in(source: str, location: Location) -> int:
    """Return the line, from 1, of a location ("rules", 2, "id") in a TOML text."""
    return _line_of(location, dict(_key_lines(source)))


def _line_of(location: Location, lines: dict[Location, int]) -> int:
    """Return the line of a location or of the nearest thing around it."""
    while location:
        if location in lines:
            return lines[location]
        location = location[:-1]
    return 1


def _explain(error: Any, known: set[str]) -> str:
    """Say in words what pydantic found."""
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"unknown key {where!r}{did_you_mean(str(error['loc'][-1]), known)}"
    if error["type"] == "missing":
        return f"{where!r} is missing"
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{where}: {message}" if where else message


def _keys_of(model: type[BaseModel]) -> set[str]:
    """Return the keys of a model and of all models inside it."""
    keys = set(model.model_fields)
    for field in model.model_fields.values():
        for inner in _models_in(field.annotation):
            keys |= _keys_of(inner)
    return keys


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean X?" for the nearest known word, or nothing."""
    near = difflib.get_close_matches(word, sorted(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
