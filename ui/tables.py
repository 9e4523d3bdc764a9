"""An answer's table: to look at as HTML, to keep as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence

from bot.answer import AnswerTable, Cell, Column
from ui import strings
from ui.rendering import attached, escape, joined, marker, printable, small

SIDE_BY_SIDE = 4
# A spreadsheet takes a cell that opens with one of these for a formula, or for its separator.
_FORMULA_OPENERS = tuple("=+-@\t\r\n＝＋－＠")


def table_html(table: AnswerTable, cited: Collection[int] = (), anchor: str = "") -> str:
    """Return a comparison as a table that scrolls sideways where the screen is narrow.

    A few entities with many figures stand side by side; a longer list has one line for each.
    """
    few = len(table.rows) <= SIDE_BY_SIDE and len(table.columns) - 1 > len(table.rows)
    lay_out = _columns_of_entities if few else _rows_of_entities
    caption = table_caption(table)
    below = f'<div class="gk-caption">{escape(caption)}</div>' if caption else ""
    return (
        f'<div class="gk-scroll" tabindex="0" role="region" aria-label="{strings.TABLE}">'
        f'<table class="gk-table">{lay_out(table, cited, anchor)}</table></div>{below}'
    )


def table_caption(table: AnswerTable) -> str:
    """Return where the figures come from, each source once."""
    return "; ".join(dict.fromkeys(c.source for c in table.columns if c.source))


def _rows_of_entities(table: AnswerTable, cited: Collection[int], anchor: str) -> str:
    first, *figures = table.columns
    head = _corner(first) + "".join(_column_head(column) for column in figures)
    body = "".join(
        f"<tr>{_entity(table, i, cited, anchor, 'row')}{''.join(_cells(table, i))}</tr>"
        for i in range(len(table.rows))
    )
    return f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"


def _columns_of_entities(table: AnswerTable, cited: Collection[int], anchor: str) -> str:
    figures = table.columns[1:]
    rows = range(len(table.rows))
    names = "".join(_entity(table, i, cited, anchor, "col") for i in rows)
    head = _corner(Column(label="")) + names
    cells = [_cells(table, i) for i in rows]
    body = "".join(
        f'<tr><th scope="row">{_label(column)}</th>{"".join(row[j] for row in cells)}</tr>'
        for j, column in enumerate(figures)
    )
    return f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"


def _corner(column: Column) -> str:
    return f'<th scope="col">{escape(column.label)}</th>'


def _column_head(column: Column) -> str:
    return f'<th scope="col" class="{_side(column)}">{_label(column)}</th>'


def _label(column: Column) -> str:
    unit = "" if column.unit.lower() in column.label.lower().split() else column.unit
    return f"{escape(column.label)}{small(joined(unit, column.vintage))}"


def _entity(table: AnswerTable, row: int, cited: Collection[int], anchor: str, scope: str) -> str:
    number = table.citations[row] if row < len(table.citations) else 0
    link = marker(number, anchor) if number in cited else ""
    return f'<th scope="{scope}">{attached(_shown(table, row)[0], link)}</th>'


def _cells(table: AnswerTable, row: int) -> list[str]:
    """Return the figures of one entity as table cells, what is not reported said in words."""
    cells = []
    for column, value, text in zip(
        table.columns[1:], table.rows[row][1:], _shown(table, row)[1:], strict=True
    ):
        side = "gk-missing" if value is None else _side(column)
        cells.append(f'<td class="{side}">{escape(text)}</td>')
    return cells


def _side(column: Column) -> str:
    return "gk-figure" if column.type in ("money", "count", "number", "percent") else "gk-words"


def _shown(table: AnswerTable, row: int) -> Sequence[str]:
    if row < len(table.display):
        return table.display[row]
    return [strings.NOT_REPORTED if cell is None else str(cell) for cell in table.rows[row]]


def table_csv(table: AnswerTable) -> bytes:
    """Return the table's values as CSV with one header line, for any spreadsheet (UTF-8 with BOM).

    Figures stay plain numbers and what is not reported stays empty. Text that a spreadsheet
    would take for a formula gets an apostrophe in front (OWASP, CSV injection).
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_plain_cell(_heading(column)) for column in table.columns])
    writer.writerows([_plain_cell(cell) for cell in row] for row in table.rows)
    return out.getvalue().encode("utf-8-sig")


def _heading(column: Column) -> str:
    about = joined(column.unit, column.source, column.vintage)
    return f"{column.label} ({about})" if about else column.label


def _plain_cell(cell: Cell) -> Cell:
    if not isinstance(cell, str):
        return cell
    text = printable(cell)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_OPENERS) else text
