"""How sure a measure is: 95% intervals of means and of shares."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
RESAMPLES = 2_000
SEED = 20_240_229


@dataclass(frozen=True)
class Interval:
    """A mean or share with the ends of its 95% interval."""

    mean: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        """Return one JSON-ready object."""
        return {name: round(getattr(self, name), 4) for name in ("mean", "low", "high")}


def bootstrap(values: NDArray[np.float64]) -> Interval:
    """Return the mean and its percentile interval over resampled queries (Efron, 1979)."""
    rng = np.random.default_rng(SEED)
    # The same picks for every system, so that equal values give equal intervals.
    picks = rng.integers(0, len(values), size=(RESAMPLES, len(values)))
    low, high = np.percentile(values[picks].mean(axis=1), [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return Interval(float(values.mean()), float(low), float(high))


def wilson(count: int, n: int) -> Interval:
    """Return the share of `count` among `n` > 0 with its score interval (Wilson, 1927).

    It holds for few questions and for shares near 0 and 1, where the usual one does not.
    """
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    share = count / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # Rounding must not put the share itself outside.
    return Interval(share, min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half)))
