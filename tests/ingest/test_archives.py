"""Folders in ZIP files: their files are documents, within limits and without tricks."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from ingest.errors import DocumentError, EncryptedDocument
from ingest.loaders.archives import list_members, read_member
from ingest.loaders.limits import USUAL_LIMITS, Limits
from tests.ingest.test_changes import Corpus, aged
from tests.packs import HashedEmbeddings, Pack


def zipped(files: dict[str, bytes | str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def written(folder: Path, files: dict[str, bytes | str]) -> Path:
    path = folder / "papers.zip"
    path.write_bytes(zipped(files))
    return path


def listed(path: Path, limits: Limits = USUAL_LIMITS) -> dict[str, str]:
    members = list_members(path, limits)
    assert members is not None
    return {"/".join(member.inside): member.refusal for member in members}


def test_files_in_folders_and_archives_are_found(tmp_path: Path) -> None:
    inner = zipped({"deep/c.md": "C"})
    files: dict[str, bytes | str] = {"b.txt": "B", "a/a.txt": "A", "a/inner.zip": inner}
    files |= {"__MACOSX/a.txt": "x", "a/.hidden": "x", "~$b.docx": "x", "empty/": ""}
    path = written(tmp_path, files)
    assert listed(path) == {"a/a.txt": "", "a/inner.zip/deep/c.md": "", "b.txt": ""}
    data, _ = read_member(path, ("a/inner.zip", "deep/c.md"), USUAL_LIMITS)
    assert data == b"C"


def test_a_document_in_zip_clothing_is_one_document(tmp_path: Path) -> None:
    docx = zipped({"[Content_Types].xml": "", "word/document.xml": "<w/>"})
    (tmp_path / "a.bin").write_bytes(docx)
    assert list_members(tmp_path / "a.bin", USUAL_LIMITS) is None
    assert listed(written(tmp_path, {"a.docx": docx})) == {"a.docx": ""}


def test_paths_that_lead_out_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "papers.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("../up.txt", "/etc/passwd", "a/../../b.txt", "C:/c.txt", r"x\..\..\d.txt"):
            archive.writestr(zipfile.ZipInfo(name), "x")
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("good.txt", "x")
    found = listed(path)
    assert found.pop("good.txt") == ""
    assert found.pop("link.txt") == "link.txt in papers.zip is not read: it is a link."
    assert len(found) == 5
    assert all("leads out of the archive" in refusal for refusal in found.values())


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(archive_files=2), "more than 2 files"),
        (Limits(archive_megabytes=1), "unpack to more than 1 MB"),
    ],
)
def test_too_much_in_an_archive_is_refused(tmp_path: Path, limits: Limits, said: str) -> None:
    inner = zipped({"1.txt": "1", "2.txt": "x" * 2_000_000})
    path = written(tmp_path, {"inner.zip": inner, "3.txt": "3"})
    with pytest.raises(DocumentError, match=said):
        list_members(path, limits)


def test_archives_are_opened_only_so_deep(tmp_path: Path) -> None:
    third = zipped({"3.txt": "3"})
    path = written(tmp_path, {"2.zip": zipped({"3.zip": third})})
    assert "archives are read 2 deep" in listed(path)["2.zip/3.zip"]
    assert listed(path, Limits(archive_depth=3)) == {"2.zip/3.zip/3.txt": ""}


def test_a_large_file_in_an_archive_is_not_unpacked(tmp_path: Path) -> None:
    path = written(tmp_path, {"a.txt": b"\0" * 3_000_000})
    with pytest.raises(DocumentError, match=r"a\.txt has 3 MB, more than the 1 MB"):
        read_member(path, ("a.txt",), Limits(megabytes=1))


# `zip -P secret`: Python can read this kind of encryption and not write it.
LOCKED = bytes.fromhex(
    "504b03040a0009000000f796755d1b39290224000000180000000a000000696e736964652e7478747c5693c967c4"
    "34c18f9741b55e6980801ac4b4e681b71d36fed14bf391f9006527a3dfed504b07081b3929022400000018000000"
    "504b01021e030a0009000000f796755d1b39290224000000180000000a0000000000000001000000a48100000000"
    "696e736964652e747874504b05060000000001000100380000005c0000000000"
)


def test_a_locked_file_is_opened_by_a_password_of_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "locked.zip"
    path.write_bytes(LOCKED)
    assert listed(path) == {"inside.txt": ""}
    for passwords in ((), ("wrong", "bad")):
        with pytest.raises(EncryptedDocument, match=r"inside\.txt is locked"):
            read_member(path, ("inside.txt",), Limits(passwords=passwords))
    data, _ = read_member(path, ("inside.txt",), Limits(passwords=("wrong", "secret")))
    assert data == b"Words behind a password."


def test_damaged_archives_are_named(tmp_path: Path) -> None:
    path = tmp_path / "papers.zip"
    whole = zipped({"a.txt": "words " * 1000, "b.txt": "B"})
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DocumentError, match=r"papers\.zip is a damaged archive"):
        list_members(path, USUAL_LIMITS)
    path.write_bytes(whole[:60] + b"\xff\xff\xff" + whole[63:])
    with pytest.raises(DocumentError, match=r"a\.txt cannot be unpacked"):
        read_member(path, ("a.txt",), USUAL_LIMITS)


def test_a_pack_with_an_archive(small_pack: Pack) -> None:
    corpus = Corpus(small_pack)
    archive = aged(
        small_pack.write("more.zip", zipped({"a.md": "# A\n\nOne.", "sub/b.txt": "Two."}))
    )
    report, _, prepared = corpus.run()
    added = [item for item in prepared if item.row["name"].startswith("more.zip/")]
    assert [item.row["name"] for item in added] == ["more.zip/a.md", "more.zip/sub/b.txt"]
    assert added[0].chunks[0].document == "more.zip/a.md" and added[0].row["title"] == "A"
    assert not report.failed

    report, changes, prepared = corpus.run()
    assert not prepared and not changes.removed and report.unchanged == 6
    assert "more.zip" not in {file.path.name for file in changes.unsure}

    archive.write_bytes(zipped({"a.md": "# A\n\nOne.", "c.txt": "Three."}))
    report, changes, prepared = corpus.run()
    assert [item.row["name"] for item in prepared] == ["more.zip/c.txt"]
    assert report.removed == ["more.zip/sub/b.txt"] and report.unchanged == 5

    archive.write_bytes(archive.read_bytes()[:40])
    report, changes, _ = corpus.run()
    assert "damaged archive" in report.failed["more.zip"] and not changes.removed
    assert corpus.rows["more.zip/a.md"]["stale"]

    archive.write_bytes(zipped({"a.md": "# A\n\nOne."}))
    report, changes, _ = corpus.run()
    assert not report.failed and changes.removed == ["more.zip", "more.zip/c.txt"]
    assert corpus.rows["more.zip/a.md"]["stale"] is False

    archive.unlink()
    assert corpus.run()[0].removed == ["more.zip/a.md"]


def test_a_trick_in_an_archive_costs_one_line(small_pack: Pack) -> None:
    aged(small_pack.write("more.zip", zipped({"../../up.txt": "x", "good.txt": "Words."})))
    corpus = Corpus(small_pack)
    for _ in range(2):
        report, _, _ = corpus.run()
        assert list(report.failed) == ["more.zip/(..)/(..)/up.txt"]
    assert corpus.rows["more.zip/good.txt"]["status"] == "indexed"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_files_with_one_path_the_last_counts_as_in_unpacking(small_pack: Pack) -> None:
    path = small_pack.write("more.zip", b"")
    with zipfile.ZipFile(path, "w") as archive:
        for name, words in [("a.md", "Old."), ("a.md", "New."), (r"b\c.md", "1"), (r"b\c.md", "2")]:
            archive.writestr(name, words)
        archive.writestr("d.zip", zipped({"e.txt": "In an archive."}))
        archive.writestr("d.zip/e.txt", "In a folder of that name.")
    model = HashedEmbeddings()
    report = small_pack.reindex(model)
    found = [name for name in report.added if name.startswith("more.zip")]
    assert found == [f"more.zip/{name}" for name in ("a.md", "b/c.md", "d.zip/e.txt")]
    with small_pack.index(model) as index, index.snapshot() as snapshot:
        assert snapshot.document_text("more.zip/a.md") == "New."
        assert snapshot.document_text("more.zip/b/c.md") == "2"


def test_a_passage_from_an_archive_is_found_and_cited(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.write("more.zip", zipped({"owls.md": "# Owls\n\nOwls hunt at night."}))
    assert not small_pack.reindex(hashed).failed
    with small_pack.index(hashed) as index, index.snapshot() as snapshot:
        names = [document.name for document in snapshot.documents()]
        assert "more.zip/owls.md" in names
        chunks = snapshot.chunks(range(1, 1000)).values()
        (chunk,) = [chunk for chunk in chunks if chunk.document == "more.zip/owls.md"]
        assert chunk.text == "Owls hunt at night."
        text = snapshot.document_text(chunk.document)
        assert text[chunk.start : chunk.end] == chunk.text
