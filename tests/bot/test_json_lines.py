"""Files of one JSON object a line, appended to by several processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bot.json_lines import append_line, numbered_lines
from ingest.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
TIMES = 40
APPEND = f"""
import sys
from pathlib import Path
from bot.json_lines import append_line
for i in range({TIMES}):
    append_line(Path(sys.argv[1]), {{"worker": sys.argv[2], "i": i, "text": "x" * 20_000}})
"""


def test_lines_of_several_processes_stay_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lines.jsonl"

    workers = [
        subprocess.Popen([sys.executable, "-c", APPEND, str(path), str(n)], cwd=ROOT)
        for n in range(3)
    ]
    assert [worker.wait() for worker in workers] == [0, 0, 0]

    found = [json.loads(line) for _, line in numbered_lines(path)]
    assert {(one["worker"], one["i"]) for one in found} == {
        (worker, i) for worker in "012" for i in range(TIMES)
    }
    assert len(found) == 3 * TIMES


def test_what_a_crash_left_unfinished_costs_one_line(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    append_line(path, 1)
    with path.open("a") as file:
        file.write('{"half": ')

    append_line(path, "two\u2028lines\n")

    assert list(numbered_lines(path)) == [(1, "1"), (2, '{"half": '), (3, '"two\u2028lines\\n"')]


def test_blank_lines_are_counted_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text("\n\r\na\n  \nb")
    assert list(numbered_lines(path)) == [(3, "a"), (5, "b")]


def test_what_cannot_be_read_or_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "latin.jsonl").write_bytes(b"\xe4")
    for path in (tmp_path, tmp_path / "none", tmp_path / "latin.jsonl"):
        with pytest.raises(UsageError, match="cannot be read"):
            list(numbered_lines(path))
    with pytest.raises(UsageError, match="cannot be written"):
        append_line(tmp_path, 1)
    with pytest.raises(UsageError, match="cannot be written"):
        append_line(tmp_path / "latin.jsonl" / "x", 1)
    with pytest.raises(UsageError, match="No space left"):
        append_line(Path("/dev/full"), 1)
