"""Draws one page of a PDF with a passage marked in it: the job as JSON on stdin, a PNG on stdout.

A process of its own, for PDFium may be used by one thread at a time, and because a file that makes
it hang or crash must not take the app along.
"""

from __future__ import annotations

import json
import resource
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
from PIL import Image, ImageChops, ImageDraw

from ingest.errors import DocumentError
from ingest.loaders.archives import list_members, read_member
from ingest.loaders.limits import Limits
from ingest.scan import SourceFile, file_in_archive

WIDTH = 1_240  # pixels: sharp on a phone and when enlarged
MOST_SCALE = 4.0
MEMORY_BYTES = 1 << 30
MARK = (255, 232, 128)
SHORTEST_PIECE = 12  # letters of a line that may be looked for by itself

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Letters:
    """The letters and digits of a page in the order drawn, and which character each one is."""

    text: str
    indices: list[int]

    @classmethod
    def of(cls, page: Any) -> Letters:
        """Read a page of text (FPDF_TEXTPAGE)."""
        found: list[tuple[str, int]] = []
        for i in range(pdfium.FPDFText_CountChars(page)):
            found += ((letter, i) for letter in squashed(chr(pdfium.FPDFText_GetUnicode(page, i))))
        return cls("".join(letter for letter, _ in found), [i for _, i in found])

    def find(self, passage: str) -> Iterator[range]:
        """Yield where the passage stands: whole, or line by line where the page has it in parts."""
        whole = self._find_one(squashed(passage), 0)
        if whole is not None:
            yield whole
            return
        after = 0
        for line in passage.splitlines():
            piece = squashed(line)
            if len(piece) < SHORTEST_PIECE:
                continue
            found = self._find_one(piece, after) or self._find_one(piece, 0)
            if found is not None:
                yield found
                after = found.stop

    def _find_one(self, piece: str, after: int) -> range | None:
        at = self.text.find(piece, after) if piece else -1
        return None if at < 0 else range(at, at + len(piece))


def squashed(text: str) -> str:
    """Return only the letters and digits of a text, in small letters and without ligatures."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in plain if c.isalnum())


def line_boxes(boxes: list[Box]) -> list[Box]:
    """Join the boxes (left, top, right, bottom) of characters that follow each other in a line."""
    lines: list[Box] = []
    for left, top, right, bottom in boxes:
        if lines:
            l0, t0, r0, b0 = lines[-1]
            middle = (top + bottom) / 2
            if t0 < middle < b0 and left >= l0 and left - r0 < 2 * (b0 - t0):
                lines[-1] = (l0, min(t0, top), max(r0, right), max(b0, bottom))
                continue
        lines.append((left, top, right, bottom))
    return lines


def draw(
    pdf: str | bytes, number: int, passage: str, passwords: Sequence[str] = ()
) -> tuple[Image.Image, bool]:
    """Return page `number` (from 1) as a picture, and whether the passage was found on it.

    `pdf` is a file's path, or what is in it. Raises pypdfium2.PdfiumError if it cannot be opened,
    IndexError if it has no such page.
    """
    page = _open(pdf, passwords)[number - 1]
    bitmap = page.render(scale=min(MOST_SCALE, WIDTH / page.get_width()))
    picture = bitmap.to_pil().convert("RGB")
    to_bitmap = bitmap.get_posconv(page).to_bitmap
    text = page.get_textpage()
    letters = Letters.of(text.raw)
    marks = Image.new("RGB", picture.size, "white")
    pen, found = ImageDraw.Draw(marks), False
    for piece in letters.find(passage):
        boxes = [_box(text, letters.indices[i], to_bitmap) for i in piece]
        for box in line_boxes(boxes):
            pen.rounded_rectangle((box[0] - 3, box[1] - 2, box[2] + 3, box[3] + 2), 4, MARK)
            found = True
    return ImageChops.multiply(picture, marks), found


def _open(pdf: str | bytes, passwords: Sequence[str]) -> pypdfium2.PdfDocument:
    for password in ("", *passwords):
        try:
            return pypdfium2.PdfDocument(pdf, password=password or None)
        except pypdfium2.PdfiumError:
            if password == (passwords or [""])[-1]:
                raise
    raise AssertionError("unreachable")


def _box(text: pypdfium2.PdfTextPage, index: int, to_bitmap: Any) -> Box:
    left, bottom, right, top = text.get_charbox(index, loose=True)
    (x0, y0), (x1, y1) = to_bitmap(left, top), to_bitmap(right, bottom)
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def unpacked(path: Path, within: str, limits: Limits) -> bytes:
    """Return what is in a file of an archive; raises DocumentError if it may not be read.

    The file is found among those that a reindex finds there: no name leads anywhere else, and
    nothing is written to disk.
    """
    archive = SourceFile("", path, 0, 0)
    for member in list_members(path, limits) or ():
        name = file_in_archive(archive, member.inside, member.size, member.refusal).name
        if name == f"/{within}" and not member.refusal:
            return read_member(path, member.inside, limits)[0]
    raise DocumentError(f"{within} is no longer in its archive.")


def main() -> None:
    """Draw what is asked for; the first byte tells whether the passage is marked."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    job = json.load(sys.stdin)
    limits = Limits(**job["limits"])
    path, within = job["path"], job["within"]
    pdf = unpacked(Path(path), within, limits) if within else path
    picture, found = draw(pdf, job["number"], job["passage"], limits.passwords)
    sys.stdout.buffer.write(b"1" if found else b"0")
    picture.quantize(128, dither=Image.Dither.NONE).save(sys.stdout.buffer, "PNG", optimize=False)


if __name__ == "__main__":
    main()
