"""What a check of a guard says: an objection, or nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.errors import ModelIntegrityError

log = logging.getLogger(__name__)

BROKEN_MESSAGE = "Something went wrong while I checked your question, so I leave it unanswered."


@dataclass(frozen=True)
class Objection:
    """Why a text is not let through, from the one vocabulary of reasons, and what to say.

    `scores` are what was measured, each with its threshold beside it ("injection" and
    "injection_threshold"), where there was something to measure.
    """

    reason: str
    message: str
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Passed:
    """A text that no check objected to, and the ids of the rules that only flag it."""

    flags: tuple[str, ...] = ()


Check = Callable[[str], Objection | Passed | None]


def inspect(text: str, checks: Sequence[Check]) -> Objection | Passed:
    """Return the first objection to a text, or the flags that it raised.

    Fails closed: a check that breaks is an objection, and is logged. Raises ModelIntegrityError
    where a check's own model was swapped.
    """
    flags: tuple[str, ...] = ()
    for check in checks:
        try:
            outcome = check(text)
        except ModelIntegrityError:
            raise
        except Exception:
            log.exception("A guard broke; the text was not let through")
            return Objection("rule:broken-guard", BROKEN_MESSAGE)
        if isinstance(outcome, Objection):
            return outcome
        if outcome is not None:
            flags += outcome.flags
    return Passed(flags)
