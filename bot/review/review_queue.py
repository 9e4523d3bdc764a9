"""The review queue: what everybody may do (file, look up), and what moderators may.

Each change and its event commit together. A moderator names the version that they looked at, and
is refused, with what happened since, when another was faster.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import sqlalchemy as sa

from bot.limits import RateLimiter, address_block
from bot.privacy import Masker
from bot.review import changes, listing, saved_views
from bot.review.access import Access
from bot.review.cases import Case, clean
from bot.review.changes import Addition
from bot.review.filing import Filing, file_report
from bot.review.guarded import Requirement
from bot.review.moderators import (
    Moderator,
    require_account,
    require_administrator,
    require_moderator,
)
from bot.review.notify import Notices
from bot.review.query import ReportQuery
from bot.review.queue_reader import QueueReader
from bot.review.states import (
    CLOSED_STATES,
    OPEN_STATES,
    OUTCOME_DETAIL,
    OUTCOME_LABELS,
    SEVERITY_RANK,
    TRANSITIONS,
    Category,
    Outcome,
    Severity,
    Status,
    check_word,
)
from bot.review.views import (
    Correction,
    PublicStatus,
    Receipt,
    Report,
)
from ingest.errors import InvalidTransition, LimitExceeded, ReviewError
from ingest.paths import ReportsLocation

NOTE_MAX_CHARS = 5_000
DETAIL_MAX_CHARS = 500
CLAIM_MINUTES = 30
HOUR_SECONDS = 3_600.0
REPORTS_PER_HOUR = 30
LOOK_UPS_PER_MINUTE = 30
FILING_ATTEMPTS = 3
TakeOut = Callable[[str, str], str]


class ReviewQueue(QueueReader):
    """The queue at `location`; safe to share between threads and processes.

    Personal data in cases, comments and notes goes through `masker` before anything is saved.
    Every method that takes `who` raises NotSignedIn unless it is a moderator with a session at
    that very moment. Every method raises ReviewError when the database cannot be used.
    """

    def __init__(
        self,
        location: ReportsLocation,
        *,
        clock: Callable[[], int] = time.time_ns,
        masker: Masker | None = None,
        access: Callable[[], Access] = Access,
        claim_minutes: float = CLAIM_MINUTES,
        notices: Notices | None = None,
        address_reports_per_hour: int = REPORTS_PER_HOUR,
    ) -> None:
        super().__init__(location, clock=clock, access=access)
        self._masker = masker or Masker()
        self._claim_ns = int(claim_minutes * 60 * 10**9)
        self._notices = notices or Notices()
        self._reporting = RateLimiter(address_reports_per_hour, window_seconds=HOUR_SECONDS)
        self._looking_up = RateLimiter(LOOK_UPS_PER_MINUTE)

    def file(
        self,
        case: Case,
        category: Category,
        comment: str = "",
        *,
        email: str = "",
        session: str = "",
        address: str = "",
    ) -> Receipt:
        """Save a report and return its receipt; a receipt means that it is on disk.

        A repeat of an open report is counted there, and so is a repeat of a closed one while
        model, index and rules are the same. `email` is where to write once the report is closed.
        `session` is who reports, for the limit of 10 an hour; only its hash is kept. `address`
        (IP) is counted in this process and kept nowhere. Raises LimitExceeded for what is too
        long or too many reports, ReviewError for what is no e-mail address, or when nothing
        could be saved.
        """
        filing = Filing(case, category, comment, email, session).checked(self._masker)
        if not self._reporting.admit(address_block(address)):
            raise LimitExceeded(
                "Too many reports came from your network within an hour.", hint="Try again later."
            )
        return self._saved(filing)

    def preview(self, case: Case) -> Case:
        """Return a case as it would be saved, without personal data."""
        return case.masked(self._masker)

    def look_up(self, reference: str, *, address: str = "") -> PublicStatus:
        """Return what everybody may know of a report, by its reference or its receipt's token.

        The reference may be typed in any case, without the dash, with O for 0. Raises
        ReportNotFound, or LimitExceeded when one address (IP) tries more than 30 a minute.
        """
        if not self._looking_up.admit(address_block(address)):
            raise LimitExceeded(
                "Too many references were looked up from your network.", hint="Wait a minute."
            )
        with self._store.reading() as connection:
            return listing.public_status(connection, reference)

    def save_view(self, who: Moderator, name: str, query: ReportQuery) -> None:
        """Keep a view for this moderator. Raises ReviewError for a name that cannot be used."""
        with self._writing(who) as connection:
            saved_views.save_view(connection, who.name, name, query, self._clock())

    def remove_view(self, who: Moderator, name: str) -> None:
        """Forget a view of this moderator."""
        with self._writing(who) as connection:
            saved_views.remove_view(connection, who.name, name)

    def move(
        self, who: Moderator, reference: str, version: int, status: Status, note: str = ""
    ) -> Report:
        """Change the state; `resolve` is the way to "resolved", which has to name an outcome.

        What nobody has claimed is the moderator's with that. Raises InvalidTransition,
        ReportHeld, or ReportConflict with what changed since `version`.
        """
        check_word(status, TRANSITIONS, "state")
        with self._changing(who, reference, version, note) as change:
            change.check_move(status)
            if status == "resolved":
                raise InvalidTransition("A report is resolved by naming the outcome.")
            change.move(status)
            return change.result()

    def undo(
        self, who: Moderator, reference: str, version: int, note: str = "", *, take_out: TakeOut
    ) -> Report:
        """Reopen a report whose outcome added something to the pack, and take that out again.

        `take_out` is given the outcome and what was added (JSON) once all is checked, and returns
        what it did, for the history; if it raises, nothing is saved. Raises InvalidTransition
        where nothing was added, or what `move` raises.
        """
        with self._changing(who, reference, version, note) as change:
            change.check_move("triaged")
            added = listing.added_to_pack(change.connection, reference)
            if added is None:
                raise InvalidTransition(
                    f"Nothing was added to the pack by {change.report.reference}.",
                    hint="Reopen it instead.",
                )
            change.move("triaged", take_out(change.report.outcome, added))
            return change.result()

    def claim(
        self, who: Moderator, reference: str, version: int, *, take_over: bool = False
    ) -> Report:
        """Make an open report the moderator's for a while; of two who claim it, one wins.

        The claim lapses `claim_minutes` after the last thing that its holder did with the report.
        Raises ReportHeld where another has it, unless it is taken over, InvalidTransition for a
        closed report, or ReportConflict.
        """
        with self._changing(who, reference, version) as change:
            require_account(change.connection, change.actor)
            change.claim(take_over=take_over)
            return change.result()

    def release(self, who: Moderator, reference: str, version: int) -> Report:
        """Give an open report back to all. Raises InvalidTransition or ReportConflict."""
        return self.assign(who, reference, version, None)

    def assign(self, who: Moderator, reference: str, version: int, assignee: str | None) -> Report:
        """Give an open report to a moderator for as long as it takes, or to nobody.

        Raises ReviewError for a name that is no moderator's, InvalidTransition for a closed
        report, or ReportConflict.
        """
        with self._changing(who, reference, version) as change:
            change.refuse_closed()
            name = require_account(change.connection, assignee) if assignee else None
            change.apply(
                "assigned",
                old=change.report.assignee or "",
                new=name or "",
                assignee=name,
                claim_until=None,
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
        addition: Addition | None = None,
        baseline: str = "",
    ) -> Report:
        """Close a report with its outcome; `detail` names the document, rule or case changed.

        Of "answer_fine" it is the reason that the person who reported reads; of "duplicate" the
        report that this one repeats, whose group it joins. `detail` stays after a purge. An
        `addition` to the pack is made once all is checked; if that raises, nothing is saved.
        `baseline` is the sha256 of the corrected document as it was indexed before. Raises
        ReviewError where the outcome needs a detail, or what `move` raises.
        """
        told = self._checked_detail(outcome, detail)
        with self._changing(who, reference, version, note) as change:
            change.resolve(outcome, told, addition, baseline)
            return change.result()

    def attach_rerun(
        self,
        who: Moderator,
        correction: Correction,
        sha256: str,
        now: Case,
        told: str,
        *,
        same: bool = False,
    ) -> bool:
        """Append how a corrected report's case ends now, with this version of the document.

        `same` says that a person would see no difference. Returns False where another process
        was faster, or the report was reopened meanwhile.
        """
        with self._changing(who, correction.reference, None, told) as change:
            if listing.known_version(change.connection, correction.reference) != correction.known:
                return False
            kept = {"sha256": sha256, "case": now.model_dump(), "same": same}
            change.record(
                "rerun",
                old=correction.case.status,
                new=now.status,
                detail=correction.document,
                snapshot=json.dumps(kept, sort_keys=True),
            )
            return True

    def purge(self, who: Moderator, older_than: timedelta) -> int:
        """Remove question, answer, comments and notes of reports closed that long ago.

        Returns how many. The report's row and its events stay, without words: the chain holds
        only salted hashes of the words, so it still verifies. SQLite overwrites what is removed.
        Only an administrator may do this, or `purge_report`.
        """
        with self._writing(who, require_administrator) as connection:
            purged = changes.purge(connection, who.name, older_than, self._clock())
        if purged:
            self._store.forget_deleted()
        return purged

    def purge_report(self, who: Moderator, reference: str) -> bool:
        """Remove the words of one report, as a person who reported may ask for.

        An open report is dismissed first. Returns False where nothing was left to remove. Raises
        ReportNotFound. A copy that somebody made of the database keeps what it has.
        """
        with self._changing(who, reference, None, require=require_administrator) as change:
            purged = change.purge()
        self._store.forget_deleted()
        return purged

    def _checked_detail(self, outcome: Outcome, detail: str) -> str:
        """Return what an outcome says, as it is kept. Raises ReviewError, LimitExceeded."""
        check_word(outcome, OUTCOME_LABELS, "outcome")
        told = _limited(detail, DETAIL_MAX_CHARS, "detail")
        if outcome in OUTCOME_DETAIL and not told:
            raise ReviewError(f"Say {OUTCOME_DETAIL[outcome]}.")
        return self._masker.mask(told) if outcome == "answer_fine" else told

    def _saved(self, filing: Filing) -> Receipt:
        """Save a filing; where the same answer is being reported elsewhere, count it there."""
        for attempt in range(1, FILING_ATTEMPTS + 1):
            try:
                with self._store.writing() as connection:
                    return file_report(connection, filing, now=self._clock(), notices=self._notices)
            except sa.exc.IntegrityError:
                if attempt == FILING_ATTEMPTS:
                    raise
        raise AssertionError("the loop returns or raises")

    @contextmanager
    def _changing(
        self,
        who: Moderator,
        reference: str,
        version: int | None,
        note: str = "",
        *,
        require: Requirement = require_moderator,
    ) -> Iterator[changes.Change]:
        """One moderator's change to one report, all of it or nothing."""
        words = _limited(note, NOTE_MAX_CHARS, "note")
        with self._store.writing() as connection:
            now = self._clock()
            actor = require(connection, who, now, self._access())
            noted = self._masker.mask(words)
            change = changes.Change(
                connection, actor.name, reference, version, noted, now, self._claim_ns
            )
            was_open = change.report.status in OPEN_STATES
            yield change
            if was_open and change.report.status in CLOSED_STATES:
                self._notices.of_end(connection, change.report.reference, now)


def _limited(text: str, most: int, what: str) -> str:
    """Return text without control characters. Raises LimitExceeded if it is too long."""
    words = clean(text)
    if len(words) > most:
        raise LimitExceeded(f"The {what} is too long: {len(words):,} characters, {most:,} fit.")
    return words
