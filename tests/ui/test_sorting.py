from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.answer import AnswerTable, Cell, Column
from ui.sorting import DOWN, MOST_COLUMNS, UP, given_order, places, row_styles, sorting_css
from ui.tables import table_html

cells = st.lists(st.none() | st.integers() | st.floats() | st.text(max_size=3), max_size=8)
NAME = Column(label="Bird")
WEIGHT = Column(label="Weight", type="number", better="lower")
EGGS = Column(label="Eggs", type="count")


def html_of(*rows: tuple[Cell, ...]) -> str:
    return table_html(AnswerTable(columns=(NAME, WEIGHT, EGGS), rows=rows), anchor="k")


def test_what_is_not_reported_comes_last_both_ways() -> None:
    assert places([3, None, 1, 2]) == [3, 4, 1, 2]
    assert places([3, None, 1, 2], downwards=True) == [1, 4, 3, 2]
    assert places([float("nan"), 1]) == [2, 1]


def test_words_are_in_order_whatever_their_case() -> None:
    assert places(["wren", "Robin", "", "tit"]) == [3, 1, 4, 2]


@given(cells, st.booleans())
def test_every_row_has_one_place_and_equals_keep_theirs(column: list[Cell], down: bool) -> None:
    found = places(column, downwards=down)
    assert sorted(found) == list(range(1, len(column) + 1))
    for i, j in zip(range(len(column)), range(1, len(column)), strict=False):
        if column[i] == column[j]:
            assert found[i] < found[j]


def test_a_row_knows_its_place_in_every_order() -> None:
    first, second, third = row_styles([("Wren", 9), ("Robin", None), ("Tit", 7)])
    assert first == "--up-0:3;--down-0:1;--up-1:2;--down-1:1;"
    assert "--up-1:3;--down-1:3;" in second
    assert "--up-1:1;--down-1:2;" in third


def test_there_is_a_rule_for_every_column_and_way() -> None:
    rules = re.findall(
        r"\.gk-(up|down)-(\d+):checked\)>tbody>tr\{order:var\(--(\S+?)\)", sorting_css()
    )
    assert rules == [(way, str(n), f"{way}-{n}") for n in range(MOST_COLUMNS) for way in (UP, DOWN)]


def test_the_better_end_comes_with_the_first_tap() -> None:
    """The button that comes last lies on top of the other."""
    html = html_of(("Wren", 9, 6), ("Robin", 18, 5), ("Tit", 7, 9))
    ways = re.findall(r'class="gk-(\w+) gk-\w+-(\d)"', html)
    assert ways == [
        ("down", "0"),
        ("up", "0"),
        ("down", "1"),
        ("up", "1"),
        ("up", "2"),
        ("down", "2"),
    ]
    assert html.count('name="sort-k"') == 6
    assert 'aria-label="Sort by Weight: lowest first"' in html


def test_the_order_that_a_table_comes_in_is_shown() -> None:
    rows = (("Wren", 7, 6), ("Robin", 9, 9), ("Tit", 9, 5), ("Owl", None, 1))
    assert given_order(rows) == (1, UP)
    assert re.findall(r'"([^"]+)" checked', html_of(*rows)) == ["Sort by Weight: lowest first"]
    assert given_order((("Wren", 7), ("Wren", 7), ("Wren", 7))) is None


def test_two_rows_need_no_sorting() -> None:
    assert "<input" not in table_html(
        AnswerTable(columns=(NAME, EGGS), rows=(("Wren", 6), ("Robin", 5)))
    )
