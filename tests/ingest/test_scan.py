from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.scan import Known, SourceFile, find_files, surely_unchanged
from tests.packs import HashedEmbeddings, Pack


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


@pytest.mark.parametrize("mode", [0o000, 0o400])
def test_a_folder_that_cannot_be_read_is_told_and_its_documents_stay(
    small_pack: Pack, mode: int
) -> None:
    model = HashedEmbeddings()
    small_pack.reindex(model)
    folder = small_pack.folder / "guides"
    with unreadable(folder, mode):
        report = small_pack.reindex(model)
    assert set(report.failed.values()) and not report.removed
    assert all("cannot be read: Permission denied." in why for why in report.failed.values())
    with small_pack.index(model) as index, index.snapshot() as snapshot:
        stale = {d.name for d in snapshot.documents() if d.stale}
    assert stale == {file.name for file in find_files(folder.parent) if "guides" in file.name}
    report = small_pack.reindex(model)
    assert not report.failed and not report.added and not report.removed


@contextmanager
def unreadable(folder: Path, mode: int) -> Iterator[None]:
    """Close a folder, also to root, who gives up the two rights to open what is closed."""
    before, effective = folder.stat().st_mode, capabilities()
    folder.chmod(mode)
    set_capabilities(effective & ~0b110)  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
    try:
        yield
    finally:
        set_capabilities(effective)
        folder.chmod(before)


def capabilities() -> int:
    """The rights of this thread that are in force (capget(2))."""
    header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None).capget(header, sets) == 0
    return int(sets[0])


def set_capabilities(effective: int) -> None:
    header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    libc = ctypes.CDLL(None)
    assert libc.capget(header, sets) == 0
    sets[0] = effective
    assert libc.capset(header, sets) == 0


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
