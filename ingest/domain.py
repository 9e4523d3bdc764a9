"""The domain card: everything the code knows about one domain, read from `domain.toml`.

No word of any domain stands in the code; what a college or a brake pad is, which fields it has
and what must not be asked about it comes from here. A card is checked as a whole and every
mistake is reported with its file and line, a misspelt key with the key that was probably meant.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ingest.errors import CorpusError, DomainCardError

CARD_NAME = "domain.toml"

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Text = Annotated[str, Field(min_length=1)]
FieldType = Literal["money", "count", "number", "year", "percent", "text", "category", "url"]

NUMERIC_TYPES: frozenset[str] = frozenset({"money", "count", "number", "year", "percent"})


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class BandCard(_Strict):
    """A range of numbers that has a name: from `at_least` (included) to `below` (excluded)."""

    at_least: float | None = None
    below: float | None = None


class FieldCard(_Strict):
    """One column of a table, as people speak of it.

    `percent` values are stored as people read them (86 means 86%); `money` in the unit's
    currency. `better` is the direction that people call better, where there is one. `values`
    maps a stored value of a `category` to the other words for it ("TX": ["Texas"]), `groups` a
    word for several of them to the values ("New England"), `bands` a word for a range of numbers
    to its ends ("small"). `verbs` mean the field only beside a number ("graduate 90% or more").
    `highest` and `lowest` are words for one end of the field's order
    ("priciest", "cheapest").
    """

    key: Identifier
    column: Text = ""
    label: Text
    type: FieldType
    unit: str = ""
    synonyms: list[Text] = []
    better: Literal["higher", "lower"] | None = None
    source: str = ""
    vintage: str = ""
    note: str = ""
    values: dict[str, list[str]] = {}
    groups: dict[str, list[Text]] = {}
    bands: dict[str, BandCard] = {}
    verbs: list[Text] = []
    highest: list[Text] = []
    lowest: list[Text] = []

    @model_validator(mode="after")
    def _suits_its_type(self) -> FieldCard:
        unknown = sorted({v for vs in self.groups.values() for v in vs} - self.values.keys())
        if unknown:
            near = _did_you_mean(unknown[0], list(self.values))
            raise ValueError(f"groups name {unknown[0]!r}, which is not among the values{near}")
        if not self.numeric and (self.bands or self.highest or self.lowest):
            raise ValueError(f"bands, highest and lowest need a number, not {self.type!r}")
        return self

    @property
    def csv_column(self) -> str:
        """The column's name in the file: `column`, or the key where none is given."""
        return self.column or self.key

    @property
    def numeric(self) -> bool:
        """Whether its values can be ordered and calculated with."""
        return self.type in NUMERIC_TYPES


class SpanCard(_Strict):
    """Two number fields that are the ends of a range, both included: "fits 2012 to 2017".

    A number from `at_least` to `at_most` that stands alone in a question ("a 2015 Lark") asks for
    the rows whose range holds it. An end that is not reported is open.
    """

    label: Text
    from_field: Identifier
    to_field: Identifier
    at_least: float
    at_most: float


class TableCard(_Strict):
    """A CSV file whose rows are the entities that people ask about.

    `label_fields` tell apart two entities of one name (city, state). `popularity_field` ranks
    the candidates for an ambiguous name. `overview_fields` answer "tell me about X".
    `alias_column` holds the other names, separated by `alias_separator`. `entity_words` are
    other words for an entity, in the singular ("school"); `plain_words` may stand beside a field
    and add nothing to it ("graduates"). Entities are alike that agree in the categories and are
    near in the numbers among `similar_fields`. `spans` are pairs of fields that bound a range.
    """

    name: Identifier
    file: Text
    entity: Text
    entity_plural: Text
    entity_words: list[Text] = []
    name_column: Text
    key_column: str = ""
    alias_column: str = ""
    alias_separator: Text = ";"
    plain_words: list[Text] = []
    similar_fields: list[Identifier] = []
    spans: list[SpanCard] = []
    label_fields: list[Identifier] = []
    popularity_field: str = ""
    overview_fields: list[Identifier] = []
    fields: list[FieldCard] = Field(min_length=1)

    def field(self, key: str) -> FieldCard:
        """Return the field of that key; raises KeyError."""
        for field in self.fields:
            if field.key == key:
                return field
        raise KeyError(key)

    @model_validator(mode="after")
    def _names_exist(self) -> TableCard:
        keys = [field.key for field in self.fields]
        repeated = sorted({key for key in keys if keys.count(key) > 1})
        if repeated:
            raise ValueError(f"field key {repeated[0]!r} is used more than once")
        named = [*self.label_fields, *self.overview_fields, *self.similar_fields]
        named += [key for span in self.spans for key in (span.from_field, span.to_field)]
        if self.popularity_field:
            named.append(self.popularity_field)
        for key in named:
            if key not in keys:
                raise ValueError(f"{key!r} is not the key of a field{_did_you_mean(key, keys)}")
        for span in self.spans:
            for key in (span.from_field, span.to_field):
                if not self.field(key).numeric:
                    raise ValueError(f"a span needs numbers, and {key!r} is none")
        return self


class RuleCard(_Strict):
    """What a question or an answer of this domain must not touch.

    Exactly one of `words`, `pattern` and `examples` says when it applies: any of the words
    (whole words, any case), a regular expression (any case), or nearness in meaning to one of
    the example sentences. `refuse` ends in `message`; `redirect` shows `message` as the answer,
    for what deserves help and not a refusal; `flag` lets it pass and marks it for moderators.
    """

    id: Slug
    applies_to: list[Literal["question", "answer"]] = Field(min_length=1)
    action: Literal["refuse", "redirect", "flag"]
    words: list[Text] = []
    pattern: str = ""
    examples: list[Text] = []
    message: str = ""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return pattern

    @model_validator(mode="after")
    def _one_condition(self) -> RuleCard:
        given = [bool(self.words), bool(self.pattern), bool(self.examples)]
        if sum(given) != 1:
            raise ValueError("give exactly one of words, pattern and examples")
        if self.action != "flag" and not self.message:
            raise ValueError(f"action {self.action!r} needs a message")
        return self


class DomainInfo(_Strict):
    """What the domain is and how the bot speaks of it."""

    id: Slug
    name: Text
    description: Text
    refusal: Text
    greeting: Text
    capabilities: list[Text] = Field(min_length=1)
    suggestions: list[Text] = Field(min_length=2)
    vintage: str = ""


class ScopeCard(_Strict):
    """Example questions that belong to the domain, and that do not."""

    in_scope: list[Text] = Field(min_length=10)
    out_of_scope: list[Text] = Field(min_length=10)


class ThemeCard(_Strict):
    """How the app looks for this domain."""

    color: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = "#1f6f5c"
    icon: str = "🌱"


class DomainCard(_Strict):
    """A whole domain card."""

    domain: DomainInfo
    scope: ScopeCard
    tables: list[TableCard] = []
    rules: list[RuleCard] = []
    theme: ThemeCard = ThemeCard()

    def table(self, name: str) -> TableCard:
        """Return the table of that name; raises KeyError."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)

    def example_texts(self) -> list[str]:
        """Return every example sentence of the card: what gates and rules compare with."""
        rules = [example for rule in self.rules for example in rule.examples]
        return [*self.scope.in_scope, *self.scope.out_of_scope, *rules]

    @model_validator(mode="after")
    def _unique(self) -> DomainCard:
        for what, names in (
            ("table name", [table.name for table in self.tables]),
            ("table file", [table.file for table in self.tables]),
            ("rule id", [rule.id for rule in self.rules]),
        ):
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"{what} {name!r} is used more than once")
        return self


def load_card(folder: Path) -> DomainCard:
    """Read and check `domain.toml` of a pack.

    Raises CorpusError if there is no such folder or card, DomainCardError with every mistake
    and its line if the card is not well-formed.
    """
    path = folder / CARD_NAME
    if not folder.is_dir():
        raise CorpusError(
            f"There is no corpus folder {folder}.",
            hint="Name one with --domain DIR or the setting GROUNDSKEEPER_DOMAIN.",
        )
    try:
        source = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CorpusError(
            f"{folder} holds no {CARD_NAME}, so it is not a domain pack.",
            hint="Copy one from corpus/colleges and change it.",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DomainCardError([f"{path}:1: cannot be read: {error}"]) from None
    return parse_card(source, path)


def parse_card(source: str, path: Path) -> DomainCard:
    """Check the text of a card; `path` only serves to name it in mistakes."""
    try:
        data = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = found[1] if found else str(source.count("\n") + 1)
        raise DomainCardError([f"{path}:{line}: not valid TOML: {error}"]) from None
    try:
        return DomainCard.model_validate(data)
    except ValidationError as error:
        lines = dict(_key_lines(source))
        raise DomainCardError(
            [f"{path}:{_line_of(e['loc'], lines)}: {_explain(e)}" for e in error.errors()]
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


def _line_of(location: Location, lines: dict[Location, int]) -> int:
    """Return the line of a location or of the nearest thing around it."""
    while location:
        if location in lines:
            return lines[location]
        location = location[:-1]
    return 1


def _explain(error: Any) -> str:
    """Say in words what pydantic found."""
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"unknown key {where!r}{_did_you_mean(str(error['loc'][-1]), _known_keys())}"
    if error["type"] == "missing":
        return f"{where!r} is missing"
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{where}: {message}" if where else message


def _known_keys() -> set[str]:
    models: list[type[BaseModel]] = [
        DomainCard,
        DomainInfo,
        ScopeCard,
        TableCard,
        FieldCard,
        BandCard,
        SpanCard,
        RuleCard,
        ThemeCard,
    ]
    return {key for model in models for key in model.model_fields}


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, sorted(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
