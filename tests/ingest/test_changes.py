"""Which files are read, and which are left alone, told without an index."""

from __future__ import annotations

import os
import time
from dataclasses import fields
from pathlib import Path

from ingest.changes import ChangeFinder, Changes, Prepared
from ingest.loaders.limits import USUAL_LIMITS, Limits
from ingest.progress import NoProgress, ReindexReport
from ingest.scan import Known, find_files
from ingest.token_window import TokenWindow
from tests.packs import Pack


class Corpus:
    """A pack whose rows are remembered here, as the index would."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.rows: dict[str, dict[str, object]] = {}

    def run(self, limits: Limits = USUAL_LIMITS) -> tuple[ReindexReport, Changes, list[Prepared]]:
        names = [field.name for field in fields(Known)]
        known = {name: Known(**{n: row[n] for n in names}) for name, row in self.rows.items()}  # type: ignore[arg-type]
        finder = ChangeFinder(
            self.pack.card, NoProgress(), TokenWindow(), read_all=False, limits=limits
        )
        report = ReindexReport()
        changes = finder.find(list(find_files(self.pack.folder)), known, report)
        prepared = list(finder.read(changes, known, report))
        for name in changes.removed:
            del self.rows[name]
        self.rows |= {str(item.row["name"]): item.row for item in prepared}
        for row in changes.touched:
            self.rows[row["name"]] |= row
        return report, changes, prepared


def aged(path: Path, seconds: float = 3600) -> Path:
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def test_a_file_that_took_too_much_is_not_tried_again(small_pack: Pack) -> None:
    aged(small_pack.write("long.txt", "x " * 10_000_000))
    corpus, short, other = (
        Corpus(small_pack),
        Limits(memory_megabytes=64),
        Limits(memory_megabytes=65),
    )
    first, _, _ = corpus.run(short)
    assert "more than 64 MB" in first.failed["long.txt"]
    again, changes, _ = corpus.run(short)
    assert again.failed == first.failed
    assert "long.txt" not in [file.name for file in changes.unsure]
    third, _, _ = corpus.run(other)
    assert "more than 65 MB" in third.failed["long.txt"]
    small_pack.write("long.txt", "Short now.")
    fourth, _, prepared = corpus.run(short)
    assert not fourth.failed and [item.row["name"] for item in prepared] == ["long.txt"]


def test_a_file_that_was_broken_is_tried_each_time(small_pack: Pack) -> None:
    aged(small_pack.write("broken.pdf", b"%PDF-1.7 and no more"))
    corpus = Corpus(small_pack)
    for _ in range(2):
        report, changes, _ = corpus.run()
        assert "damaged PDF" in report.failed["broken.pdf"]
        assert "broken.pdf" in [file.name for file in changes.unsure]


def test_what_was_read_comes_out_one_at_a_time(small_pack: Pack) -> None:
    finder = ChangeFinder(small_pack.card, NoProgress(), TokenWindow(), read_all=False)
    report = ReindexReport()
    changes = finder.find(list(find_files(small_pack.folder)), {}, report)
    stream = finder.read(changes, {}, report)
    first = next(stream)
    assert first.row["name"] == "birds.csv" and len(first.records) == 12
    assert report.added == ["birds.csv"]
    stream.close()
