"""What trying rules worked out is kept between processes, and can be lost without harm."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.review.trial_cache import TrialCache


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "domain" / "trials.sqlite3"


@pytest.fixture
def cache(path: Path) -> Iterator[TrialCache]:
    cache = TrialCache(path)
    yield cache
    cache.close()


def test_values_are_found_again_by_text_and_maker(cache: TrialCache, path: Path) -> None:
    texts = [f"Question {n}?" for n in range(1_100)]
    cache.keep("vector", "m1", {text: text.encode() for text in texts})
    cache.close()
    other = TrialCache(path)
    assert other.find("vector", "m1", [*texts, "new"]) == {t: t.encode() for t in texts}
    assert other.find("answer", "m1", texts) == {}
    assert other.find("vector", "m2", texts) == {}
    other.close()


def test_a_new_maker_replaces_what_the_old_one_made(cache: TrialCache) -> None:
    cache.keep("answer", "1", {"a": b"old", "b": b"old"})
    cache.keep("vector", "1", {"a": b"v"})
    cache.keep("answer", "2", {"a": b"new"})
    assert cache.find("answer", "1", ["a", "b"]) == {}
    assert cache.find("answer", "2", ["a"]) == {"a": b"new"}
    assert cache.find("vector", "1", ["a"]) == {"a": b"v"}


def test_threads_that_keep_the_same_do_not_fail(cache: TrialCache) -> None:
    values = {str(n): b"v" for n in range(200)}
    threads = [threading.Thread(target=cache.keep, args=("vector", "m", values)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.find("vector", "m", list(values)) == values


def test_a_damaged_file_is_replaced(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all, " * 100)
    cache = TrialCache(path)
    cache.keep("vector", "m", {"a": b"1"})
    assert "is not kept" in caplog.text
    cache.keep("vector", "m", {"a": b"1"})
    assert cache.find("vector", "m", ["a"]) == {"a": b"1"}
    cache.close()


def test_where_nothing_can_be_kept_nothing_is_lost(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = TrialCache(tmp_path / "file" / "trials.sqlite3")
    cache.keep("vector", "m", {"a": b"1"})
    assert cache.find("vector", "m", ["a"]) == {}
