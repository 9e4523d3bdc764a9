"""Excel workbooks (XLSX): each visible sheet, its cells as Excel shows them."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl  # type: ignore[import-untyped]
from openpyxl.cell import Cell  # type: ignore[import-untyped]
from openpyxl.workbook import Workbook  # type: ignore[import-untyped]
from openpyxl.worksheet.worksheet import Worksheet  # type: ignore[import-untyped]

from ingest.documents import LoadedDocument
from ingest.errors import DocumentError
from ingest.loaders.builder import DocumentBuilder, one_line, title_of_name
from ingest.loaders.sheets import SheetRow, add_sheet

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Merged cells are filled in; one that covers a whole sheet must not fill a million.
_MAX_MERGED_CELLS = 10_000
_DECIMALS = re.compile(r"\.([0#?]+)")
_CURRENCY = re.compile(r"[$€£¥]")
# What a number format says besides how the number is written: conditions, colours, text.
_NOT_DIGITS = re.compile(r'"[^"]*"|\\.|\[(?!\$)[^\]]*\]|_.|\*.')


def load_xlsx(data: bytes, name: str) -> LoadedDocument:
    """Read a workbook; each sheet becomes a section of table rows.

    Formulas count with the value that Excel last stored for them. Left out: hidden sheets (with a
    warning), charts, comments, formulas that were never calculated. Raises DocumentError if the
    workbook is damaged.
    """
    builder = DocumentBuilder(MEDIA_TYPE)
    with _opened(data, name) as workbook:
        sheets = {sheet.title: _rows(sheet) for sheet in _visible(workbook, builder)}
        title = one_line(str(workbook.properties.title or ""))
    sheets = {name: rows for name, rows in sheets.items() if any(row.filled for row in rows)}
    for sheet, rows in sheets.items():
        if len(sheets) > 1:
            builder.heading(sheet, 1)
        add_sheet(builder, rows, level=min(len(sheets), 2))
    own = title or (builder.first_heading if len(sheets) == 1 else "")
    return builder.build(own or title_of_name(name))


def table_rows(data: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield number and cells of each row of a workbook's first visible sheet, all of one width."""
    with _opened(data, name) as workbook:
        sheets = list(_visible(workbook, DocumentBuilder(MEDIA_TYPE)))
        rows = _rows(sheets[0]) if sheets else []
    width = max((len(row.cells) for row in rows), default=0)
    for number, row in enumerate(rows, 1):
        yield number, [*row.cells, *[""] * (width - len(row.cells))]


@contextmanager
def _opened(data: bytes, name: str) -> Iterator[Workbook]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of extensions that openpyxl does not know
            workbook = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
            try:
                yield workbook
            finally:
                workbook.close()
    except MemoryError:
        raise
    except Exception as error:
        # A package may break at any part of zip, XML or relations, each with errors of its own.
        reason = one_line(str(error))[:200].rstrip(".") or type(error).__name__
        raise DocumentError(f"{name} is a damaged Excel workbook: {reason}.") from None


def _visible(workbook: Workbook, builder: DocumentBuilder) -> Iterator[Worksheet]:
    for sheet in workbook.worksheets:
        if sheet.sheet_state == "visible":
            yield sheet
        else:
            builder.warn(f"The sheet {one_line(sheet.title)!r} is hidden and was not read.")


def _rows(sheet: Worksheet) -> list[SheetRow]:
    cells = [[_shown(cell) for cell in row] for row in sheet.iter_rows()]
    width = max((len(_trimmed(row)) for row in cells), default=0)
    titles: set[int] = set()
    headers: dict[int, int] = {}
    for merged in sheet.merged_cells.ranges:
        top, left, bottom, right = merged.min_row, merged.min_col, merged.max_row, merged.max_col
        if (bottom - top + 1) * (right - left + 1) > _MAX_MERGED_CELLS:
            continue
        beside = cells[top - 1][: left - 1] + cells[top - 1][right:]
        if right > left and not any(beside):
            titles.add(top)
            continue
        text = cells[top - 1][left - 1]
        for row in range(top, bottom + 1):
            cells[row - 1][left - 1 : right] = [text] * (right - left + 1)
        needed = max(bottom - top + 1, 2 if right > left else 1)
        headers[top] = max(headers.get(top, 1), needed)
    return [
        SheetRow(_trimmed(row)[:width], number in titles, headers.get(number, 1))
        for number, row in enumerate(cells, 1)
    ]


def _trimmed(cells: list[str]) -> list[str]:
    """Drop the empty cells at the end of a row: many sheets are formatted far to the right."""
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _shown(cell: Cell | Any) -> str:
    """Return a cell's value about as Excel shows it: dates, percentages, amounts, digits."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        midnight = value.time() == time()
        return f"{value:%Y-%m-%d}" if midnight else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, int | float):
        return _number(value, str(cell.number_format or ""))
    return one_line(str(value))


def _number(value: float, number_format: str) -> str:
    shape = _NOT_DIGITS.sub("", number_format.partition(";")[0])
    if "%" in shape:
        return f"{_rounded(value * 100, shape)}%"
    text = _rounded(abs(value), shape)
    if "," in shape:
        whole, point, rest = text.partition(".")
        text = f"{int(whole):,}{point}{rest}"
    currency = _CURRENCY.search(number_format)
    sign = "-" if value < 0 else ""
    return f"{sign}{currency[0] if currency else ''}{text}"


def _rounded(value: float, shape: str) -> str:
    """Round as the format says; without one, 15 digits are what Excel keeps."""
    decimals = _DECIMALS.search(shape)
    if decimals:
        return f"{value:.{len(decimals[1])}f}"
    if "0" in shape or "#" in shape:
        return f"{value:.0f}"
    text = f"{value:.15g}"
    return f"{value:.0f}" if "e+" in text else text
