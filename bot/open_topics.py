"""What people asked about and did not get: words of the pack, never of those who asked.

Of a question that was left open only that is counted which the pack has words for: the figures
that it named, or else the section of the documents that came nearest. No name from the records is
kept, because it may be somebody's surname as well. What was refused is counted by its reason
(bot/reason_counts.py): the pack has no words for what does not belong to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bot.answer import Answer
from bot.counts_file import CountsFile, today_utc
from ingest.domain import DomainCard, TableCard

OTHER = "something that the data does not have"
MOST_CHARS = 200
MOST_TOPICS = 100

_TABLE = """
    CREATE TABLE IF NOT EXISTS open_topics (
        day TEXT NOT NULL, topic TEXT NOT NULL, questions INTEGER NOT NULL,
        PRIMARY KEY (day, topic)
    ) WITHOUT ROWID
"""
_ADD = """
    INSERT INTO open_topics (day, topic, questions) VALUES (?, ?, 1)
    ON CONFLICT DO UPDATE SET questions = questions + 1
"""
_FORGET = "DELETE FROM open_topics WHERE day <= ?"
_READ = """
    SELECT topic, sum(questions) AS asked FROM open_topics WHERE day > ?
    GROUP BY topic ORDER BY asked DESC, topic LIMIT ?
"""


@dataclass(frozen=True)
class OpenTopic:
    """So many questions on a topic were left open."""

    topic: str
    questions: int


def topics_of(answer: Answer, card: DomainCard) -> list[str]:
    """Return what an open question was about in the pack's own words; [] if it was not left open.

    A figure is told with the kind of thing it is of, a section with its document's title.
    """
    if answer.status != "abstained":
        return []
    plan = answer.plan or {}
    table = next((each for each in card.tables if each.name == plan.get("table")), None)
    if table is not None:
        return _figures(table, plan.get("fields", ()))
    nearest = next((e for e in answer.evidence if e.kind == "passage" and not e.orders), None)
    if nearest is None:
        return []
    place = dict.fromkeys((nearest.title, *nearest.heading_path[-1:]))
    return [" › ".join(filter(None, place))[:MOST_CHARS]]


def _figures(table: TableCard, keys: object) -> list[str]:
    """Return the figures that were named; where there is none, that another one was asked for."""
    named = [field.label for field in table.fields if isinstance(keys, list) and field.key in keys]
    return [f"{table.entity_plural}: {label}" for label in named or [OTHER]]


class OpenTopics:
    """The topics in the SQLite database at `path`, each kept for `keep_days`; 0 keeps none."""

    def __init__(
        self,
        path: Path,
        card: DomainCard,
        keep_days: int,
        *,
        today: Callable[[], date] = today_utc,
    ) -> None:
        self._file = CountsFile(path, _TABLE)
        self._card = card
        self._keep_days = keep_days
        self._today = today

    def add(self, answer: Answer) -> None:
        """Count what an answer left open, and forget what is too old. A failure is logged."""
        topics = topics_of(answer, self._card) if self._keep_days else []
        if topics:
            day = self._today().isoformat()
            forget = (_FORGET, (self._days_ago(self._keep_days),))
            self._file.change(forget, *((_ADD, (day, topic)) for topic in topics))

    def close(self) -> None:
        """Nothing waits: each question was written when it was counted."""

    def read(self, days: int) -> list[OpenTopic]:
        """Return the topics of the last days, today among them, the commonest first.

        Raises GroundskeeperError if the file cannot be read.
        """
        since = self._days_ago(min(days, self._keep_days))
        return [OpenTopic(*row) for row in self._file.rows(_READ, (since, MOST_TOPICS))]

    def _days_ago(self, days: int) -> str:
        return (self._today() - timedelta(days=days)).isoformat()
