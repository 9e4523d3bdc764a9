"""An answer's table: to look at as HTML, to keep as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Sequence

from bot.answer import AnswerTable, Cell, Column
from bot.spreadsheet import harmless
from ui import strings
from ui.rendering import MARKER, attached, escape, joined, marker, printable, small
from ui.sorting import ARROW, MOST_COLUMNS, row_styles, sort_buttons

FIGURE_TYPES = ("money", "count", "number", "percent")
SIDE_BY_SIDE = 4
SORTED_FROM = 3
# So many, and a phone's width does not hold them beside each other (ui/style.css).
STACKED_COLUMNS = 4
STACKED_ENTITIES = 3


def table_html(table: AnswerTable, cited: Collection[int] = (), anchor: str = "") -> str:
    """Return a comparison as a table, whose figures stand below each other on a phone.

    A few entities with many figures stand side by side; a longer list has one line for each, and
    is sorted by a tap on a column's head. `anchor` tells apart the tables of one page.
    """
    table = narrowed(table)
    few = len(table.rows) <= SIDE_BY_SIDE and len(table.columns) - 1 > len(table.rows)
    drawn = (_columns_of_entities if few else _rows_of_entities)(table, cited, anchor)
    caption = table_caption(table)
    below = f'<div class="gk-caption">{escape(caption)}</div>' if caption else ""
    return (
        f'<div class="gk-scroll" tabindex="0" role="region" aria-label="{strings.TABLE}">'
        f"{drawn}</div>{below}"
    )


def narrowed(table: AnswerTable) -> AnswerTable:
    """Return the columns that a page has room for; the CSV holds all."""
    return table.model_copy(
        update={
            "columns": table.columns[:MOST_COLUMNS],
            "rows": tuple(row[:MOST_COLUMNS] for row in table.rows),
            "display": tuple(row[:MOST_COLUMNS] for row in table.display),
        }
    )


def table_caption(table: AnswerTable) -> str:
    """Return where the figures come from, each source once."""
    return "; ".join(dict.fromkeys(c.source for c in table.columns if c.source))


def _rows_of_entities(table: AnswerTable, cited: Collection[int], anchor: str) -> str:
    """One line for each entity. Roles are named: with a layout of its own a table may lose them."""
    several = len(table.rows) >= SORTED_FROM
    stacked = len(table.columns) >= STACKED_COLUMNS
    what = [column_label(column) for column in table.columns[1:]] if stacked else ()
    head = "".join(
        f'<th scope="col" role="columnheader" class="{side(column)}">'
        f"{sort_buttons(table, place, anchor) if several else ''}"
        f"{column_label(column, ARROW if several else '')}</th>"
        for place, column in enumerate(table.columns)
    )
    body = "".join(
        f'<tr role="row" style="{style}">{_entity(table, i, cited, anchor, "row")}'
        f"{''.join(cells_of(table, i, what))}</tr>"
        for i, style in enumerate(row_styles(table.rows))
    )
    return (
        f'<table class="gk-table gk-sortable{" gk-cards" if stacked else ""}" role="table"'
        f' style="--columns:{len(table.columns)}">'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table>'
    )


def _columns_of_entities(table: AnswerTable, cited: Collection[int], anchor: str) -> str:
    """One line for each figure; of one entity these are two columns, the figure and its name.

    Roles are named: on a phone each line has a layout of its own (ui/style.css).
    """
    rows = range(len(table.rows))
    stacked = len(rows) >= STACKED_ENTITIES
    whose = [escape(shown_cells(table, i)[0]) if stacked else "" for i in rows]
    cells = [cells_of(table, i, [whose[i]] * len(table.columns[1:])) for i in rows]
    body = "".join(
        f'<tr role="row"><th scope="row" role="rowheader">{column_label(column)}</th>'
        f"{''.join(row[j] for row in cells)}</tr>"
        for j, column in enumerate(table.columns[1:])
    )
    if len(rows) == 1:
        # The sentence above names the one entity.
        name = escape(shown_cells(table, 0)[0])
        return f'<table class="gk-table gk-one" aria-label="{name}"><tbody>{body}</tbody></table>'
    names = "".join(_entity(table, i, cited, anchor, "col") for i in rows)
    return (
        f'<table class="gk-table gk-side{" gk-lines" if stacked else ""}" role="table"'
        f' style="--entities:{len(rows)}">'
        f'<thead role="rowgroup"><tr role="row"><td role="cell"></td>{names}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table>'
    )


def column_label(column: Column, mark: str = "") -> str:
    """Return a column's name with a mark of ours, and below it unit and time of its figures."""
    said = column.unit.lower() in [*column.label.lower().split(), "%"]
    return (
        f"{escape(column.label)}{mark}{small(joined('' if said else column.unit, column.vintage))}"
    )


def _entity(table: AnswerTable, row: int, cited: Collection[int], anchor: str, scope: str) -> str:
    number = table.citations[row] if row < len(table.citations) else 0
    link = marker(number, anchor) if number in cited else ""
    role = "rowheader" if scope == "row" else "columnheader"
    name = attached(shown_cells(table, row)[0], link)
    return f'<th scope="{scope}" role="{role}">{name}</th>'


def cells_of(table: AnswerTable, row: int, names: Sequence[str] = ()) -> list[str]:
    """Return the figures of one entity as table cells, what is not reported said in words.

    `names` are in HTML what a phone shows in front of each, where it has no room for the heads;
    a screen reader has those in any case.
    """
    columns, values, texts = table.columns[1:], table.rows[row][1:], shown_cells(table, row)[1:]
    cells = []
    for column, value, text, name in zip(
        columns, values, texts, names or [""] * len(columns), strict=True
    ):
        shown = "gk-missing" if value is None else side(column)
        named = f'<span class="gk-named" aria-hidden="true">{name}</span>' if name else ""
        cells.append(f'<td role="cell" class="{shown}">{named}{escape(text)}</td>')
    return cells


def side(column: Column) -> str:
    """Return the class of a column's cells: figures stand at the right."""
    return "gk-figure" if column.type in FIGURE_TYPES else "gk-words"


def shown_cells(table: AnswerTable, row: int) -> Sequence[str]:
    """Return the cells of a row as a person reads them."""
    if row < len(table.display):
        return table.display[row]
    return [strings.NOT_REPORTED if cell is None else str(cell) for cell in table.rows[row]]


def without_repeated_figures(text: str, table: AnswerTable) -> str:
    """Return an answer about one entity without the list of figures that its table repeats.

    Only a list that says of every column what the cell says, and nothing else, is left out.
    """
    if len(table.rows) != 1:
        return text
    said = [
        rf"{re.escape(column.label)} {re.escape(shown)}(?: {re.escape(column.unit)})?"
        rf"(?: \({re.escape(column.vintage)}\))?"
        for column, shown in zip(table.columns[1:], shown_cells(table, 0)[1:], strict=True)
    ]
    return re.sub(rf": {'; '.join(said)} (?={MARKER.pattern})", " ", text, count=1, flags=re.I)


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
    return harmless(printable(cell))
