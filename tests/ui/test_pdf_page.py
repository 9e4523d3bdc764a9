"""Pages of PDFs as pictures: the passage marked where it stands, and files that cannot be drawn."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from ingest.loaders.limits import Limits
from ui.pdf_page import draw_page
from ui.pdf_page_worker import MARK, Letters, draw, line_boxes, squashed

PASSAGE = "Wrens sing loudly, even in\nwinter. They weigh nine grams."


@pytest.fixture(scope="module")
def pdf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pages; the passage is in the middle of the second, broken into other lines."""
    path = tmp_path_factory.mktemp("pdf") / "birds.pdf"
    canvas = Canvas(str(path), pagesize=(400, 600))
    canvas.drawString(50, 300, "Another page, about robins.")
    canvas.showPage()
    for y, line in (
        (400, "Before it."),
        (300, "Wrens sing loudly, even"),
        (285, "in winter. They"),
    ):
        canvas.drawString(50, y, line)
    canvas.drawString(50, 270, "weigh nine grams.")
    canvas.drawString(50, 100, "After it.")
    canvas.save()
    return path


def marked_rows(picture: Image.Image) -> tuple[float, float]:
    """Return where the marks begin and end, as shares of the height from above."""
    rows = [
        y
        for y in range(picture.height)
        if any(picture.getpixel((x, y)) == MARK for x in range(0, picture.width, 7))
    ]
    return rows[0] / picture.height, rows[-1] / picture.height


def test_the_passage_is_marked_and_nothing_else(pdf: Path) -> None:
    picture, found = draw(str(pdf), 2, PASSAGE, [])
    assert found
    first, last = marked_rows(picture)
    # Baselines at 300 and 270 of 600 points from below.
    assert 0.47 < first < 0.5 and 0.55 < last < 0.58


def test_a_page_without_the_passage_is_drawn_as_it_is(pdf: Path) -> None:
    picture, found = draw(str(pdf), 1, PASSAGE, [])
    assert not found
    assert MARK not in [color for _, color in picture.getcolors(picture.width * picture.height)]


def test_a_picture_comes_from_a_process_of_its_own(pdf: Path) -> None:
    drawn = draw_page(pdf, 2, PASSAGE)
    assert drawn is not None and drawn.marked
    assert Image.open(io.BytesIO(drawn.png)).size[0] == 1240


def test_a_page_of_a_pdf_in_an_archive_is_drawn_from_there(pdf: Path, tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.write(pdf, "birds/wrens.pdf")
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inner.zip", inner.getvalue())
        archive.write(pdf, "../birds.pdf")
    drawn = draw_page(packed, 2, PASSAGE, within="inner.zip/birds/wrens.pdf")
    assert drawn is not None and drawn.marked
    flat = Limits(archive_depth=1)
    assert draw_page(packed, 1, PASSAGE, within="inner.zip/birds/wrens.pdf", limits=flat) is None
    for elsewhere in ("(..)/birds.pdf", "../birds.pdf", "birds.pdf"):
        assert draw_page(packed, 1, PASSAGE, within=elsewhere) is None
    assert [path.name for path in tmp_path.iterdir()] == ["all.zip"]


@pytest.mark.parametrize("what", ["broken", "no such page", "empty"])
def test_what_cannot_be_drawn_is_none(pdf: Path, tmp_path: Path, what: str) -> None:
    path, number = tmp_path / f"{what}.pdf", 1
    if what == "no such page":
        path, number = pdf, 99
    else:
        path.write_bytes(b"" if what == "empty" else b"%PDF-1.4\nnothing more")
    assert draw_page(path, number, PASSAGE) is None


def test_a_passage_in_parts_is_found_line_by_line() -> None:
    letters = Letters(squashed("First line of it. A box between. Second line of it."), [])
    pieces = list(letters.find("First line of it.\nno\nSecond line of it."))
    assert [letters.text[piece.start : piece.stop] for piece in pieces] == [
        "firstlineofit",
        "secondlineofit",
    ]
    assert list(letters.find("")) == list(letters.find("Elsewhere entirely, not here")) == []


@given(st.text(max_size=60))
def test_squashing_keeps_only_letters_and_digits(text: str) -> None:
    assert all(c.isalnum() for c in squashed(text))
    assert squashed(f" {text}\n") == squashed(text)


def test_boxes_of_a_line_are_joined_and_lines_are_not() -> None:
    boxes = [(0.0, 0.0, 5.0, 10.0), (5.0, 1.0, 9.0, 10.0), (0.0, 12.0, 5.0, 22.0)]
    assert line_boxes(boxes) == [(0.0, 0.0, 9.0, 10.0), (0.0, 12.0, 5.0, 22.0)]
    assert line_boxes([]) == []
