"""Scanned pages: read by the real Tesseract where there is one, by a stand-in of its table else."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pypdfium2 import PdfDocument  # type: ignore[import-untyped]
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from ingest.errors import DocumentError
from ingest.loaders import ocr
from ingest.loaders.limits import Limits
from ingest.loaders.pdf_loader import load_pdf

WORDS = ("Application deadline: 1 February", "The fee is 75 dollars for each application.")

# What the real one prints for the picture below (`tesseract stdin stdout -l eng --dpi 300 tsv`),
# checking what it is given as that does.
FAKE_TESSERACT = """#!/bin/sh
[ "$1 $2 $3 $5 $6 $7" = "stdin stdout -l --dpi 300 tsv" ] || { echo "wrong: $*" >&2; exit 1; }
lack="Failed loading language '$4'"
[ "$4" = "eng" ] || { printf '%s\\n' "$lack" "Could not initialize." >&2; exit 1; }
[ "$(head -c 3)" = "P5 " ] || { echo "no picture" >&2; exit 1; }
cat >/dev/null
tab() { printf '%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\n' "$@"; }
tab level page_num block_num par_num line_num word_num left top width height conf text
tab 4 1 1 1 1 0 300 300 900 40 -1 ''
tab 5 1 1 1 1 1 300 300 200 40 96.1 Application
tab 5 1 1 1 1 2 520 300 200 40 95.2 deadline:
tab 5 1 1 1 1 3 740 300 20 40 91.0 1
tab 5 1 1 1 1 4 780 300 200 40 93.3 February
tab 5 1 1 1 1 5 990 300 9 9 4.2 '~|'
tab 5 1 2 1 1 1 300 500 80 40 96.0 The
tab 5 1 2 1 1 2 400 500 80 40 96.0 fee
tab 5 1 2 1 1 3 500 500 40 40 96.0 is
tab 5 1 2 1 1 4 560 500 40 40 96.0 75
tab 5 1 2 1 1 5 620 500 180 40 96.0 dollars
"""


def scanned_pdf(*pages: bool) -> bytes:
    """A PDF whose pages are pictures of text (True) or text (False)."""
    source = io.BytesIO()
    canvas = Canvas(source)
    canvas.setFont("Helvetica", 14)
    for number, words in enumerate(WORDS):
        canvas.drawString(72, 700 - 60 * number, words)
    canvas.save()
    picture = PdfDocument(source.getvalue())[0].render(scale=3).to_pil()
    made = io.BytesIO()
    canvas = Canvas(made)
    for scanned in pages:
        if scanned:
            canvas.drawImage(ImageReader(picture), 0, 0, 595, 842)
        else:
            canvas.drawString(72, 700, "A page of text.")
        canvas.showPage()
    canvas.save()
    return made.getvalue()


@pytest.fixture(params=["real", "fake"])
def tesseract(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    if request.param == "real" and shutil.which(ocr.PROGRAM) is None:
        pytest.skip("no tesseract on PATH")
    if request.param == "fake":
        program = tmp_path / ocr.PROGRAM
        program.write_text(FAKE_TESSERACT)
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    ocr.installed.cache_clear()
    yield request.param
    ocr.installed.cache_clear()


@pytest.fixture
def _no_tesseract(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("PATH", str(tmp_path))
    ocr.installed.cache_clear()
    yield
    ocr.installed.cache_clear()


@pytest.mark.usefixtures("tesseract")
def test_scanned_pages_are_read() -> None:
    document = load_pdf(scanned_pdf(False, True), "a.pdf")
    assert document.text.startswith("A page of text.")
    assert "Application deadline: 1 February" in document.text
    assert "The fee is 75 dollars" in document.text and "~|" not in document.text
    assert {block.page for block in document.blocks if "fee" in block.text} == {2}
    assert document.warnings == ("Page 2 is a scan, read by OCR.",)


@pytest.mark.usefixtures("tesseract")
def test_a_language_that_is_missing_is_said() -> None:
    with pytest.raises(DocumentError, match=r"OCR failed: .*language"):
        load_pdf(scanned_pdf(True), "a.pdf", Limits(ocr_languages="xyz"))


@pytest.mark.usefixtures("tesseract")
def test_ocr_stops_when_the_time_is_up() -> None:
    document = load_pdf(scanned_pdf(False, True), "a.pdf", Limits(seconds=0.001))
    (warning,) = document.warnings
    assert warning.startswith("Page 2 holds no text (scanned? no time was left for OCR")


@pytest.mark.usefixtures("_no_tesseract")
def test_without_tesseract_scanned_pages_are_named() -> None:
    document = load_pdf(scanned_pdf(False, True, True, False, True), "a.pdf")
    (warning,) = document.warnings
    assert warning.startswith("Pages 2-3, 5 hold no text (scanned? Tesseract")
    with pytest.raises(DocumentError, match=r"no text on its only page") as caught:
        load_pdf(scanned_pdf(True), "a.pdf")
    assert "tesseract-ocr" in caught.value.hint
