"""The verifier: a sentence is shown only if the evidence that it cites holds what it says.

Whatever a model writes is a claim, and code checks it against the cited evidence: it is plain
prose; it cites, and only what is there; every figure, date and name in it occurs there, with its
unit, among the same words (bot/binding.py); what it compares and denies, the evidence compares
and denies the same way (bot/exclusives.txt, bot/negation.py); and no stretch of it is news. What
rows hold is checked cell by cell (bot/row_claims.py).

Not covered: what needs knowledge of the world, or arithmetic beyond "higher than"; a word
exchanged for another that nobody listed as its opposite; who did what to whom, where both stand
in one sentence of the evidence, and part of what one sentence says of another's subject; a
condition left out ("only if").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.answer import Evidence
from bot.binding import Place
from bot.claims import Claim, Test, cited_numbers
from bot.marks import Mark, modifiers, opening_words
from bot.markup import addresses, has_markup
from bot.negation import has_negation, is_lost
from bot.row_claims import RowClaim, is_row

MAX_CHARS = 1_200  # a "sentence" beyond is none, and would take long to check
NEWS_RUN = 3.0  # words in a row, or nearly, that the evidence does not have
NEWS_CLAUSE = 1.5  # words of one clause that it does not have,
NEWS_AT_END = 1.0  # or of the last one, where models add to what they read,
OLD_IN_NEWS = 1.0  # where it has so few of the others
MIN_COVERAGE = 0.5
SHORT = 3.0  # words of a claim in which none may be new: one makes another claim of it
REACH_OF_THAN = 5  # words within which a "than" makes a comparison of "more"
_LEANS_BACK = re.compile(
    r"(?:It|They|This|That|These|Those|Such|He|She|Its|Their|Both|Each|Some|Many|Most|None|Neither|"
    r"One|Others|If|When|Then|So|But|And|You)\b"
)
MIN_CLAIM_WORDS = 3  # fewer, and no figure among them, state nothing


@dataclass(frozen=True)
class Verdict:
    """Whether a sentence stands, and if not, why: for operators and tests, not for readers."""

    supported: bool
    why: str = ""


def verify(sentence: str, evidence: Mapping[int, Evidence]) -> Verdict:
    """Check one sentence with its `[n]` markers against the evidence of this turn."""
    problem = next(_problems(sentence, evidence), "")
    return Verdict(not problem, problem)


def nearest_sentence(
    sentence: str, evidence: Mapping[int, Evidence]
) -> tuple[int, int, int] | None:
    """Return the sentence of a cited passage that a claim is nearest to, if it says half of it.

    That is the number of the evidence, and the start and the end in its quote (characters).
    """
    cited = sorted(cited_numbers(sentence) & evidence.keys())
    passages = [evidence[n] for n in cited if not is_row(evidence[n])]
    if not passages or len(sentence) > MAX_CHARS:
        return None
    unit = Claim.read(sentence, passages).nearest_unit(MIN_COVERAGE)
    return None if unit is None else (unit.n, *unit.span)


def _problems(sentence: str, evidence: Mapping[int, Evidence]) -> Iterator[str]:
    """Yield what is wrong with a sentence, cheapest first."""
    cited = cited_numbers(sentence)
    if len(sentence) > MAX_CHARS:
        yield "is too long"
    if has_markup(sentence):
        yield "holds a link, markup or hidden characters"
    if not cited:
        yield "cites nothing"
    if not cited <= evidence.keys():
        yield "cites what is not there"
    pieces = [evidence[n] for n in sorted(cited)]
    if addresses(sentence) - addresses("\n".join(piece.quote for piece in pieces)):
        yield "names an address that is not in the evidence"
    claim = Claim.read(sentence, pieces)
    for check in _CHECKS:
        yield from check(claim)


def _nothing(claim: Claim) -> Iterator[str]:
    marks = claim.reading.marks
    told = any(mark.figure for mark in marks) or len(marks) >= MIN_CLAIM_WORDS
    if not told or not any(mark.worth for mark in marks):
        yield "says nothing"


def _strange_figures(claim: Claim) -> Iterator[str]:
    for mark, cited in claim.slots():
        counts = mark.figure and mark.text.lower() != "one"
        if counts and not claim.places(mark, _bears_out, cited):
            yield f"figure {mark.text!r} is not in the evidence"


def _strange_names(claim: Claim) -> Iterator[str]:
    for mark, cited in claim.slots():
        known = (unit.reading.keys | unit.context for unit in claim.units if unit.n in cited)
        if mark.name and all(mark.keys.isdisjoint(keys) for keys in known):
            yield f"name {mark.text!r} is not in the evidence"


def _news(claim: Claim) -> Iterator[str]:
    """Find a stretch or a clause that the evidence does not say, or too much that it does not."""
    marks, known = claim.reading.marks, claim.covered
    weights = [0.0 if m.opening and i not in known else m.worth for i, m in enumerate(marks)]
    signed = [-w if i in known else w for i, w in enumerate(weights)]
    run = 0.0
    for weight in signed:
        run = max(0.0, run + weight)
        if run >= NEWS_RUN:
            yield "a part of it is not in the evidence"
    for clause in {mark.clause for mark in marks}:
        said = [w for w, mark in zip(signed, marks, strict=True) if mark.clause == clause]
        new, old = sum(w for w in said if w > 0), -sum(w for w in said if w < 0)
        enough = NEWS_AT_END if clause == marks[-1].clause and clause else NEWS_CLAUSE
        if new >= enough and old <= OLD_IN_NEWS and new >= old:
            yield "a clause of it is not in the evidence"
    total, covered = sum(weights), sum(w for i, w in enumerate(weights) if i in known)
    if covered < MIN_COVERAGE * total or (total <= SHORT and covered <= total - 1.0):
        yield f"only {covered / total:.0%} of it is in the evidence"


def _exchanged(claim: Claim) -> Iterator[str]:
    """Find a figure, a name or a word of comparison whose rival's place suits it better."""
    for mark, cited in claim.prose_slots():
        if mark.figure:
            yield from _rival(claim, mark, cited, _bears_out, _rivals)
        elif mark.name and not mark.is_entity:
            yield from _rival(claim, mark, cited, _same_name, _other_name)
        for side in mark.sides:
            on_one = replace(mark, sides=(side,))
            yield from _rival(claim, on_one, cited, _same_side, _other_side)


def _rival(
    claim: Claim, mark: Mark, cited: frozenset[int], own: Test, rival: Test
) -> Iterator[str]:
    """Find a place in the evidence that suits a mark better than its own ones."""
    rivals = claim.places(mark, rival, cited)
    places = claim.places(mark, own, cited) if rivals else []
    near = [claim.units[k] for k in set(claim.nearest.values())]
    for place in rivals:
        if (
            place.touches
            and any(place.unit is unit for unit in near)
            and claim.overlay.suits_better(mark, places, place, own)
            and not _listed_together(place, places)
        ):
            yield f"{mark.text!r} stands where the evidence has {place.mark.text!r}"


def _other_subject(claim: Claim) -> Iterator[str]:
    """Find a claim that opens with what the evidence tells of something else.

    Its subject is not in the sentence that says the rest, nor is that sentence's in the claim.
    Where it opens with "they" or "this", the subject is in a sentence before.
    """
    if claim.main is None or claim.rows:
        return
    unit, opening = claim.units[claim.main], opening_words(claim.reading)
    said = unit.reading.keys
    elsewhere = unit.context.union(*(u.reading.keys for u in claim.units if u is not unit))
    strange = [m for m in opening if m.keys.isdisjoint(said) and not m.keys.isdisjoint(elsewhere)]
    few = 2 * len(strange) < len(opening)
    if not strange or few or unit.reading.text[:1].islower():  # a part of a list has no subject
        return
    if _LEANS_BACK.match(unit.reading.text):
        before = [u for u in claim.units[max(0, claim.main - 2) : claim.main] if u.n == unit.n]
        near = unit.context.union(*(u.reading.keys for u in before))
        exchanged = all(mark.keys.isdisjoint(near) for mark in opening)
    else:
        told = frozenset().union(*(mark.own_keys for mark in claim.reading.marks))
        exchanged = any(m.own_keys.isdisjoint(told) for m in opening_words(unit.reading))
    if exchanged:
        yield f"{strange[0].text!r} is not what the evidence says this of"


def _strange_comparisons(claim: Claim) -> Iterator[str]:
    """Find "first" or "more than" where the evidence compares nothing of the kind."""
    marks = claim.reading.marks
    near = {i for k in claim.nearest.values() for i in claim.around(k)}
    told = {side for i in near for mark in claim.units[i].reading.marks for side in mark.sides}
    for i, (mark, _) in enumerate(claim.prose_slots() if not claim.rows else ()):
        than = any(m.text.lower() == "than" for m in marks[i : i + REACH_OF_THAN])
        matters = ("order", "amount") if than else ("order",)
        strange = [side for side in mark.sides if side[0] in matters and side not in told]
        if strange and i not in claim.covered:
            yield f"{mark.text!r} is not in the evidence"


def _borrowed(claim: Claim) -> Iterator[str]:
    """Find a modifier that the nearest sentence has another one for: "iron gate", "wooden gate".

    A word that stands nowhere in the evidence may be a synonym; one that the evidence has
    elsewhere is not.
    """
    units, nearest = claim.units, claim.nearest
    instead = [
        (head, word)
        for k in sorted(set(nearest.values()))
        for word, head in modifiers(units[k].reading)
        if word.keys.isdisjoint(claim.reading.keys)
    ]
    for word, head in modifiers(claim.reading):
        k = nearest.get(word.clause)
        elsewhere = any(not word.keys.isdisjoint(unit.reading.keys) for unit in units)
        if k is None or not elsewhere or not word.keys.isdisjoint(units[k].reading.keys):
            continue
        for other, its_word in instead:
            if head.means(other):
                yield f"{word.text!r} stands where the evidence has {its_word.text!r}"


def _denials(claim: Claim) -> Iterator[str]:
    """Find a "not" that the evidence does not have, or that the claim has lost."""
    rows = {row.n for row in claim.rows}
    nearest = [k for k in sorted(set(claim.nearest.values())) if claim.units[k].n not in rows]
    if not nearest:
        return
    told = [claim.units[k].reading for k in nearest]
    around = {near for k in nearest for near in claim.around(k)}.difference(nearest)
    others = [claim.units[k].reading for k in sorted(around)]
    if any(is_lost(claim.reading, reading) for reading in told):
        yield "leaves out a negation of the evidence"
    for mark in claim.reading.marks:
        if mark.negative and not has_negation(claim.reading, mark, told, others):
            yield f"{mark.text!r} is not in the evidence"


def _of_rows(claim: Claim) -> Iterator[str]:
    if claim.rows:
        yield from RowClaim(claim.reading, claim.cites, claim.rows).problems()


_CHECKS: Sequence[Callable[[Claim], Iterator[str]]] = (
    _nothing,
    _strange_figures,
    _strange_names,
    _news,
    _exchanged,
    _strange_comparisons,
    _other_subject,
    _borrowed,
    _denials,
    _of_rows,
)


def _listed_together(rival: Place, places: Sequence[Place]) -> bool:
    """Whether two names are members of one list, whose order says nothing."""
    marks = rival.unit.reading.marks
    own = [marks.index(place.mark) for place in places if place.unit is rival.unit]
    there = marks.index(rival.mark)
    return rival.mark.name and any(
        all(mark.name or not mark.weight for mark in marks[min(at, there) : max(at, there)])
        for at in own
    )


def _bears_out(mark: Mark, found: Mark) -> bool:
    return bool(mark.figure and found.figure and mark.figure.agrees(found.figure))


def _rivals(mark: Mark, found: Mark) -> bool:
    return bool(mark.figure and found.figure and mark.figure.rivals(found.figure))


def _same_name(mark: Mark, found: Mark) -> bool:
    return mark.name and mark.means(found)


def _other_name(mark: Mark, found: Mark) -> bool:
    return found.name and not found.is_entity and not mark.means(found)


def _same_side(mark: Mark, found: Mark) -> bool:
    return any(side in found.sides for side in mark.sides) or mark.means(found)


def _other_side(mark: Mark, found: Mark) -> bool:
    about = {matter for matter, _ in mark.sides}
    return any(matter in about for matter, _ in found.sides) and not _same_side(mark, found)
