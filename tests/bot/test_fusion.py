"""The convex combination, to the digit."""

from __future__ import annotations

import pytest

from bot.fusion import DENSE_WEIGHT, convex


def test_each_score_is_the_formula() -> None:
    fused = convex({1: 0.6, 2: 0.2}, {1: 2.0, 2: 8.0}, dense_weight=0.75)
    assert fused == pytest.approx({1: 0.75 + 0.25 * 2 / 8, 2: 0.75 * 1.2 / 1.6 + 0.25})


def test_a_key_that_one_list_misses_gets_that_list_s_minimum() -> None:
    fused = convex({1: 0.5}, {2: 3.0})
    assert fused == pytest.approx({1: DENSE_WEIGHT, 2: 1 - DENSE_WEIGHT})


@pytest.mark.parametrize(
    ("cosines", "bm25", "expected"),
    [
        ({}, {}, {}),
        ({1: 0.3}, {}, {1: DENSE_WEIGHT}),
        ({}, {1: 0.3}, {1: 1 - DENSE_WEIGHT}),
        ({1: -1.0}, {}, {1: 0.0}),
        ({1: 1.0}, {1: 0.0}, {1: DENSE_WEIGHT}),
    ],
    ids=["nothing", "dense alone", "lexical alone", "opposite", "no word in common"],
)
def test_empty_and_extreme_lists(
    cosines: dict[int, float], bm25: dict[int, float], expected: dict[int, float]
) -> None:
    assert convex(cosines, bm25) == pytest.approx(expected)


def test_scores_stay_within_zero_and_one() -> None:
    cosines = {n: n / 50 - 1 for n in range(101)}
    bm25 = {n: float(n * n) for n in range(50, 150)}
    assert all(0 <= score <= 1 for score in convex(cosines, bm25).values())
