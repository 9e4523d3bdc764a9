"""What goes into and comes out of the pipeline: Turn, Evidence, Citation, Answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from ingest.filters import EVERYTHING, Filter

Status = Literal["answered", "abstained", "refused", "blocked", "failed"]
Cell = float | int | str | None
LEFT_OUT = "[orders to a language model, left out]"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Turn(_Value):
    """One earlier exchange of a conversation, as far as a follow-up needs it."""

    question: str
    answer: str = ""
    plan: dict[str, Any] | None = None


class Question(_Value):
    """A question with the conversation that it belongs to (oldest turn first)."""

    text: str
    history: tuple[Turn, ...] = ()
    id: str = ""
    within: Filter = Field(default=EVERYTHING, description="which part of the corpus is searched")
    session: str = Field(default="", description="who asks, for the rate limit; empty: no limit")
    address: str = Field(default="", description="from where, likewise; an IP address")


class Fact(_Value):
    """One cell: what field of what entity it is, its value, and how it reads ("$13,747")."""

    entity: str
    field: str
    label: str
    value: Cell
    display: str
    unit: str = ""
    vintage: str = ""
    source: str = ""
    column: str = ""


class Evidence(_Value):
    """One numbered piece that an answer may rest on: a passage or a table row.

    `quote` is the passage, or the row as text. For a row, `facts` holds the cells in hand.
    `start` and `end` are character offsets into the document's text (0 for a row). `orders` is
    where the quote gives orders to a model: (start, end) in characters of the quote.
    """

    n: int
    kind: Literal["passage", "record"]
    document: str
    title: str
    quote: str
    key: str = Field(description="chunk id or record id")
    page: int | None = None
    row: int | None = None
    heading_path: tuple[str, ...] = ()
    start: int = 0
    end: int = 0
    score: float = 0.0
    facts: tuple[Fact, ...] = ()
    orders: tuple[tuple[int, int], ...] = ()

    def without_orders(self) -> Evidence:
        """Return the evidence as it may be shown: what orders a model about is left out of it."""
        quote = self.quote
        for start, end in reversed(self.orders):
            quote = f"{quote[:start]}{LEFT_OUT}{quote[end:]}"
        return self.model_copy(update={"quote": quote, "orders": ()}) if self.orders else self


class Citation(_Value):
    """Evidence that the shown text cites, as `[n]`."""

    n: int
    document: str
    page: int | None = None
    row: int | None = None
    quote: str
    title: str = ""
    heading_path: tuple[str, ...] = ()
    key: str = ""
    start: int = 0
    end: int = 0


class Column(_Value):
    """A table column's label and what is known of its figures."""

    label: str
    unit: str = ""
    type: str = "text"
    better: Literal["higher", "lower"] | None = None
    source: str = ""
    vintage: str = ""


class AnswerTable(_Value):
    """A comparison or list. The first column names the entity; None is "not reported".

    `citations` gives for each row the number of the evidence it comes from. `display` are the
    same cells as a person reads them.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    display: tuple[tuple[str, ...], ...] = ()
    citations: tuple[int, ...] = ()


class Answer(_Value):
    """The one result of the pipeline; the command line prints it as JSON (`to_json`).

    `reason` names what stopped the answer, from one vocabulary (`bot.reasons`): scope, rule:<id>,
    injection, no_evidence, unsupported, integrity, limit, unavailable, error; empty when
    answered. `text` carries `[n]` markers, and a table's rows numbers, that resolve only to
    `citations`. `evidence` is what was found, less what orders a model about; a model is shown of
    it what holds no such orders. `scores` are what the gates measured, each with its threshold
    beside it ("scope" and "scope_threshold"), as far as the question came. `rules_version` tells
    by which of the pack's rules it was judged.
    """

    id: str = ""
    question: str
    status: Status
    reason: str = ""
    text: str
    citations: tuple[Citation, ...] = ()
    table: AnswerTable | None = None
    plan: dict[str, Any] | None = None
    model: str = ""
    digest: str = ""
    rules_version: str = ""
    index_generation: int = 0
    timings_ms: dict[str, float] = {}
    dropped_sentences: int = 0
    evidence: tuple[Evidence, ...] = ()
    flags: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    scores: dict[str, float] = {}

    def to_json(self) -> dict[str, Any]:
        """The JSON object that `groundskeeper ask --json` prints (the contract in design.md)."""
        table = None
        if self.table is not None:
            table = {
                "columns": [column.label for column in self.table.columns],
                "rows": [list(row) for row in self.table.rows],
            }
        return {
            "id": self.id,
            "question": self.question,
            "status": self.status,
            "reason": self.reason,
            "text": self.text,
            "citations": [
                {"n": c.n, "document": c.document, "page": c.page, "row": c.row, "quote": c.quote}
                for c in self.citations
            ],
            "table": table,
            "plan": self.plan,
            "model": self.model,
            "digest": self.digest,
            "index_generation": self.index_generation,
            "timings_ms": self.timings_ms,
            "dropped_sentences": self.dropped_sentences,
            "scores": self.scores,
        }


class Waiting(_Value):
    """Others are before this question: `place` is 1 for the next, 0 when its turn has come."""

    place: int


class EvidenceFound(_Value):
    """The evidence is in hand; shown before the first sentence is written."""

    evidence: tuple[Evidence, ...]


class Sentence(_Value):
    """One verified sentence with its `[n]` markers, ready to be shown."""

    text: str


class Finished(_Value):
    """The whole answer; always the last event, and what counts where events differ from it."""

    answer: Answer


Event = Waiting | EvidenceFound | Sentence | Finished


class Answerer(Protocol):
    """What the app and the command line need of the pipeline."""

    def stream(self, question: Question) -> Iterator[Event]:
        """Yield what can be shown as soon as it may be; the last event is Finished."""
        ...

    def answer(self, question: Question) -> Answer:
        """Return the whole answer."""
        ...
