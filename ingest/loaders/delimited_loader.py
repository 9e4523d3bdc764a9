"""CSV and TSV files that the card does not declare: their rows as text."""

from __future__ import annotations

import csv
import io
from collections import Counter
from itertools import islice

from ingest.documents import LoadedDocument
from ingest.errors import DocumentError
from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.decoding import decode
from ingest.loaders.table_rows import looks_like_header, row_text

CSV_TYPE = "text/csv"
TSV_TYPE = "text/tab-separated-values"
_DELIMITERS = (",", ";", "\t", "|")
_SNIFFED_ROWS = 50


def load_csv(data: bytes, name: str) -> LoadedDocument:
    """Read a CSV file, its delimiter guessed; each row becomes "Column: value; …"."""
    text = decode(data, name)
    return _load(text, name, sniff_delimiter(text), CSV_TYPE)


def load_tsv(data: bytes, name: str) -> LoadedDocument:
    """Read a file of tab-separated values; each row becomes "Column: value; …"."""
    return _load(decode(data, name), name, "\t", TSV_TYPE)


def sniff_delimiter(text: str) -> str:
    """Return the delimiter under which the first rows are most alike in width.

    csv.Sniffer is not used: it takes letters for delimiters when a file has one column, and
    loses quoted delimiters.
    """
    best, best_score = ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        try:
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            widths = Counter(len(row) for row in islice(reader, _SNIFFED_ROWS) if row)
        except csv.Error:
            continue
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        score = (count / widths.total(), width)
        if width > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


def _load(text: str, name: str, delimiter: str, media_type: str) -> LoadedDocument:
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        rows = [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise DocumentError(f"{name} is not a readable table: {error}.") from None
    builder = DocumentBuilder(media_type)
    header = rows[0] if looks_like_header(rows) else []
    body = rows[1:] if header else rows
    for row in body:
        builder.table_row(row_text(header, row))
    odd = sum(1 for row in body if header and len(row) != len(header))
    if odd:
        builder.warn(f"{odd} of {len(body)} rows have more or fewer cells than the header.")
    return builder.build("")
