"""Intervals of shares and means, against published figures and by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from bot.intervals import bootstrap, wilson


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_intervals(count: int, n: int, low: float, high: float) -> None:
    """The examples of Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    found = wilson(count, n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    assert found.mean == count / n


def test_a_share_lies_in_its_interval_also_at_the_ends() -> None:
    for n in (1, 7, 3000):
        assert wilson(0, n).low == 0.0 < wilson(0, n).high
        assert wilson(n, n).high == 1.0 > wilson(n, n).low


def test_the_bootstrap_covers_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    found = [bootstrap(rng.exponential(size=60)) for _ in range(200)]
    assert np.mean([one.low <= 1.0 <= one.high for one in found]) == pytest.approx(0.93, abs=0.04)
