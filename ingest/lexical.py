"""The full-text index beside the chunks: BM25 over SQLite's FTS5.

It lives in the same database file and changes in the same transaction as the chunks, so what
it finds is always what SQL shows. Words are stemmed (Porter) and matched without diacritics.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

import sqlalchemy as sa

from ingest import database as db
from ingest.filters import EVERYTHING, Filter

HEADER_WEIGHT = 2.0
TEXT_WEIGHT = 1.0
MAX_TERMS = 32

# Function words of English; content words of a domain never belong here.
STOP_WORDS = frozenset(
    """a about after all also am an and any are as at be because been before being between both
    but by can could did do does doing for from get give had has have having he her here him his
    how i if in into is it its just let me more most my no nor not of on one or our out please
    she should show so some such tell than that the their them then there these they this those
    to too up us was we were what when where which while who whom why will with would you your
    """.split()  # noqa: SIM905  a list of strings would take a hundred lines
)
_WORD = re.compile(r"[^\W_]+(?:[-'’.&][^\W_]+)*")


class LexicalIndex(Protocol):
    """What a full-text index can do; rows are known by the number of their chunk."""

    def add(self, connection: sa.Connection, rows: Sequence[tuple[int, str, str]]) -> None:
        """Index (chunk number, header, text) rows."""
        ...

    def remove(self, connection: sa.Connection, numbers: Iterable[int]) -> None:
        """Forget chunks."""
        ...

    def search(
        self, connection: sa.Connection, query: str, k: int, within: Filter = EVERYTHING
    ) -> list[tuple[int, float]]:
        """Return up to k (chunk number, BM25 score), best first."""
        ...


class Fts5Index:
    """BM25 by SQLite FTS5, the header weighted above the text.

    Scores are FTS5's bm25() with its sign turned, so that higher is better
    (https://www.sqlite.org/fts5.html, "The bm25() function").
    """

    def create(self, connection: sa.Connection) -> None:
        """Create the virtual table if it is not there."""
        connection.exec_driver_sql(
            "CREATE VIRTUAL TABLE IF NOT EXISTS chunks_fts USING "
            "fts5(header, text, tokenize='porter unicode61 remove_diacritics 2')"
        )

    def add(self, connection: sa.Connection, rows: Sequence[tuple[int, str, str]]) -> None:
        """Index (chunk number, header, text) rows."""
        if rows:
            connection.execute(
                sa.text("INSERT INTO chunks_fts (rowid, header, text) VALUES (:n, :header, :text)"),
                [{"n": n, "header": header, "text": text} for n, header, text in rows],
            )

    def remove(self, connection: sa.Connection, numbers: Iterable[int]) -> None:
        """Forget chunks."""
        rows = [{"n": number} for number in numbers]
        if rows:
            connection.execute(sa.text("DELETE FROM chunks_fts WHERE rowid = :n"), rows)

    def search(
        self, connection: sa.Connection, query: str, k: int, within: Filter = EVERYTHING
    ) -> list[tuple[int, float]]:
        """Return up to k (chunk number, BM25 score), best first."""
        expression = match_expression(query)
        if not expression or k <= 0:
            return []
        score = sa.literal_column(f"-bm25(chunks_fts, {HEADER_WEIGHT}, {TEXT_WEIGHT})")
        number = sa.literal_column("rowid")
        statement = (
            sa.select(number, score.label("score"))
            .select_from(sa.text("chunks_fts"))
            .where(sa.text("chunks_fts MATCH :expression").bindparams(expression=expression))
            .order_by(sa.desc("score"))
            .limit(k)
        )
        if within != EVERYTHING:
            chosen = sa.select(db.chunks.c.number).where(within.chunk_condition())
            statement = statement.where(number.in_(chosen))
        found = connection.execute(statement)
        return [(int(number), float(score)) for number, score in found]


def match_expression(query: str) -> str:
    """Build the FTS5 expression: the query's content words, each quoted, joined by OR.

    Quoting makes every word a literal, so that no operator or syntax of a question reaches
    FTS5; a word with inner punctuation ("F-1") becomes a phrase. A query of stop words only
    keeps them all.
    """
    words = [word.lower() for word in _WORD.findall(query)]
    terms = [word for word in words if word not in STOP_WORDS] or words
    unique = list(dict.fromkeys(terms))[:MAX_TERMS]
    return " OR ".join('"{}"'.format(term.replace('"', '""')) for term in unique)
