"""Tables that the browser sorts by itself, at a tap on the head of a column.

Each head holds two radio buttons, each row knows its place in every order, and a style sheet puts
the two together. So nothing is sent, no script runs and no page is drawn anew: what a reader has
opened stays open. (A dataframe of Streamlit's would sort as well, but it is a canvas: without
links to the sources, without a row's name for a screen reader, and with a CSV of its own.)
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.answer import AnswerTable, Cell
from ui import strings
from ui.rendering import escape

MOST_COLUMNS = 12
UP, DOWN = "up", "down"
ARROW = '<i class="gk-arrow"></i>'


def sorting_css() -> str:
    """Return the style element that gives rows the places of the order that was chosen."""
    rules = "".join(
        f".gk-sortable:has(.gk-{way}-{column}:checked)>tbody>tr{{order:var(--{way}-{column})}}"
        for column in range(MOST_COLUMNS)
        for way in (UP, DOWN)
    )
    return f"<style>{rules}</style>"


def places(cells: Sequence[Cell], *, downwards: bool = False) -> list[int]:
    """Return the place of each cell among all, from 1; what is not reported comes last."""
    known = [row for row, cell in enumerate(cells) if not _missing(cell)]
    missing = [row for row, cell in enumerate(cells) if _missing(cell)]
    order = sorted(known, key=lambda row: _key(cells[row]), reverse=downwards) + missing
    return [place for _, place in sorted(zip(order, range(1, len(cells) + 1), strict=True))]


def _missing(cell: Cell) -> bool:
    return cell is None or cell != cell or cell == ""


def _key(cell: Cell) -> tuple[float, str]:
    return (float("inf"), cell.casefold()) if isinstance(cell, str) else (float(cell or 0), "")


def row_styles(rows: Sequence[Sequence[Cell]]) -> list[str]:
    """Return for each row, as CSS, its place in the order of every column, both ways."""
    styles = [""] * len(rows)
    for column, cells in enumerate(zip(*rows, strict=True)):
        for way in (UP, DOWN):
            for row, place in enumerate(places(cells, downwards=way == DOWN)):
                styles[row] += f"--{way}-{column}:{place};"
    return styles


def sort_buttons(table: AnswerTable, place: int, group: str) -> str:
    """Return the two radio buttons of a head; the one that a tap reaches first comes last.

    Of a table that comes in an order, the button of that order is pressed already.
    """
    column = table.columns[place]
    words = column.type in ("text", "category")
    told = (
        (strings.A_TO_Z, strings.Z_TO_A) if words else (strings.LOWEST_FIRST, strings.HIGHEST_FIRST)
    )
    both = [
        f'<input type="radio" class="gk-{way} gk-{way}-{place}" name="sort-{escape(group)}" '
        f'aria-label="{escape(strings.SORT_BY.format(column=column.label, order=order))}"'
        f"{' checked' if given_order(table.rows) == (place, way) else ''}>"
        for way, order in zip((UP, DOWN), told, strict=True)
    ]
    return "".join(both[::-1] if words or column.better == "lower" else both)


def given_order(rows: Sequence[Sequence[Cell]]) -> tuple[int, str] | None:
    """Return the column that the rows are ordered by as they come, and which way; figures first."""
    columns = list(enumerate(zip(*rows, strict=True)))
    for column, cells in [*columns[1:], *columns[:1]]:
        for way in (UP, DOWN):
            if len(set(cells)) > 1 and places(cells, downwards=way == DOWN) == [
                *range(1, len(rows) + 1)
            ]:
                return column, way
    return None
