"""The review queue: what everybody may do (file, look up), and what moderators may.

Each change and its event commit together. A moderator names the version that they looked at, and
is refused, with what happened since, when another was faster.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

import sqlalchemy as sa

from bot.privacy import Masker
from bot.review import changes, events, listing
from bot.review.cases import Case, clean
from bot.review.filing import file_report
from bot.review.moderators import Moderator, require_account, require_moderator
from bot.review.states import (
    OPEN_STATES,
    OUTCOME_DETAIL,
    OUTCOME_LABELS,
    SEVERITY_RANK,
    TRANSITIONS,
    Category,
    Outcome,
    Severity,
    Status,
    check_transition,
    check_word,
)
from bot.review.store import ReportStore
from bot.review.views import (
    ChainHead,
    Correction,
    PublicStatus,
    Receipt,
    Report,
    ReportSummary,
    Stats,
)
from ingest.errors import InvalidTransition, LimitExceeded, ReviewError

NOTE_MAX_CHARS = 5_000
DETAIL_MAX_CHARS = 500
Act = Callable[[str], None]


class ReviewQueue:
    """The queue in the database at `path`; safe to share between threads and processes.

    Personal data in cases, comments and notes goes through `masker` before anything is saved.
    Every method that takes `who` raises NotSignedIn unless it is a moderator with a session at
    that very moment. Every method raises ReviewError when the database cannot be used.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], int] = time.time_ns,
        masker: Masker | None = None,
    ) -> None:
        self._store = ReportStore(path)
        self._clock = clock
        self._masker = masker or Masker()

    def __enter__(self) -> ReviewQueue:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; the next use opens it again."""
        self._store.close()

    def file(
        self, case: Case, category: Category, comment: str = "", *, session: str = ""
    ) -> Receipt:
        """Save a report and return its receipt; a receipt means that it is on disk.

        A repeat of an open report is counted there, and so is a repeat of a closed one while
        model, index and rules are the same. `session` is who reports, for the limit of 10 an
        hour; only its hash is kept. Raises LimitExceeded for a comment that is too long or for
        too many reports, ReviewError when it could not be saved.
        """
        with self._store.writing() as connection:
            return file_report(
                connection,
                case,
                category,
                comment,
                session=session,
                now=self._clock(),
                masker=self._masker,
            )

    def look_up(self, reference: str) -> PublicStatus:
        """Return what everybody may know of a report, by its reference or its receipt's token.

        The reference may be typed in any case, without the dash, with O for 0. Raises
        ReportNotFound.
        """
        with self._store.reading() as connection:
            return listing.public_status(connection, reference)

    def reports(
        self,
        who: Moderator,
        *,
        states: Sequence[Status] = OPEN_STATES,
        text: str = "",
        category: Category | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> list[ReportSummary]:
        """Return reports by severity, then by number of repeats, then the oldest first.

        `text` has to occur in question, answer, comments or reference. Purged reports are left
        out; `show` still finds them.
        """
        with self._reading(who) as connection:
            wanted = listing.matching(states, text, category)
            return listing.summaries(connection, wanted, limit=limit, offset=offset)

    def count(
        self,
        who: Moderator,
        *,
        states: Sequence[Status] = OPEN_STATES,
        text: str = "",
        category: Category | None = None,
    ) -> int:
        """Return how many reports `reports` would go through."""
        with self._reading(who) as connection:
            return listing.count(connection, listing.matching(states, text, category))

    def show(self, who: Moderator, reference: str) -> Report:
        """Return a whole report. Raises ReportNotFound."""
        with self._reading(who) as connection:
            return listing.whole_report(connection, reference)

    def move(
        self, who: Moderator, reference: str, version: int, status: Status, note: str = ""
    ) -> Report:
        """Change the state; `resolve` is the way to "resolved", which has to name an outcome.

        Raises InvalidTransition, or ReportConflict with what changed since `version`.
        """
        check_word(status, TRANSITIONS, "state")
        with self._changing(who, reference, version, note) as change:
            check_transition(change.report.status, status)
            if status == "resolved":
                raise InvalidTransition("A report is resolved by naming the outcome.")
            if status in OPEN_STATES:
                change.refuse_second_open_report()
            old = change.report.status
            # What was a duplicate is once more a report of its own question.
            own = change.report.outcome == "duplicate"
            group = {"group_key": change.own_group()} if own else {}
            change.apply("moved", old=old, new=status, status=status, outcome=None, **group)
            return change.result()

    def assign(self, who: Moderator, reference: str, version: int, assignee: str | None) -> Report:
        """Give an open report to a moderator, or to nobody; of two who claim it, one wins.

        Raises ReviewError for a name that is no moderator's, InvalidTransition for a closed
        report, or ReportConflict.
        """
        with self._changing(who, reference, version) as change:
            change.refuse_closed()
            name = require_account(change.connection, assignee) if assignee else None
            change.apply(
                "assigned", old=change.report.assignee or "", new=name or "", assignee=name
            )
            return change.result()

    def set_severity(
        self, who: Moderator, reference: str, version: int, severity: Severity
    ) -> Report:
        """Say how bad an open report is. Raises InvalidTransition or ReportConflict."""
        check_word(severity, SEVERITY_RANK, "severity")
        with self._changing(who, reference, version) as change:
            change.refuse_closed()
            change.apply("rated", old=change.report.severity, new=severity, severity=severity)
            return change.result()

    def note(self, who: Moderator, reference: str, text: str) -> Report:
        """Add a note; it overtakes nobody, so it needs no version."""
        words = _limited(text, NOTE_MAX_CHARS, "note")
        if not words:
            raise ReviewError("The note is empty.")
        with self._changing(who, reference, None, words) as change:
            change.record("noted")
            return change.result()

    def resolve(
        self,
        who: Moderator,
        reference: str,
        version: int,
        outcome: Outcome,
        note: str = "",
        detail: str = "",
        *,
        act: Act | None = None,
        baseline: str = "",
    ) -> Report:
        """Close a report with its outcome; `detail` names the document, rule or case changed.

        Of "answer_fine" it is the reason that the person who reported reads; of "duplicate" the
        report that this one repeats, whose group it joins. `detail` stays after a purge. `act`
        is called with the moderator's name once all is checked; if it raises, nothing is saved.
        `baseline` is the sha256 of the corrected document as it was indexed before. Raises
        ReviewError where the outcome needs a detail, ReportNotFound, InvalidTransition, or
        ReportConflict.
        """
        check_word(outcome, OUTCOME_LABELS, "outcome")
        what = _limited(detail, DETAIL_MAX_CHARS, "detail")
        if outcome == "answer_fine":
            what = self._masker.mask(what)
        if outcome in OUTCOME_DETAIL and not what:
            raise ReviewError(f"Say {OUTCOME_DETAIL[outcome]}.")
        with self._changing(who, reference, version, note) as change:
            check_transition(change.report.status, "resolved")
            values = {"status": "resolved", "outcome": outcome}
            if outcome == "duplicate":
                original = change.original(what)
                what, values["group_key"] = original.reference, original.group_key
            snapshot = json.dumps({"sha256": baseline}) if baseline else ""
            change.apply(
                "resolved",
                old=change.report.status,
                new=outcome,
                detail=what,
                snapshot=snapshot,
                **values,
            )
            if act is not None:
                act(change.actor)
            return change.result()

    def corrections(self, who: Moderator) -> list[Correction]:
        """Return the reports resolved by correcting a document, with what is known of it."""
        with self._reading(who) as connection:
            return listing.corrections(connection)

    def attach_rerun(
        self, who: Moderator, correction: Correction, sha256: str, now: Case, told: str
    ) -> bool:
        """Append how a corrected report's case ends now, with this version of the document.

        Returns False where another process was faster, or the report was reopened meanwhile.
        """
        with self._changing(who, correction.reference, None, told) as change:
            if listing.known_version(change.connection, correction.reference) != correction.known:
                return False
            snapshot = json.dumps({"sha256": sha256, "case": now.model_dump()}, sort_keys=True)
            change.record(
                "rerun",
                old=correction.case.status,
                new=now.status,
                detail=correction.document,
                snapshot=snapshot,
            )
            return True

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

    def export(self, who: Moderator) -> Iterator[dict[str, Any]]:
        """Yield every report as a JSON-ready object, the oldest first.

        No transaction stays open between reports; the right to read is checked for each batch.
        """
        with self._reading(who):
            pass
        return self._export(who)

    def verify(self, *, kept_hash: str = "") -> list[str]:
        """Return what does not agree in the chain of events, their texts and the reports.

        `kept_hash` is a `chain_head().hash` from before, kept where this database's writers
        cannot reach: it shows if the whole chain was written anew, or its end cut off.
        """
        with self._store.reading() as connection:
            return events.find_problems(connection, kept_hash.strip())

    def chain_head(self) -> ChainHead:
        """Return the chain's end, to be kept elsewhere."""
        with self._store.reading() as connection:
            return listing.chain_end(connection)

    def purge(self, who: Moderator, older_than: timedelta) -> int:
        """Remove question, answer, comments and notes of reports closed that long ago.

        Returns how many. The report's row and its events stay, without words: the chain holds
        only salted hashes of the words, so it still verifies. SQLite overwrites what is removed.
        """
        with self._store.writing() as connection:
            now = self._clock()
            actor = require_moderator(connection, who, now)
            purged = changes.purge(connection, actor.name, older_than, now)
        if purged:
            self._store.forget_deleted()
        return purged

    def purge_report(self, who: Moderator, reference: str) -> bool:
        """Remove the words of one report, as a person who reported may ask for.

        An open report is dismissed first. Returns False where nothing was left to remove. Raises
        ReportNotFound. A copy that somebody made of the database keeps what it has.
        """
        with self._changing(who, reference, None) as change:
            purged = change.purge()
        self._store.forget_deleted()
        return purged

    def _export(self, who: Moderator) -> Iterator[dict[str, Any]]:
        after: tuple[int, str] | None = None
        while True:
            with self._reading(who) as connection:
                batch, after = listing.export_batch(connection, after)
            if not batch:
                return
            yield from batch

    @contextmanager
    def _reading(self, who: Moderator) -> Iterator[sa.Connection]:
        with self._store.reading() as connection:
            require_moderator(connection, who, self._clock())
            yield connection

    @contextmanager
    def _changing(
        self, who: Moderator, reference: str, version: int | None, note: str = ""
    ) -> Iterator[changes.Change]:
        """One moderator's change to one report, all of it or nothing."""
        words = _limited(note, NOTE_MAX_CHARS, "note")
        with self._store.writing() as connection:
            now = self._clock()
            actor = require_moderator(connection, who, now)
            noted = self._masker.mask(words)
            yield changes.Change(connection, actor.name, reference, version, noted, now)


def _limited(text: str, most: int, what: str) -> str:
    """Return text without control characters. Raises LimitExceeded if it is too long."""
    words = clean(text)
    if len(words) > most:
        raise LimitExceeded(f"The {what} is too long: {len(words):,} characters, {most:,} fit.")
    return words
