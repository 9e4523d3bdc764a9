"""Is what a claim affirms denied in the evidence, or the other way round?

A "not" belongs to the words behind it in its clause (or, where none follow, before it). If the
claim says these words too, about the same subject, it must deny them as well.

Not covered: denial by the meaning of a verb alone ("doubted"), and what a "not" denies of several
things in one clause.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from bot.marks import Mark, Reading

REACH = 3  # words that a "not" denies
ELLIPSIS = 6  # words that it denies where none follow: "but most colleges do not"
SUBJECT = 4  # words before it that say of what
DENIED_SHARE = 0.5
SAME_SHARE = 0.85  # of the words of two sentences that say the same
WIDE = frozenset({"not", "never", "nobody"})


def is_lost(claim: Reading, told: Reading) -> bool:
    """Tell whether a claim affirms what a sentence of the evidence denies."""
    if _says_the_same(claim, told):
        return (_denials(claim, told) - _denials(told, claim)) % 2 == 1
    return any(
        mark.negative and _affirms(claim, told, _denied(told, i), _subject(told, i))
        for i, mark in enumerate(told.marks)
    )


def has_negation(
    claim: Reading, negation: Mark, nearest: Sequence[Reading], around: Sequence[Reading]
) -> bool:
    """Tell whether what a claim denies is denied, or not said at all, in the evidence.

    What counts are the sentences nearest to the claim, and those around that say most of it.
    """
    i = claim.marks.index(negation)
    denied, subject = _denied(claim, i), _subject(claim, i)
    evidence = [*nearest, *around]
    said = [sum(_among(word, told.marks) for word in (*denied, *subject)) for told in evidence]
    return not any(said) or any(
        _denies(told, claim, denied, subject)
        for k, told in enumerate(evidence)
        if k < len(nearest) or said[k] == max(said)
    )


def _denies(told: Reading, claim: Reading, denied: Sequence[Mark], subject: Sequence[Mark]) -> bool:
    """Whether a sentence denies most of these words that it has, or leaves out what it denies."""
    found = [mark for mark in told.marks if _among(mark, denied)]
    if found and 2 * sum(_is_denied(mark, told, claim) for mark in found) >= len(found):
        return True
    return any(
        mark.negative
        and _is_elliptical(told, i)
        and 2 * sum(_among(word, [*denied, *subject]) for word in _denied(told, i))
        >= len(_denied(told, i))
        for i, mark in enumerate(told.marks)
    )


def _is_elliptical(reading: Reading, i: int) -> bool:
    """Whether nothing follows a negation that it could deny: "but most do not"."""
    return all(mark.place < reading.marks[i].place for mark in _denied(reading, i))


def _denials(reading: Reading, other: Reading) -> int:
    """Count the negations of what another sentence says too."""
    return sum(
        mark.negative and any(_among(word, other.marks) for word in _denied(reading, i))
        for i, mark in enumerate(reading.marks)
    )


def _says_the_same(claim: Reading, told: Reading) -> bool:
    """Whether two sentences have nearly all their words in common."""
    here, there = list(filter(_tells, claim.marks)), list(filter(_tells, told.marks))
    common = [sum(_among(m, there) for m in here), sum(_among(m, here) for m in there)]
    return common[0] >= SAME_SHARE * len(here) and common[1] >= SAME_SHARE * len(there)


def _affirms(
    claim: Reading, told: Reading, denied: Sequence[Mark], subject: Sequence[Mark]
) -> bool:
    about = [mark for mark in claim.marks if _among(mark, subject)]
    if not denied:
        return not any(mark.negative or mark.softly_negative for mark in claim.marks)
    if subject and not about and set(subject).isdisjoint(denied):
        return False
    affirmed = whole = surest = 0.0
    for word in denied:
        # A word that the sentence says elsewhere as well proves less.
        worth = 1.0 / sum(mark.means(word) for mark in told.marks)
        found = [
            (_distance(mark, about), not _is_denied(mark, claim, told))
            for mark in claim.marks
            if mark.means(word)
        ]
        whole += worth
        if found and min(found)[1]:  # the one nearest to the subject
            affirmed += worth
            surest = max(surest, worth)
    # A word of the subject that stands only once tells which clause is about it.
    sure_ones = [m for m in about if sum(m.means(other) for other in about) == 1] or about
    denies = any(_is_denied(mark, claim, told) for mark in sure_ones)
    sure = surest == 1.0 or (bool(about) and set(subject).isdisjoint(denied))
    return affirmed > DENIED_SHARE * whole and sure and not denies


def _distance(mark: Mark, others: Sequence[Mark]) -> float:
    return min((abs(mark.place - other.place) for other in others), default=0.0)


def _denied(reading: Reading, i: int) -> list[Mark]:
    """Return the words that the negation at a place denies."""
    negation = reading.marks[i]
    segment = [mark for mark in reading.marks if mark.segment == negation.segment]
    at = segment.index(negation)
    behind = takewhile(lambda mark: not mark.negative, segment[at + 1 :])
    told = list(filter(_tells, behind))
    near = [mark for mark in told if mark.clause == negation.clause]
    told = near if len(near) > 1 else told[:2]
    return told[:REACH] or list(filter(_tells, segment[:at]))[-ELLIPSIS:]


def _subject(reading: Reading, i: int) -> list[Mark]:
    clause = reading.marks[i].clause
    return [m for m in reading.marks[:i] if _tells(m) and m.clause == clause][-SUBJECT:]


def _is_denied(mark: Mark, reading: Reading, other: Reading) -> bool:
    """Whether a "not" reaches a word, or a word of its clause denies that the other text lacks."""
    return any(
        (m.negative and (m.clause == mark.clause or mark in _denied(reading, i)))
        or (m.negative and _reaches(m, mark, reading))
        or (
            m.softly_negative
            and (m.clause == mark.clause or _reaches(m, mark, reading))
            and m.keys.isdisjoint(other.keys)
        )
        for i, m in enumerate(reading.marks)
    )


def _reaches(negation: Mark, mark: Mark, reading: Reading) -> bool:
    """Whether a negation reaches a word behind it: "not" to the end, "no" as far as its list."""
    if negation.segment != mark.segment or mark.place < negation.place:
        return False
    said = negation.text.lower()
    if negation.softly_negative or said in WIDE:
        return True
    between = (m for m in reading.marks if negation.place < m.place < mark.place)
    return said != "without" and all(m.text.lower() != "and" for m in between)


def _tells(mark: Mark) -> bool:
    return bool(mark.weight or mark.figure)


def _among(mark: Mark, others: Sequence[Mark]) -> bool:
    return any(mark.means(other) for other in others)
