"""Scanned pages read by Tesseract, where it is installed: a picture in, lines with places out.

Tesseract is a program of the system (Debian: tesseract-ocr) and no dependency: without it, scanned
pages are reported and left out. It runs as a process of the reading worker and dies with it.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache

from ingest.loaders.builder import clean
from ingest.loaders.pdf_lines import Line

PROGRAM = "tesseract"
DOTS_PER_INCH = 300
POINTS_PER_INCH = 72
# Of words of which Tesseract is less sure than this, in percent, most are dirt on the glass.
_LEAST_CONFIDENCE = 30.0
# Recognised heights vary from line to line; one size for all keeps them from being headings.
_SIZE = 10.0


@dataclass(frozen=True)
class Picture:
    """A page in grey, a byte a dot, row by row from above; `height_points` is the page's."""

    width: int
    height: int
    dots: bytes
    height_points: float

    @property
    def scale(self) -> float:
        """Points for each dot."""
        return self.height_points / self.height

    def as_pgm(self) -> bytes:
        """Return the picture as a file that any program reads (Netpbm's P5)."""
        return b"P5 %d %d 255\n%s" % (self.width, self.height, self.dots)


@cache
def installed() -> bool:
    """Whether there is a Tesseract on the path."""
    return shutil.which(PROGRAM) is not None


def read_picture(picture: Picture, page: int, languages: str, seconds: float) -> list[Line]:
    """Return the lines of text in a picture.

    `languages` as Tesseract names them ("eng+deu"). Raises OSError if it fails (a language that
    is not installed), TimeoutError past the time.
    """
    command = [PROGRAM, "stdin", "stdout", "-l", languages, "--dpi", str(DOTS_PER_INCH), "tsv"]
    try:
        done = subprocess.run(
            command,
            input=picture.as_pgm(),
            capture_output=True,
            timeout=seconds,
            check=False,
            # One thread: several pages are read side by side by several workers.
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    if done.returncode:
        raise OSError(_complaint(done.stderr) or f"{PROGRAM} ended with {done.returncode}")
    return _lines(done.stdout.decode("utf-8", "replace"), picture, page)


def _complaint(said: bytes) -> str:
    """Return the line that says most: which language is missing, or the last."""
    lines = clean(said.decode("utf-8", "replace")).split("\n")
    return next((line for line in lines if "language" in line), lines[-1])[:200]


def _lines(table: str, picture: Picture, page: int) -> list[Line]:
    """Turn Tesseract's table of words into lines; a line is block, paragraph and line number."""
    rows = csv.DictReader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    words: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for row in rows:
        if row["text"].strip() and float(row["conf"]) >= _LEAST_CONFIDENCE:
            key = (row["block_num"], row["par_num"], row["line_num"])
            words.setdefault(key, []).append(row)
    return [_line(found, picture, page) for found in words.values()]


def _line(words: list[dict[str, str]], picture: Picture, page: int) -> Line:
    bottom = max(int(word["top"]) + int(word["height"]) for word in words)
    return Line(
        clean(" ".join(word["text"] for word in words)),
        page,
        int(words[0]["left"]) * picture.scale,
        picture.height_points - bottom * picture.scale,
        _SIZE,
    )
