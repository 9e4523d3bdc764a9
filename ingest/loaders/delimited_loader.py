"""CSV and TSV files that the card does not declare: their rows as text."""

from __future__ import annotations

import csv
import io
from collections import Counter
from itertools import islice

from ingest.documents import LoadedDocument
from ingest.errors import DocumentError
from ingest.loaders.builder import DocumentBuilder, title_of_name
from ingest.loaders.decoding import decode
from ingest.loaders.sheets import SheetRow, add_sheet

CSV_TYPE = "text/csv"
TSV_TYPE = "text/tab-separated-values"
DELIMITERS = (",", ";", "\t", "|")
_SNIFFED_ROWS = 50
_SNIFFED_CHARS = 256 * 1024


def load_csv(data: bytes, name: str) -> LoadedDocument:
    """Read a CSV file, its delimiter guessed; each row becomes "Column: value; …"."""
    text = decode(data, name)
    return _load(text, name, sniff_delimiter(text), CSV_TYPE)


def load_tsv(data: bytes, name: str) -> LoadedDocument:
    """Read a file of tab-separated values; each row becomes "Column: value; …"."""
    text = decode(data, name)
    delimiter = "\t" if "\t" in text[:_SNIFFED_CHARS] else sniff_delimiter(text)
    return _load(text, name, delimiter, TSV_TYPE)


def sniff_delimiter(text: str) -> str:
    """Return the delimiter under which the first rows are most alike in width.

    csv.Sniffer is not used: it takes letters for delimiters when a file has one column, and
    loses quoted delimiters.
    """
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        try:
            reader = csv.reader(io.StringIO(text[:_SNIFFED_CHARS], newline=""), delimiter=delimiter)
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
        rows = [SheetRow(row) for row in reader]
    except csv.Error as error:
        raise DocumentError(f"{name} is not a readable table: {error}.") from None
    builder = DocumentBuilder(media_type)
    count, odd = add_sheet(builder, rows)
    if odd:
        builder.warn(f"{odd} of {count} rows have more or fewer cells than the header.")
    return builder.build(builder.first_heading or title_of_name(name))
