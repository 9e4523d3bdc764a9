from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingest.scan import Known, SourceFile, find_files, surely_unchanged


def test_documents_are_found_and_the_rest_is_left_alone(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    for name in (
        "domain.toml",
        "rules.toml",
        "a.md",
        "sub/b.txt",
        ".hidden",
        "~$a.docx",
        "questions/q.jsonl",
    ):
        (pack / name).parent.mkdir(parents=True, exist_ok=True)
        (pack / name).write_text("x")
    (tmp_path / "secret.txt").write_text("x")
    (pack / "link.txt").symlink_to(tmp_path / "secret.txt")
    (pack / "loop").symlink_to(pack)
    assert [file.name for file in find_files(pack)] == ["a.md", "sub/b.txt"]


def test_a_file_changed_just_before_it_was_indexed_is_doubted() -> None:
    file = SourceFile("a.md", Path("a.md"), size=3, mtime_ns=10_000_000_000)
    later = Known("", 3, file.mtime_ns, file.mtime_ns + 5_000_000_000, "", "indexed")
    at_once = Known("", 3, file.mtime_ns, file.mtime_ns + 1, "", "indexed")
    assert surely_unchanged(file, later)
    assert not surely_unchanged(file, at_once)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("naïve 日本.md".encode(), "naïve 日本.md"),
        (b"caf\xe9.md", r"caf\udce9.md"),
        (b"a\n\x1b[31mb.md", r"a\n\x1b[31mb.md"),
        ("a\u202eb.md".encode(), r"a\u202eb.md"),
        (rb"a\nb.md", r"a\\nb.md"),
    ],
)
def test_names_are_text_that_does_nothing_to_a_terminal(
    name: bytes, shown: str, tmp_path: Path
) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text("x")
    (file,) = find_files(tmp_path)
    assert file.name == shown and file.path.read_text() == "x"
