from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ingest.vector_file import SPARSE, Numbers, VectorFile, VectorFileWriter, Vectors

DIMENSION = 8


def unit_rows(count: int, seed: int = 7) -> Vectors:
    rows = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def write(path: Path, numbers: list[int], rows: Vectors) -> None:
    with closing(VectorFileWriter(path, DIMENSION)) as writer:
        writer.write(numbers, rows)
        writer.flush()


def brute_force(numbers: Numbers, rows: Vectors, direction: Vectors, k: int) -> list[int]:
    order = np.argsort(-(rows @ direction), kind="stable")[:k]
    return [int(numbers[i]) for i in order]


@pytest.mark.parametrize("gap", [1, SPARSE, SPARSE + 3], ids=["dense", "loose", "sparse"])
def test_the_nearest_are_those_of_brute_force(tmp_path: Path, gap: int) -> None:
    rows = unit_rows(500)
    numbers = np.arange(1, 1 + 500 * gap, gap)
    write(tmp_path / "v.f32", numbers.tolist(), rows)
    file = VectorFile(tmp_path / "v.f32", DIMENSION)
    chosen = np.sort(np.random.default_rng(1).choice(500, 90, replace=False))
    for direction in unit_rows(5, seed=3):
        found = file.nearest(numbers[chosen], direction, 10)
        assert [n for n, _ in found] == brute_force(numbers[chosen], rows[chosen], direction, 10)
        assert [c for _, c in found] == pytest.approx(
            sorted((rows[chosen] @ direction).tolist(), reverse=True)[:10], abs=1e-6
        )


def test_equals_come_by_number_and_fewer_than_asked_for_all_come(tmp_path: Path) -> None:
    row = unit_rows(1)
    write(tmp_path / "v.f32", [3, 4, 9], np.repeat(row, 3, axis=0))
    file = VectorFile(tmp_path / "v.f32", DIMENSION)
    assert [n for n, _ in file.nearest(np.array([3, 4, 9]), row[0], 10)] == [3, 4, 9]
    assert file.nearest(np.empty(0, dtype=np.int64), row[0], 10) == []


def test_rows_are_added_beside_those_that_readers_have(tmp_path: Path) -> None:
    rows = unit_rows(6)
    write(tmp_path / "v.f32", [1, 2, 3], rows[:3])
    before = VectorFile(tmp_path / "v.f32", DIMENSION)
    write(tmp_path / "v.f32", [4, 5, 8], rows[3:])
    assert not before.holds(np.array([2, 4])) and before.holds(np.array([2, 3]))
    assert np.array_equal(before.take(np.array([1, 3])), rows[[0, 2]])
    after = VectorFile(tmp_path / "v.f32", DIMENSION)
    assert np.array_equal(after.take(np.array([3, 5, 8])), rows[[2, 4, 5]])


def test_a_missing_or_empty_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"v\.f32"):
        VectorFile(tmp_path / "v.f32", DIMENSION)
    (tmp_path / "v.f32").touch()
    with pytest.raises(ValueError, match="empty"):
        VectorFile(tmp_path / "v.f32", DIMENSION)
