"""True sentences with what they rest on: sentences of the documents, and cells of rows in words."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.answer import Evidence, Fact
from bot.facts import FactFinder
from bot.plan import Plan, PlannedEntity
from ingest import database as db
from ingest.documents import Chunk
from ingest.domain import DomainCard, FieldCard, TableCard
from ingest.errors import UsageError
from ingest.index import Snapshot
from ingest.records import record_table

OTHERS = 2  # pieces of evidence beside those that are cited
MIN_WORDS = 6
MAX_CHARS = 320
MAX_TRIES = 1_000
_END = re.compile(r"(?<!\bU\.S)(?<!\b[a-z]\.[a-z])[.!?](?=\s)|\n+")
_TABLE_ROW = re.compile(r"^[^.;]{1,60}: [^;]*; [^;:]{1,60}: ")
_REFERENCES = frozenset({"sources", "references"})


class HandWritten(BaseModel):
    """A sentence of a document, to the letter, and how a person would say it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    document: str
    quote: str
    said: str


@dataclass(frozen=True)
class Statement:
    """A true sentence with its `[n]` markers, and the evidence of its turn.

    `names` and `figures` are what it says of rows, in order; of a passage it has none.
    """

    text: str
    evidence: tuple[Evidence, ...]
    names: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()

    @property
    def cited(self) -> list[Evidence]:
        """The evidence that the sentence cites."""
        numbers = {int(n) for n in re.findall(r"\[(\d+)\]", self.text)}
        return [piece for piece in self.evidence if piece.n in numbers]

    @property
    def bare(self) -> str:
        """The sentence without its markers."""
        return re.sub(r"\s*\[\d+\]", "", self.text).strip()

    def saying(self, text: str) -> Statement:
        """Return the statement in other words, with the same citation behind them."""
        marks = "".join(f"[{piece.n}]" for piece in self.cited)
        return replace(self, text=f"{text.strip()} {marks}")


def read_hand_written(path: Path) -> list[HandWritten]:
    """Read JSON lines of sentences in people's words; raises UsageError with the line."""
    found = []
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(HandWritten.model_validate(json.loads(line)))
        except (ValueError, ValidationError) as error:
            raise UsageError(f"{path}:{number}: {error}") from None
    return found


class PassageStatements:
    """Draws sentences of the documents; the same seed draws the same ones."""

    def __init__(
        self, chunks: Sequence[Chunk], titles: Mapping[str, str], rng: random.Random
    ) -> None:
        self._chunks = [chunk for chunk in chunks if not _is_list_of_references(chunk)]
        self._sentences = [(c, said) for c in self._chunks for said in _sentences(c.text)]
        self._titles = titles
        self._rng = rng

    @classmethod
    def of_index(cls, snapshot: Snapshot, rng: random.Random) -> PassageStatements:
        """Draw from all passages of an index."""
        c = db.chunks.c
        rows = snapshot.connection.execute(
            sa.select(db.chunks).where(c.kind == "passage").order_by(c.document, c.ordinal)
        )
        chunks = [db.chunk_of(row) for row in rows]
        return cls(chunks, snapshot.titles({chunk.document for chunk in chunks}), rng)

    def draw(self) -> Statement:
        """Return a sentence of a passage; raises UsageError if the documents have too few."""
        if not self._sentences or len(self._chunks) <= OTHERS:
            raise UsageError("The documents have too few sentences to measure with.")
        return self._statement(*self._rng.choice(self._sentences))

    def of(self, written: HandWritten) -> Statement:
        """Return a hand-written sentence; raises UsageError where its document has moved on."""
        for chunk in self._chunks:
            if chunk.document == written.document and written.quote in chunk.text:
                return self._statement(chunk, written.said)
        raise UsageError(f"{written.document} no longer says what {written.id} quotes.")

    def _statement(self, chunk: Chunk, text: str) -> Statement:
        others = self._rng.sample([c for c in self._chunks if c is not chunk], OTHERS)
        shown = [chunk, *others]
        self._rng.shuffle(shown)
        evidence = tuple(self._evidence(n, c) for n, c in enumerate(shown, start=1))
        return Statement(f"{text} [{shown.index(chunk) + 1}]", evidence)

    def _evidence(self, n: int, chunk: Chunk) -> Evidence:
        return Evidence(
            n=n,
            kind="passage",
            document=chunk.document,
            title=self._titles[chunk.document],
            quote=chunk.text,
            key=chunk.chunk_id,
            heading_path=chunk.heading_path,
        )


def _is_list_of_references(chunk: Chunk) -> bool:
    return bool(chunk.heading_path) and chunk.heading_path[-1].lower() in _REFERENCES


def _sentences(text: str) -> list[str]:
    """Return whole sentences; no headings, no rows of tables."""
    ends = [0, *(match.end() for match in _END.finditer(text)), len(text)]
    pieces = [text[a:b].strip() for a, b in pairwise(ends)]
    return [
        piece
        for piece in pieces
        if len(piece.split()) >= MIN_WORDS
        and len(piece) <= MAX_CHARS
        and piece[0].isupper()
        and piece[-1] == "."
        and not _TABLE_ROW.match(piece)
    ]


class RecordStatements:
    """Draws statements about rows: one row or two, one cell of each or two, in several wordings."""

    def __init__(self, card: DomainCard, snapshot: Snapshot, rng: random.Random) -> None:
        self._finder = FactFinder(card)
        self._snapshot = snapshot
        self._rng = rng
        self._tables: list[tuple[TableCard, list[tuple[str, str]]]] = []
        for table_card in card.tables:
            table = record_table(table_card)
            rows = snapshot.connection.execute(
                sa.select(table.c.record_id, table.c.name).order_by(table.c.record_id)
            )
            named = [(row.record_id, row.name) for row in rows]
            if len(named) > 1 and any(field.numeric for field in table_card.fields):
                self._tables.append((table_card, named))

    def __bool__(self) -> bool:
        return bool(self._tables)

    def draw(self, wordings: Sequence[str]) -> Statement:
        """Return a statement about one row or two, in one of these wordings; two are at hand.

        A wording has `{a}`, `{b}` for names, `{x}`, `{y}` for labels, `{ax}` … for figures,
        `{1}`, `{2}` for citations, and `{more}` for how the first figure compares.
        """
        for _ in range(MAX_TRIES):
            card, known = self._rng.choice(self._tables)
            chosen = self._rng.sample(known, 2)
            numeric = [field for field in card.fields if field.numeric and field.type != "year"]
            fields = self._rng.sample(numeric, min(2, len(numeric)))
            evidence = self._read(card, chosen, fields)
            if len({name for _, name in chosen}) == 2 and _told_apart(evidence):
                return _worded(self._rng.choice(wordings), evidence, fields)
        raise UsageError("The rows have too few figures to measure with.")

    def _read(
        self, card: TableCard, chosen: Sequence[tuple[str, str]], fields: Sequence[FieldCard]
    ) -> tuple[Evidence, ...]:
        entities = [
            PlannedEntity(record_id=record_id, name=name, words=name, tier="exact")
            for record_id, name in chosen
        ]
        plan = Plan(
            operation="lookup",
            table=card.name,
            entities=tuple(entities),
            fields=tuple(field.key for field in fields),
        )
        return self._finder.run(plan, self._snapshot.connection).evidence


def _told_apart(evidence: Sequence[Evidence]) -> bool:
    """Whether every figure is there and no two of a field are the same."""
    shown = [[fact.display for fact in piece.facts] for piece in evidence]
    values = [[fact.value for fact in piece.facts] for piece in evidence]
    known = all(value is not None for row in values for value in row)
    columns = [list(column) for column in zip(*shown, strict=True)]
    return known and all(len(set(told)) == len(told) for told in [*shown, *columns])


def _worded(wording: str, evidence: Sequence[Evidence], fields: Sequence[FieldCard]) -> Statement:
    first, second = evidence[0], evidence[-1]
    x, y = fields[0], fields[-1]
    higher = _value(first.facts[0]) > _value(second.facts[0])
    said = {
        "a": first.facts[0].entity,
        "b": second.facts[0].entity,
        "x": _inside(x.label),
        "X": x.label,
        "y": _inside(y.label),
        "ax": _shown(first.facts[0]),
        "ay": _shown(first.facts[-1]),
        "bx": _shown(second.facts[0]),
        "by": _shown(second.facts[-1]),
        "vintage": x.vintage,
        "more": "higher" if higher else "lower",
        "1": f"[{first.n}]",
        "2": f"[{second.n}]",
    }
    text = re.sub(r"\{(\w+)\}", lambda match: said[match[1]], wording)
    figures = [said[key] for key in re.findall(r"\{([ab][xy])\}", wording)]
    names = [said[key] for key in dict.fromkeys(re.findall(r"\{([ab])\}", wording))]
    return Statement(text, tuple(evidence), tuple(names), tuple(figures))


def _shown(fact: Fact) -> str:
    """Return a figure with its unit, where neither it nor the label shows one."""
    shown = not fact.display[:1].isdigit() or not fact.display[-1:].isdigit()
    named = fact.unit.lower() in fact.label.lower()
    return fact.display if shown or named else f"{fact.display} {fact.unit}"


def _value(fact: Fact) -> float:
    return float(fact.value) if isinstance(fact.value, int | float) else 0.0


def _inside(label: str) -> str:
    return label if label[:2].isupper() else label[:1].lower() + label[1:]
