"""The frozen snapshot of what the reporter saw and of what the bot had in hand."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict

from bot.answer import Answer, AnswerTable, Citation, Evidence
from bot.answer import Status as AnswerStatus
from bot.privacy import Masker
from bot.text import normalise
from ingest.filters import EVERYTHING, Filter

_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Case(BaseModel):
    """A question, the answer as it was shown, and all that is needed to judge and repeat it.

    `answer` carries its `[n]` markers. `asked_before` are the earlier questions of the
    conversation, oldest first, and `answered_before` what was answered to them. `evidence` is all
    that was found with its text, cited or not; `within` is the part of the corpus that was asked.
    Of early cases only what they were frozen with is there.
    """

    model_config = ConfigDict(frozen=True)

    question: str
    answer: str
    status: AnswerStatus
    reason: str = ""
    citations: tuple[Citation, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    table: AnswerTable | None = None
    plan: dict[str, Any] | None = None
    model: str = ""
    digest: str = ""
    index_generation: int = 0
    rules_version: str = ""
    flags: tuple[str, ...] = ()
    scores: dict[str, float] = {}
    timings_ms: dict[str, float] = {}
    dropped_sentences: int = 0
    within: Filter = EVERYTHING
    asked_before: tuple[str, ...] = ()
    answered_before: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """What reports of one question share, however it was answered (sha256)."""
        return group_of(self.question)

    @property
    def fingerprint(self) -> str:
        """What reports of one question with one answer share, in any category (sha256)."""
        return _digest(normalise(self.question).casefold(), normalise(self.answer))

    @property
    def documents(self) -> tuple[str, ...]:
        """The documents that the answer cites, each once, in the order in which it cites them."""
        return tuple(dict.fromkeys(citation.document for citation in self.citations))

    def masked(self, masker: Masker) -> Case:
        """Return the case without personal data of the person who asked.

        The corpus's own addresses and numbers stay, unless the question had them too.
        """
        found = masker.find([self.question, *self.asked_before])
        kept = {
            "question": masker.mask(self.question),
            "asked_before": tuple(map(masker.mask, self.asked_before)),
            "answered_before": tuple(masker.mask_echo(self.answered_before, found)),
            "answer": masker.mask_echo(self.answer, found),
            "plan": masker.mask_echo(self.plan, found),
        }
        return self.model_copy(update=kept)

    def to_text(self) -> str:
        """Return the case as JSON in ASCII, so that no character of a document can be lost."""
        return json.dumps(self.model_dump(), sort_keys=True, default=date.isoformat)

    @classmethod
    def from_text(cls, text: str) -> Case:
        """Read what `to_text` wrote."""
        return cls.model_validate(json.loads(text))


def freeze(
    answer: Answer,
    *,
    rules_version: str = "",
    asked_before: Iterable[str] = (),
    answered_before: Iterable[str] = (),
    within: Filter = EVERYTHING,
) -> Case:
    """Return the case of an answer as it was shown."""
    return Case(
        question=answer.question,
        answer=answer.text,
        status=answer.status,
        reason=answer.reason,
        citations=answer.citations,
        evidence=answer.evidence,
        table=answer.table,
        plan=answer.plan,
        model=answer.model,
        digest=answer.digest,
        index_generation=answer.index_generation,
        rules_version=rules_version,
        flags=answer.flags,
        scores=answer.scores,
        timings_ms=answer.timings_ms,
        dropped_sentences=answer.dropped_sentences,
        within=within,
        asked_before=tuple(asked_before),
        answered_before=tuple(answered_before),
    )


def group_of(question: str) -> str:
    """Return what all askings of a question share, in any case and spacing (sha256)."""
    return _digest(normalise(question).casefold())


def clean(text: str) -> str:
    """Return text without control characters and marks that reverse the reading direction.

    Lines stay; joiners stay too, because several scripts and emoji need them.
    """
    if text.isprintable():  # nearly always, and a thousand times quicker
        return text.strip()
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(
        c
        for c in lines
        if c == "\n" or (unicodedata.category(c) not in ("Cc", "Cs") and c not in _BIDI_CONTROLS)
    ).strip()


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
