"""Is what a claim affirms denied in the evidence, or the other way round?

A "not" belongs to the words behind it in its clause (or, where none follow, before it). If the
claim says these words too, about the same subject, it must deny them as well.

Not covered: denial by the meaning of a verb alone ("doubted"), and what a "not" denies of several
things in one clause.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.marks import Mark, Reading

REACH = 3  # words that a "not" denies
SUBJECT = 4  # words before it that say of what
DENIED_SHARE = 0.5


def is_lost(claim: Reading, told: Reading) -> bool:
    """Tell whether a claim affirms what a sentence of the evidence denies."""
    return any(
        mark.negative and _affirms(claim, _denied(told, i), _subject(told, i))
        for i, mark in enumerate(told.marks)
    )


def has_negation(claim: Reading, negation: Mark, told: Reading) -> bool:
    """Tell whether what the claim denies is denied, or not said at all, in the evidence."""
    denied = _denied(claim, claim.marks.index(negation))
    found = [mark for mark in told.marks if any(_same(mark, word) for word in denied)]
    return not found or any(_is_denied(mark, told) for mark in found)


def _affirms(claim: Reading, denied: Sequence[Mark], subject: Sequence[Mark]) -> bool:
    found = [mark for mark in claim.marks if any(_same(mark, word) for word in denied)]
    share = sum(any(_same(mark, word) for mark in found) for word in denied)
    if not denied or share < DENIED_SHARE * len(denied):
        return False
    others = [mark for mark in claim.marks if mark not in found]
    same_subject = not subject or any(_same(mark, word) for mark in others for word in subject)
    return same_subject and not any(_is_denied(mark, claim) for mark in found)


def _denied(reading: Reading, i: int) -> list[Mark]:
    """Return the words that the negation at a place denies."""
    clause = reading.marks[i].clause
    behind = [m for m in reading.marks[i + 1 :] if _tells(m) and m.clause == clause][:REACH]
    if behind:
        return behind
    following = [m for m in reading.marks[i + 1 :] if _tells(m) and m.clause <= clause + 1][:REACH]
    before = [m for m in reading.marks[:i] if _tells(m) and m.clause == clause][-REACH:]
    return before or following


def _subject(reading: Reading, i: int) -> list[Mark]:
    clause = reading.marks[i].clause
    return [m for m in reading.marks[:i] if _tells(m) and m.clause == clause][-SUBJECT:]


def _is_denied(mark: Mark, reading: Reading) -> bool:
    """Whether a negation reaches a word, or stands in its clause by the meaning of another word."""
    return any(
        (m.negative and mark in _denied(reading, i))
        or ((m.negative or m.softly_negative) and m.clause == mark.clause)
        for i, m in enumerate(reading.marks)
    )


def _tells(mark: Mark) -> bool:
    return bool(mark.weight or mark.figure)


def _same(a: Mark, b: Mark) -> bool:
    return not a.keys.isdisjoint(b.keys)
