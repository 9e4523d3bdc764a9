"""The domain card: everything the code knows about one domain, read from `domain.toml`.

No word of any domain stands in the code; what a college or a brake pad is, which fields it has
and what must not be asked about it comes from here. A card is checked as a whole and every
mistake is reported with its file and line, a misspelt key with the key that was probably meant.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from ingest.errors import CorpusError
from ingest.rules import RuleCard
from ingest.toml_cards import STRICT, Slug, Text, did_you_mean, parse_toml, read_text

CARD_NAME = "domain.toml"

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
FieldType = Literal["money", "count", "number", "year", "percent", "text", "category", "url"]

NUMERIC_TYPES: frozenset[str] = frozenset({"money", "count", "number", "year", "percent"})


class _Strict(BaseModel):
    model_config = STRICT


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
            near = did_you_mean(unknown[0], list(self.values))
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
                raise ValueError(f"{key!r} is not the key of a field{did_you_mean(key, keys)}")
        for span in self.spans:
            for key in (span.from_field, span.to_field):
                if not self.field(key).numeric:
                    raise ValueError(f"a span needs numbers, and {key!r} is none")
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
        source = read_text(path)
    except FileNotFoundError:
        raise CorpusError(
            f"{folder} holds no {CARD_NAME}, so it is not a domain pack.",
            hint="Copy one from corpus/colleges and change it.",
        ) from None
    return parse_card(source, path)


def parse_card(source: str, path: Path) -> DomainCard:
    """Check the text of a card; `path` only serves to name it. Raises DomainCardError."""
    return parse_toml(source, path, DomainCard)
