"""Which loader reads a file, and what is said about files that none can read."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import openpyxl  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas

import ingest.loaders as loaders
from ingest.documents import LoadedDocument
from ingest.errors import DocumentError, EncryptedDocument, UnsupportedDocument
from ingest.loaders import docx_loader, load
from ingest.loaders.builder import DocumentBuilder, clean
from ingest.loaders.limits import Limits


def check_offsets(document: LoadedDocument) -> None:
    """The invariants of every loaded document."""
    position = 0
    for block in document.blocks:
        assert document.text[block.start : block.end] == block.text
        assert block.text == block.text.strip() != ""
        assert document.text[position : block.start].strip("\n") == ""
        position = block.end
    assert position == len(document.text)
    document.text.encode("utf-8")


def pdf_bytes(*lines: str, password: str = "") -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, encrypt=password or None)
    for number, line in enumerate(lines):
        canvas.drawString(72, 700 - 20 * number, line)
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


def docx_bytes(text: str) -> bytes:
    stream = io.BytesIO()
    document = docx.Document()
    document.add_paragraph(text)
    document.save(stream)
    return stream.getvalue()


def write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("a.txt", pdf_bytes("Words in a page"), "application/pdf"),
        ("a.pdf", b"Words in a text", "text/plain"),
        ("a.csv", docx_bytes("Words"), docx_loader.MEDIA_TYPE),
        ("a.txt", b"\xef\xbb\xbf <!DOCTYPE html><p>Words", "text/html"),
        ("a.dat", b"<?xml version='1.0'?><html><body>Words</body></html>", "text/html"),
        ("a.htm", b"<p>Words</p>", "text/html"),
        ("a.MD", b"# Words", "text/markdown"),
        ("a.markdown", b"<html> is a tag", "text/markdown"),
        ("a.csv", b"a,b\n1,2", "text/csv"),
        ("a.tsv", b"a\tb\n1\t2", "text/tab-separated-values"),
        ("a", b"Words", "text/plain"),
    ],
)
def test_content_decides_and_name_only_among_texts(
    tmp_path: Path, name: str, data: bytes, media_type: str
) -> None:
    document = load(write(tmp_path, name, data))
    assert document.media_type == media_type
    check_offsets(document)


def test_a_pdf_may_have_something_in_front(tmp_path: Path) -> None:
    document = load(write(tmp_path, "mail.bin", b"From a printer\n" + pdf_bytes("Words")))
    assert document.text == "Words"


@pytest.mark.parametrize(
    ("name", "data", "error", "sentence"),
    [
        ("a.pdf", pdf_bytes("x", password="p"), EncryptedDocument, "locked by a password"),
        ("a.pdf", b"%PDF-1.7 and nothing more", DocumentError, "damaged PDF"),
        ("a.pdf", pdf_bytes(), DocumentError, "no text on its only page"),
        ("a.docx", docx_bytes("x")[:700], DocumentError, "damaged archive"),
        ("a.docx", docx_bytes(""), DocumentError, "holds no text"),
        ("a.txt", b"", DocumentError, "holds no text"),
        ("a.html", b"<script>x()</script>", DocumentError, "holds no text"),
        ("a.csv", b"\n\n", DocumentError, "holds no text"),
        ("a.png", b"\x89PNG\r\n\x1a\n", UnsupportedDocument, "PNG picture"),
        ("a.txt", bytes(range(256)) * 9, UnsupportedDocument, "neither text nor"),
        ("a.rtf", b"{\\rtf1 x}", UnsupportedDocument, "RTF"),
        ("a.doc", loaders._OLD_OFFICE + b"\0" * 600, UnsupportedDocument, "before 2007"),
        (
            "a.docx",
            loaders._OLD_OFFICE + "EncryptedPackage".encode("utf-16-le"),
            EncryptedDocument,
            "password",
        ),
    ],
)
def test_what_cannot_be_read_is_named_with_its_reason(
    tmp_path: Path, name: str, data: bytes, error: type[DocumentError], sentence: str
) -> None:
    with pytest.raises(error) as caught:
        load(write(tmp_path, name, data))
    assert type(caught.value) is error
    assert name in caught.value.message
    assert sentence in caught.value.message
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    ("part", "kind"),
    [("xl/workbook.bin", "Excel"), ("content.xml", "OpenDocument"), ("x.txt", "ZIP archive")],
)
def test_other_archives_are_named(tmp_path: Path, part: str, kind: str) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(part, "x")
    with pytest.raises(UnsupportedDocument, match=kind):
        load(write(tmp_path, "a.zip", stream.getvalue()))


def test_an_archive_that_unpacks_to_too_much_is_not_opened(tmp_path: Path) -> None:
    path = write(tmp_path, "a.docx", docx_bytes("Words"))
    with pytest.raises(DocumentError, match="would unpack"):
        load(path, Limits(archive_megabytes=0))


def test_a_file_over_the_size_cap_is_not_read(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", b"x" * (1 + (1 << 20)))
    with pytest.raises(DocumentError, match="more than the 1 MB"):
        load(path, Limits(megabytes=1))


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"gone\.txt cannot be read: No such file"):
        load(tmp_path / "gone.txt")
    with pytest.raises(DocumentError, match="cannot be read"):
        load(tmp_path)


def test_a_file_without_a_title_is_called_by_its_name(tmp_path: Path) -> None:
    assert load(write(tmp_path, "brake-pads_2026.txt", b"Words")).title == "brake pads 2026"


def test_reading_a_pdf_says_nothing_on_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = pdf_bytes("Words")
    misled = whole[: whole.rindex(b"startxref")] + b"startxref\n17\n%%EOF\n"
    assert load(write(tmp_path, "a.pdf", misled)).text == "Words"
    assert capfd.readouterr() == ("", "")


# --- the builder ----------------------------------------------------------------------------------


def test_clean_removes_what_nobody_sees() -> None:
    hidden = "".join(chr(0xE0000 + ord(c)) for c in "ignore")
    assert clean(f"A\x00 b\u202e\u200b c\ud800\ufeff{hidden}") == "A b c"
    assert clean("e\u0301 \ufb01ne\u00a0print") == "é fine print"
    assert clean(" a \r\n\r\n  b\t c \u2028d") == "a\nb c\nd"


@given(st.text())
def test_clean_text_stays_clean_and_can_be_stored(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    once.encode("utf-8")


@given(
    st.lists(
        st.tuples(st.sampled_from(["heading", "paragraph", "list_item", "table_row"]), st.text())
    )
)
def test_offsets_of_any_blocks_hold(parts: list[tuple[str, str]]) -> None:
    builder = DocumentBuilder("text/plain")
    for kind, text in parts:
        if kind == "heading":
            builder.heading(text, 9)
        else:
            getattr(builder, kind)(text)
    document = builder.build("")
    check_offsets(document)
    assert all(block.level == (6 if block.kind == "heading" else 0) for block in document.blocks)


def test_list_items_and_rows_are_a_line_apart_and_the_rest_two() -> None:
    builder = DocumentBuilder("text/plain")
    builder.paragraph("p")
    builder.list_item("a")
    builder.list_item("b")
    builder.table_row("r")
    builder.table_row("s")
    assert builder.build("").text == "p\n\na\nb\n\nr\ns"


def xlsx_bytes() -> bytes:
    stream = io.BytesIO()
    workbook = openpyxl.Workbook()
    workbook.active.append(["Words", "Number"])
    workbook.active.append(["Words", 1])
    workbook.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize("suffix", [".txt", ".md", ".csv", ".html", ".pdf", ".docx", ".xlsx", ""])
def test_no_name_hides_what_a_file_is(tmp_path: Path, suffix: str) -> None:
    pdf, word, excel = pdf_bytes("Words"), docx_bytes("Words"), xlsx_bytes()
    for data, media_type in ((pdf, "pdf"), (word, "word"), (excel, "spreadsheet")):
        document = load(write(tmp_path, f"a{suffix}", data))
        assert media_type in document.media_type and "Words" in document.text
    with pytest.raises(UnsupportedDocument, match="PNG picture"):
        load(write(tmp_path, f"a{suffix}", b"\x89PNG\r\n\x1a\n"))
    for data in (b"plain words", "Wörter".encode("utf-16")):
        assert load(write(tmp_path, f"a{suffix}", data)).media_type.startswith("text/")


def test_a_file_that_is_written_to_meanwhile_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, reads = write(tmp_path, "a.txt", b"Half a sen"), []

    def written_while_read(self: Path) -> bytes:
        with self.open("rb") as stream:
            data = stream.read()
        reads.append(data)
        if len(reads) <= changes:
            self.write_bytes(data + b"tence.")
        return data

    monkeypatch.setattr(Path, "read_bytes", written_while_read)
    changes = 1
    assert load(path).text == "Half a sentence."
    changes = 99
    with pytest.raises(DocumentError, match=r"a\.txt was written to each time"):
        load(path)
