"""The scope gate: does a question belong to the domain?

It compares a question with what belongs (the card's examples, the corpus's own passages and
records) and with what does not (the card's counterexamples, and everyday requests that serve
every pack). The threshold is not chosen by hand: each in-scope example is scored as if it were
new, leaving itself out, and the threshold is the quantile of these scores that keeps the share
of fair questions turned away at or under the stated rate (conformal calibration: Vovk et al.,
"Algorithmic Learning in a Random World", 2005).

Not covered: an off-topic question in the words of the domain ("write a poem about tuition")
may pass; it then finds no evidence that answers it, which is the next gate. The rate holds for
questions like the card's examples; people who ask about other things are turned away more often.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from ingest.index import Index, Snapshot, Vector

NEIGHBOURS = 3
FALSE_REFUSALS = 0.03
# More of either say nothing new about where the domain ends.
PASSAGES = 2_000
RECORDS = 1_000
# How much nearness to what does not belong weighs. Below 1, a question that is strange to both
# sides (a name, a part number of another trade) is out.
REPULSION = 0.85
# An everyday request that is as near as this to what belongs is the pack's own business.
CLAIMED = 0.6


@dataclass(frozen=True)
class ScopeScore:
    """How near a question is to the domain; `margin` above `threshold` is in scope."""

    margin: float
    threshold: float

    @property
    def in_scope(self) -> bool:
        """Whether the question belongs to the domain."""
        return self.margin >= self.threshold


@dataclass(frozen=True)
class Sides:
    """The unit vectors of what belongs and what does not, and the threshold between them."""

    inside: Vector
    outside: Vector
    threshold: float


class ScopeGate:
    """Scores questions by the nearest neighbours on either side; safe between threads."""

    def __init__(self, index: Index, false_refusals: float = FALSE_REFUSALS) -> None:
        card = index.card
        self._false_refusals = false_refusals
        self._examples = index.embed(card.scope.in_scope)
        self._strangers = index.embed(card.scope.out_of_scope)
        self._everyday = index.embed(everyday_requests())
        self._suggestions = index.embed(card.domain.suggestions)
        self._card = card
        self._lock = threading.Lock()
        self._made: tuple[int, Sides] | None = None

    def score(self, snapshot: Snapshot, vector: Vector) -> ScopeScore:
        """Score a question's vector, shape (dimension,), against one generation of the index."""
        sides = self.prepare(snapshot)
        score = margin(sides.inside @ vector, sides.outside @ vector)
        return ScopeScore(float(score), sides.threshold)

    def prepare(self, snapshot: Snapshot) -> Sides:
        """Return both sides as a generation of the index has them; made once for each."""
        with self._lock:
            if self._made is None or self._made[0] != snapshot.generation:
                self._made = snapshot.generation, self._draw(snapshot)
            return self._made[1]

    def suggest(self, vector: Vector, n: int = 2) -> tuple[str, ...]:
        """Return the card's suggestions nearest to a question, to offer in its place."""
        order = np.argsort(-(self._suggestions @ vector), kind="stable")[:n]
        return tuple(self._card.domain.suggestions[i] for i in order)

    def _draw(self, snapshot: Snapshot) -> Sides:
        passages = snapshot.sample_vectors("passage", PASSAGES)
        records = snapshot.sample_vectors("record", RECORDS)
        inside = np.concatenate([self._examples, passages, records])
        claimed = (self._everyday @ inside.T).max(axis=1) >= CLAIMED
        outside = np.concatenate([self._strangers, self._everyday[~claimed]])
        scores = self._leave_one_out(inside, outside)
        return Sides(inside, outside, conformal_threshold(scores, self._false_refusals))

    def _leave_one_out(self, inside: Vector, outside: Vector) -> Vector:
        """Return each in-scope example's margin as if the example itself were not known."""
        among = self._examples @ inside.T
        np.fill_diagonal(among, -1.0)
        return margin(among, self._examples @ outside.T)


def conformal_threshold(scores: Vector, rate: float) -> float:
    """Return what a new score, exchangeable with these, is under with probability <= `rate`.

    The k-th lowest of n scores, k = floor(rate * (n + 1)). With too few scores to promise the
    rate (k = 0) the lowest, and the promise is 1 / (n + 1).
    """
    rank = int(np.floor(rate * (len(scores) + 1)))
    return float(np.sort(scores)[max(rank - 1, 0)])


def margin(inside: Vector, outside: Vector) -> Vector:
    """Return how much nearer a question is to what belongs, from its cosines to either side."""
    difference: Vector = nearness(inside) - REPULSION * nearness(outside)
    return difference


def nearness(cosines: Vector) -> Vector:
    """Return the mean of the highest few cosines along the last axis."""
    k = min(NEIGHBOURS, cosines.shape[-1])
    highest: Vector = np.partition(cosines, -k, axis=-1)[..., -k:].mean(axis=-1)
    return highest


@cache
def everyday_requests() -> tuple[str, ...]:
    """Return the everyday requests that are shipped with the product."""
    text = files("bot").joinpath("everyday.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))
