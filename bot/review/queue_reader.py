"""What moderators may read of the queue: lists, reports, figures, the history and its proof."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from bot.review import events, insight, listing, saved_views
from bot.review.cases import Case
from bot.review.guarded import Guarded
from bot.review.insight import Insight
from bot.review.moderators import Moderator, require_administrator
from bot.review.outbox import Outbox
from bot.review.query import ReportQuery
from bot.review.views import (
    ChainHead,
    Correction,
    Failure,
    Report,
    ReportSummary,
    Stats,
    Unsent,
)
from ingest.errors import ReviewError

EVERY_OPEN = ReportQuery()
DAYS_SEEN, MOST_DAYS_SEEN = 30, 3_660


class QueueReader(Guarded):
    """The queue for those who work on it.

    Every method raises NotSignedIn unless `who` is a moderator with a session at that very
    moment, and ReviewError when the database cannot be used.
    """

    def reports(
        self,
        who: Moderator,
        query: ReportQuery = EVERY_OPEN,
        *,
        limit: int = 50,
        offset: int = 0,
    ) -> list[ReportSummary]:
        """Return the reports that the query asks for, in its order (bot/review/priority.py).

        Purged reports are left out; `show` still finds them. Raises ReviewError for a word that
        is none, such as an unknown state.
        """
        with self._reading(who) as connection:
            now = self._clock()
            wanted = query.conditions(who.name, now)
            return listing.summaries(
                connection, wanted, now, order=query.order, limit=limit, offset=offset
            )

    def count(self, who: Moderator, query: ReportQuery = EVERY_OPEN) -> int:
        """Return how many reports `reports` would go through."""
        with self._reading(who) as connection:
            return listing.count(connection, query.conditions(who.name, self._clock()))

    def by_status(self, who: Moderator) -> dict[str, int]:
        """Return how many reports are in each state; quicker than `stats`."""
        with self._reading(who) as connection:
            return listing.by_status(connection)

    def known_words(self, who: Moderator) -> tuple[list[str], list[str]]:
        """Return the documents and the models to filter by, those of most reports first."""
        with self._reading(who) as connection:
            return listing.known_words(connection)

    def views(self, who: Moderator) -> dict[str, ReportQuery]:
        """Return the moderator's own saved views by name."""
        with self._reading(who) as connection:
            return saved_views.views_of(connection, who.name)

    def show(self, who: Moderator, reference: str) -> Report:
        """Return a whole report. Raises ReportNotFound."""
        with self._reading(who) as connection:
            return listing.whole_report(connection, reference, self._clock())

    def corrections(self, who: Moderator) -> list[Correction]:
        """Return the reports resolved by correcting a document, with what is known of it."""
        with self._reading(who) as connection:
            return listing.corrections(connection)

    def recent_cases(
        self, who: Moderator, within: timedelta, limit: int
    ) -> list[tuple[ReportSummary, Case]]:
        """Return the reports filed that recently with their cases, the newest first."""
        with self._reading(who) as connection:
            since = self._clock() - within // timedelta(microseconds=1) * 1000
            return listing.recent_cases(connection, since, limit)

    def stats(self, who: Moderator) -> Stats:
        """Return the queue in figures."""
        with self._reading(who) as connection:
            return listing.statistics(connection, self._clock())

    def unsent(self, who: Moderator) -> Unsent:
        """Return what is still to be told to others, and what was given up."""
        with self._reading(who):
            pass
        messages = Outbox(self._store, clock=self._clock)
        left = [
            Failure(reference=one.reference, way=one.kind, reason=one.error)
            for one in messages.given_up()
        ]
        return Unsent(waiting=messages.waiting(), given_up=tuple(left))

    def contacts(self, who: Moderator, reference: str) -> list[str]:
        """Return the addresses that people left with a report, to be written to about it."""
        with self._reading(who) as connection:
            return listing.contacts_of(connection, reference)

    def insight(self, who: Moderator, days: int = DAYS_SEEN) -> Insight:
        """Return how the queue did over the last days, 1 to 3,660. Raises ReviewError."""
        if not 1 <= days <= MOST_DAYS_SEEN:
            raise ReviewError(f"Between 1 and {MOST_DAYS_SEEN:,} days can be looked back on.")
        with self._reading(who) as connection:
            return insight.insight(connection, self._clock(), days)

    def export(self, who: Moderator) -> Iterator[dict[str, Any]]:
        """Yield every report as a JSON-ready object, the oldest first, to an administrator.

        No transaction stays open between reports; the right to read is checked for each batch.
        """
        with self._reading(who, require_administrator):
            pass
        return self._export(who)

    def verify(self, who: Moderator, *, kept_hash: str = "") -> list[str]:
        """Return what does not agree in the chain of events, their texts and the reports.

        `kept_hash` is a `chain_head().hash` from before, kept where this database's writers
        cannot reach: it shows if the whole chain was written anew, or its end cut off.
        """
        with self._reading(who) as connection:
            return events.find_problems(connection, kept_hash.strip())

    def chain_head(self, who: Moderator) -> ChainHead:
        """Return the chain's end, to be kept elsewhere."""
        with self._reading(who) as connection:
            return listing.chain_end(connection)

    def _export(self, who: Moderator) -> Iterator[dict[str, Any]]:
        after: tuple[int, str] | None = None
        while True:
            with self._reading(who, require_administrator) as connection:
                batch, after = listing.export_batch(connection, after)
            if not batch:
                return
            yield from batch
