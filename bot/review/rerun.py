"""Running a case again, and what is different now from what the person saw."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.answer import Answer, Answerer, AnswerTable, Citation
from bot.reasons import told_ending
from bot.regressions import ask_after
from bot.review.cases import Case, freeze
from bot.review.moderators import Moderator
from bot.review.review_queue import NOTE_MAX_CHARS, ReviewQueue
from bot.review.views import Correction
from bot.review.workbench import Workbench
from bot.text import normalise

GONE = "gone"  # stands for the sha256 of a document that is no longer there
_MARKER = re.compile(r"\s*\[\d{1,3}\]")
# A sentence ends before white space or a marker; a line always ends one.
_SENTENCE_END = re.compile(r"(?<=[.!?…])(?=\s)|\n")
_SHOWN_CHARS = NOTE_MAX_CHARS - 100

Change = tuple[str, str]


@dataclass(frozen=True)
class Difference:
    """What is different between a case and the answer to its question now.

    `status` and `model` are (before, now), equal where nothing changed. Sentences are compared
    without their citation markers, citations by the place that they point to, cells by their row's
    name and their column's label ("before → now").
    """

    before: Case
    now: Case
    sentences_gone: tuple[str, ...]
    sentences_new: tuple[str, ...]
    citations_gone: tuple[str, ...]
    citations_new: tuple[str, ...]
    cells: tuple[str, ...]

    @property
    def status(self) -> Change:
        """How it ended, with the reason: before, now."""
        return _ending(self.before), _ending(self.now)

    @property
    def endings(self) -> Change:
        """The same in words."""
        return (
            told_ending(self.before.status, self.before.reason),
            told_ending(self.now.status, self.now.reason),
        )

    @property
    def same(self) -> bool:
        """Whether a person would see the same as before."""
        texts = (self.sentences_gone, self.sentences_new, self.citations_gone, self.citations_new)
        return self.status[0] == self.status[1] and not any(texts) and not self.cells

    def lines(self) -> Iterator[str]:
        """Yield the difference line by line: - is gone, + is new, ± is changed, = is the same."""
        before, now = self.endings
        yield f"± {before} → {now}" if before != now else f"= {now}, as before"
        marked: Sequence[tuple[str, tuple[str, ...]]] = (
            ("-", self.sentences_gone),
            ("+", self.sentences_new),
            ("- source", self.citations_gone),
            ("+ source", self.citations_new),
            ("± cell", self.cells),
        )
        for mark, texts in marked:
            yield from (f"{mark} {' '.join(text.split())}" for text in texts)
        if self.same:
            yield "= same text, sources and table"
        yield f"Before: {_made_by(self.before)}. Now: {_made_by(self.now)}."

    def to_text(self) -> str:
        """Return the difference as a note has room for it."""
        text = "\n".join(self.lines())
        return f"{text[:_SHOWN_CHARS]}\n…" if len(text) > _SHOWN_CHARS else text


def run_again(bot: Answerer, case: Case) -> Difference:
    """Ask a case's question again, of the same documents, after those asked before it."""
    return compare(case, ask_after(bot, case.question, case.asked_before, case.within))


def compare(before: Case, answer: Answer) -> Difference:
    """Return what is different now; equal texts in another order are no difference."""
    now = freeze(
        answer,
        rules_version=answer.rules_version,
        asked_before=before.asked_before,
        within=before.within,
    ).model_copy(update={"question": before.question})
    gone, new = _changed(sentences(before.answer), sentences(now.answer))
    left, come = _changed(_places(before.citations), _places(now.citations))
    cells = tuple(_changed_cells(_cells(before.table), _cells(now.table)))
    return Difference(before, now, gone, new, left, come, cells)


def rerun_corrections(queue: ReviewQueue, who: Moderator, bench: Workbench) -> list[Correction]:
    """Run the cases again whose corrected document is indexed in another version than before.

    What came of it is attached to each report's history. Returns those that were run. A case
    that fails for want of a model is left for the next time.
    """
    due = list(due_corrections(queue, who, bench))
    done = []
    for correction, sha256 in due:
        difference = run_again(bench.bot, correction.case)
        if difference.now.status == "failed":
            continue
        told, now = difference.to_text(), difference.now
        if queue.attach_rerun(who, correction, sha256, now, told, same=difference.same):
            done.append(correction)
    return done


def due_corrections(
    queue: ReviewQueue, who: Moderator, bench: Workbench
) -> Iterator[tuple[Correction, str]]:
    """Yield corrections whose document has changed since, each with the new version's sha256."""
    corrections = queue.corrections(who)
    if not corrections:
        return
    with bench.index.snapshot() as snapshot:
        versions = snapshot.versions({correction.document for correction in corrections})
    for correction in corrections:
        version = versions.get(correction.document)
        sha256 = GONE if version is None else version.sha256
        if sha256 != correction.known:
            yield correction, sha256


def _ending(case: Case) -> str:
    return f"{case.status} ({case.reason})" if case.reason else case.status


def _made_by(case: Case) -> str:
    rules = f", rules {case.rules_version}" if case.rules_version else ""
    return f"{case.model or 'no model'}, index {case.index_generation}{rules}"


def sentences(text: str) -> list[str]:
    """Return the sentences of a shown text, without citation markers."""
    plain = _MARKER.sub("", text)
    return [normalise(part) for part in _SENTENCE_END.split(plain) if part.strip()]


def _places(citations: Sequence[Citation]) -> list[str]:
    return [_place(citation) for citation in citations]


def _place(citation: Citation) -> str:
    heading = " › ".join(citation.heading_path)
    place = f"row {citation.row}" if citation.row else f"page {citation.page}"
    where = place if citation.row or citation.page else heading
    return f"{citation.document}, {where}" if where else citation.document


def _cells(table: AnswerTable | None) -> dict[str, str]:
    """Return the cells as they are shown, by row's name and column's label."""
    if table is None:
        return {}
    labels = [column.label for column in table.columns[1:]]
    return {
        f"{row[0]}, {label}": cell
        for row in table.display
        for label, cell in zip(labels, row[1:], strict=True)
    }


def _changed(before: Sequence[str], now: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what is gone and what is new, each once and in its order."""
    gone = dict.fromkeys(text for text in before if text not in now)
    new = dict.fromkeys(text for text in now if text not in before)
    return tuple(gone), tuple(new)


def _changed_cells(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in dict.fromkeys((*before, *now)):
        was, is_now = before.get(name, "nothing"), now.get(name, "nothing")
        if was != is_now:
            yield f"{name}: {was} → {is_now}"
