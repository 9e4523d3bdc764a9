"""Files that have broken readers before: each is read or refused with a reason, in bounded time.

Reads `../shared/data/torture` (206 PDFs of PDF.js's own tests, DOCX, CSV with the rows that they
should give as JSON, naughty strings as contents and as names of files), and bombs made here,
through the worker processes as a reindex does, within 10 seconds a file. The PDFs are read with
OCR, if Tesseract is installed, and without; beside it, PDFium and pypdf read them by themselves.
Writes bench/torture.md.

    .venv/bin/python bench/bench_torture.py
"""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import docx
import pypdf
import pypdfium2

from ingest.loaders.limits import Limits
from ingest.loaders.table_rows import row_text
from ingest.reading import Readers, end_idle_workers
from ingest.reading_messages import Answer, Job
from ingest.token_window import TokenWindow

ROOT = Path(__file__).resolve().parent.parent
TORTURE = ROOT.parent / "shared" / "data" / "torture"
FEDERAL = ROOT.parent / "shared" / "data" / "colleges"
REPORT = ROOT / "bench" / "torture.md"
SLOWEST_SECONDS = 10.0
# What is left is for starting the worker and for ending one that is too late.
LIMITS = Limits(seconds=SLOWEST_SECONDS - 1.0)
BARE_SECONDS = 60


@dataclass(frozen=True)
class Read:
    """What came of a file: its text, or why there is none; seconds by the clock."""

    name: str
    kind: str
    answer: Answer
    seconds: float

    @property
    def text(self) -> str:
        """The text that was read."""
        return str((self.answer.document or {}).get("text", ""))


def main() -> int:
    """Read everything, write the report; 1 if a file was too slow or has no reason."""
    if not TORTURE.is_dir():
        print("../shared/data/torture is not here", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        reads = list(read_all([*torture_files(), *naughty_files(Path(folder) / "naughty")]))
        bombs = list(read_all(bomb_files(Path(folder) / "bombs")))
    pdfs = [read for read in reads if read.kind == "PDF"]
    with no_tesseract():
        plain = list(read_all([file for file in torture_files() if file[0] == "PDF"]))
    bare = {name: bare_reader(read_file) for name, read_file in BARE.items()}
    federal = list(read_all([("federal", path) for path in sorted(FEDERAL.glob("*.pdf"))]))
    report = "\n".join(
        [
            *heading(),
            *kinds_table([*reads, *bombs]),
            *csv_lines(reads),
            *readers_table(pdfs, plain, bare),
            *federal_table(federal),
            *failures(reads, bombs),
        ]
    )
    REPORT.write_text(f"{report}\n", encoding="utf-8", errors="backslashreplace")
    print(report)
    every = [*reads, *plain, *bombs]
    slow = [read.name for read in every if read.seconds > SLOWEST_SECONDS]
    silent = [read.name for read in every if not read.answer.failure and not read.text]
    print(f"too slow: {slow}; without text or reason: {silent}", file=sys.stderr)
    return 1 if slow or silent else 0


def read_all(files: Iterable[tuple[str, Path]]) -> Iterator[Read]:
    """Read files one by one through a worker."""
    with Readers(LIMITS, TokenWindow(), 1) as readers:
        for kind, path in files:
            started = time.perf_counter()
            ((_, answer),) = readers.read([Job(str(path), path.name)])
            yield Read(path.name, kind, answer, time.perf_counter() - started)


@contextmanager
def no_tesseract() -> Iterator[None]:
    """Start workers that find no Tesseract, though it is installed."""
    path, os.environ["PATH"] = os.environ["PATH"], ""
    end_idle_workers()
    try:
        yield
    finally:
        os.environ["PATH"] = path
        end_idle_workers()


# --- the files ----------------------------------------------------------------------------------


def torture_files() -> Iterator[tuple[str, Path]]:
    """Yield kind and path of each file of the set."""
    for folder, kind in (("pdf", "PDF"), ("docx", "DOCX"), ("csv_spectrum", "CSV")):
        for path in sorted((TORTURE / folder).iterdir()):
            if path.suffix == f".{kind.lower()}":
                yield kind, path
    yield "naughty strings, whole", TORTURE / "blns" / "blns.txt"


def naughty_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield files for each naughty string: as contents, and as a name where it can be one."""
    folder.mkdir()
    for number, text in enumerate(json.loads((TORTURE / "blns" / "blns.json").read_bytes())):
        data = text.encode("utf-8", "surrogatepass")
        path = folder / f"contents-{number}.txt"
        path.write_bytes(b"In front. " + data + b"\n")
        yield "naughty contents", path
        name = data.replace(b"/", b"_").replace(b"\0", b"_")[:200]
        if name not in (b"", b".", b".."):
            path = folder / os.fsdecode(name + b".txt")
            path.write_text("A file with a naughty name.")
            yield "naughty name", path


def bomb_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield files that are made to use up time or memory."""
    folder.mkdir()
    packed = zlib.compress(b"q Q " * 250_000_000, 9)
    for name, data in {
        "gigabyte-stream.pdf": pdf_of([(len(packed), packed, b"/Filter/FlateDecode")]),
        "100000-pages.pdf": pdf_of([(0, b"", b"")] * 100_000),
        "endless-pages.pdf": b"%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n"
        b"2 0 obj <</Type/Pages/Kids[2 0 R]/Count 99999>> endobj\n"
        b"trailer <</Root 1 0 R/Size 3>>\nstartxref\n0\n%%EOF\n",
        "bomb.docx": zipped({"word/document.xml": b"<w:p>" * 90_000_000}),
        "large.docx": docx_with(b"<w:p><w:r><w:t>word </w:t></w:r></w:p>" * 6_000_000),
        "deep.docx": docx_with(b"<w:sdt><w:sdtContent>" * 1_000_000),
        "bomb.xlsx": zipped({"xl/workbook.xml": b" " * 500_000_000}),
        "nested.html": b"<div>" * 1_000_000 + b"words",
        "nested.md": b"> " * 200_000 + b"words",
        "brackets.md": b"[" * 300_000,
        "one-line.txt": b"word " * 15_000_000,
        "one-word.txt": b"x" * 60_000_000,
        "wide.csv": b",".join(b"%d" % n for n in range(2_000_000)) + b"\n",
        "laughs.xhtml": b"<!DOCTYPE html [<!ENTITY a 'ha'>"
        + b"".join(b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(20))
        + b"]><p>words &u;</p>",
    }.items():
        (folder / name).write_bytes(data)
        yield "bomb", folder / name


def pdf_of(contents: list[tuple[int, bytes, bytes]]) -> bytes:
    """Return a PDF with a page for each content stream."""
    kids = b" ".join(b"%d 0 R" % (3 + 2 * n) for n in range(len(contents)))
    parts = [
        b"%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n",
        b"2 0 obj <</Type/Pages/Kids[%s]/Count %d>> endobj\n" % (kids, len(contents)),
    ]
    for n, (length, data, extra) in enumerate(contents):
        page = b"%d 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents %d 0 R>> endobj\n"
        stream = b"%d 0 obj <</Length %d%s>>stream\n%s\nendstream endobj\n"
        parts.append(page % (3 + 2 * n, 4 + 2 * n))
        parts.append(stream % (4 + 2 * n, length, extra, data))
    parts.append(b"trailer <</Root 1 0 R/Size 3>>\nstartxref\n0\n%%EOF\n")
    return b"".join(parts)


def docx_with(body: bytes) -> bytes:
    """Return a Word document with this in its body, closed or not."""
    made, packed = io.BytesIO(), io.BytesIO()
    docx.Document().save(made)
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in source.namelist():
            data = source.read(name)
            if name == "word/document.xml":
                data = data.replace(b"<w:body>", b"<w:body>" + body)
            new.writestr(name, data)
    return packed.getvalue()


def zipped(parts: dict[str, bytes]) -> bytes:
    """Return a ZIP file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return stream.getvalue()


# --- PDFium and pypdf by themselves -------------------------------------------------------------


def by_pypdf(data: bytes) -> str:
    """Read as pypdf's documentation shows."""
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)


def by_pdfium(data: bytes) -> str:
    """Read as pypdfium2's documentation shows."""
    return "\n".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(data))


BARE: dict[str, Callable[[bytes], str]] = {
    "PDFium by itself": by_pdfium,
    "pypdf by itself": by_pypdf,
}


def bare_reader(read_file: Callable[[bytes], str]) -> dict[str, tuple[str, float]]:
    """Return text, or "" where it failed, and processor seconds for each PDF, the federal too."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    found = {}
    for path in [*sorted((TORTURE / "pdf").glob("*.pdf")), *sorted(FEDERAL.glob("*.pdf"))]:
        started = time.process_time()
        signal.signal(signal.SIGALRM, _time_is_up)
        signal.alarm(BARE_SECONDS)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                text = read_file(path.read_bytes())
        except Exception:
            text = ""  # whatever it raises, nothing came through
        finally:
            signal.alarm(0)
        found[path.name] = (text, time.process_time() - started)
    return found


def _time_is_up(*_: object) -> None:
    raise TimeoutError


# --- the report ---------------------------------------------------------------------------------


def heading() -> list[str]:
    """Return how it was measured."""
    return [
        "# Files under torture",
        "",
        f"Written by `bench/bench_torture.py` on {date.today():%Y-%m-%d}; see there. "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Tesseract {tesseract_version()}. "
        f"Each file went through a worker process with {LIMITS.seconds:g} seconds and "
        f"{LIMITS.memory_megabytes} MB; times are by the clock, the worker's start and end "
        "included.",
    ]


def tesseract_version() -> str:
    """Return what Tesseract says of itself."""
    try:
        told = subprocess.run(["tesseract", "--version"], capture_output=True, text=True)
    except OSError:
        return "not installed"
    return told.stdout.split("\n")[0].removeprefix("tesseract ")


def kinds_table(reads: list[Read]) -> list[str]:
    """Return how many of each kind were read, refused and slow."""
    lines = [
        "",
        "| kind | files | with text | failed with a reason | slowest, s |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for kind in dict.fromkeys(read.kind for read in reads):
        some = [read for read in reads if read.kind == kind]
        good = sum(1 for read in some if read.text)
        failed = sum(1 for read in some if read.answer.failure)
        slowest = max(read.seconds for read in some)
        lines.append(f"| {kind} | {len(some)} | {good} | {failed} | {slowest:.1f} |")
    return lines


def csv_lines(reads: list[Read]) -> list[str]:
    """Return how many CSV files gave the rows that they should."""
    some = [read for read in reads if read.kind == "CSV"]
    right = [read.name for read in some if rows_of(read) == expected_rows(read.name)]
    wrong = sorted({read.name for read in some} - set(right))
    but = f"; not {', '.join(wrong)}" if wrong else ""
    if wrong == ["csvs__location_coordinates.csv"]:
        but += ", whose JSON holds another telephone number than the CSV itself"
    return ["", f"csv-spectrum: {len(right)} of {len(some)} give exactly the rows expected{but}."]


def rows_of(read: Read) -> list[str]:
    """Return the rows as they were read, a row a line."""
    return read.text.split("\n")


def expected_rows(name: str) -> list[str]:
    """Return the rows that the JSON file beside a CSV file holds, in our words."""
    path = TORTURE / "csv_spectrum" / name.replace("csvs__", "json__").replace(".csv", ".json")
    rows = json.loads(path.read_bytes().decode("utf-8", "replace"))
    rows = rows if isinstance(rows, list) else [rows]
    return [row_text(list(row), list(row.values())) for row in rows]


def readers_table(
    pdfs: list[Read], plain: list[Read], bare: dict[str, dict[str, tuple[str, float]]]
) -> list[str]:
    """Return the share of PDFs with text, and how much of it, for each reader."""
    ours = {
        "ours, with OCR": {read.name: (read.text, read.seconds) for read in pdfs},
        "ours, without OCR": {read.name: (read.text, read.seconds) for read in plain},
    }
    lines = [
        "",
        "Of the PDFs, by letters and digits that came through:",
        "",
        "| reader | with text | share | characters | seconds for all |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    names = [read.name for read in pdfs]
    for reader, found in (ours | bare).items():
        texts = [found[name][0] for name in names]
        with_text = sum(1 for text in texts if weight(text))
        seconds = sum(found[name][1] for name in names)
        total = sum(map(weight, texts))
        share = 100 * with_text / len(names)
        lines.append(f"| {reader} | {with_text} | {share:.1f}% | {total:,} | {seconds:.1f} |")
    for reader, found in bare.items():
        lost = [r.name for r in plain if weight(found[r.name][0]) > 0 and not weight(r.text)]
        lines += [
            "",
            f"With text by {reader} and not by us without OCR: {', '.join(lost) or 'none'}.",
        ]
    return lines


def weight(text: str) -> int:
    """Count letters and digits."""
    return sum(1 for character in text if character.isalnum())


def federal_table(federal: list[Read]) -> list[str]:
    """Return what reading long real documents costs each reader, in processor seconds."""
    lines = [
        "",
        "Three federal documents, characters / processor seconds (ours: chunks made too, clock):",
        "",
        "| document | pages | ours | PDFium by itself | pypdf by itself |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    bare = {name: bare_reader(read_file) for name, read_file in BARE.items()}
    for read in federal:
        pages = (read.answer.document or {}).get("pages")
        cells = [f"{weight(read.text):,} / {read.seconds:.2f}"]
        cells += [f"{weight(f[read.name][0]):,} / {f[read.name][1]:.2f}" for f in bare.values()]
        lines.append(f"| {read.name} | {pages} | {' | '.join(cells)} |")
    return lines


def failures(reads: list[Read], bombs: list[Read]) -> list[str]:
    """Return why files failed: of the set counted, of the bombs each."""
    lines = ["", "Why files of the set failed:", ""]
    reasons = Counter(
        f"{read.kind}: {read.answer.failure.replace(read.name, '…')}"
        for read in reads
        if read.answer.failure
    )
    lines += [f"- {count} × {reason}" for reason, count in reasons.most_common()]
    lines += ["", "The bombs:", ""]
    for read in bombs:
        said = read.answer.failure or f"read, {len(read.text):,} characters"
        lines.append(f"- {read.name} ({read.seconds:.1f} s): {said}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
