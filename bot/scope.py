"""The scope gate: does a question belong to the domain?

It compares the question with the card's example questions, those that belong and those that do
not. The threshold is not chosen by hand: each in-scope example is scored as if it were new
(leaving itself out), and the threshold is the quantile of these scores that keeps the share of
fair questions turned away at or under the stated rate (split-conformal calibration: Vovk et al.,
"Algorithmic Learning in a Random World", 2005).

Not covered: an off-topic question in the words of the domain ("write a poem about tuition")
may pass; it then finds no evidence that answers it, which is the next gate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.index import Index, Vector

NEIGHBOURS = 3
FALSE_REFUSALS = 0.03


@dataclass(frozen=True)
class ScopeScore:
    """How near a question is to the domain; `margin` above `threshold` is in scope."""

    margin: float
    threshold: float

    @property
    def in_scope(self) -> bool:
        """Whether the question belongs to the domain."""
        return self.margin >= self.threshold


class ScopeGate:
    """Scores questions by the nearest examples on either side."""

    def __init__(self, index: Index, false_refusals: float = FALSE_REFUSALS) -> None:
        scope = index.card.scope
        self._inside = index.embed(scope.in_scope)
        self._outside = index.embed(scope.out_of_scope)
        self.threshold = self._calibrate(false_refusals)

    def score(self, vector: Vector) -> ScopeScore:
        """Score a question's vector, shape (dimension,)."""
        inside = _nearness(self._inside @ vector)
        return ScopeScore(inside - _nearness(self._outside @ vector), self.threshold)

    def _calibrate(self, false_refusals: float) -> float:
        among = self._inside @ self._inside.T
        np.fill_diagonal(among, -1.0)
        inside = np.array([_nearness(row) for row in among])
        outside = np.array([_nearness(row) for row in self._inside @ self._outside.T])
        margins = np.sort(inside - outside)
        # The conformal rank: at most this many of n + 1 exchangeable questions fall below it.
        rank = int(np.floor(false_refusals * (len(margins) + 1)))
        return float(margins[max(rank - 1, 0)])


def _nearness(cosines: Vector) -> float:
    """Return the mean of the highest few cosines."""
    k = min(NEIGHBOURS, len(cosines))
    return float(np.mean(np.partition(cosines, -k)[-k:]))
