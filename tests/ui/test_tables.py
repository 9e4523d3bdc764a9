from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answer import AnswerTable, Cell, Column
from ui.sorting import MOST_COLUMNS
from ui.tables import table_caption, table_csv, table_html, without_repeated_figures

NAME = Column(label="Bird")
WEIGHT = Column(label="Weight", unit="g", type="number", source="Yearbook", vintage="2025")
EGGS = Column(label="Eggs", type="count", source="Yearbook")


def table_of(*rows: tuple[Cell, ...], columns: tuple[Column, ...] = (NAME, WEIGHT)) -> AnswerTable:
    display = tuple(tuple("not reported" if c is None else f"{c}!" for c in row) for row in rows)
    return AnswerTable(
        columns=columns,
        rows=rows,
        display=display,
        citations=tuple(range(1, len(rows) + 1)),
    )


def read(table: AnswerTable) -> list[list[str]]:
    return list(csv.reader(io.StringIO(table_csv(table).decode("utf-8-sig"))))


def test_a_list_has_a_row_for_each_entity() -> None:
    html = table_html(table_of(("Wren", 9), ("Robin", 18)), {2}, "k")
    assert html.count("<tr ") == 3
    assert '<td role="cell" class="gk-figure">9!</td>' in html
    assert "<small>g, 2025</small>" in html
    assert 'href="#source-k-2"' in html
    assert "source-k-1" not in html


def test_two_entities_with_many_figures_stand_side_by_side() -> None:
    columns = (NAME, WEIGHT, EGGS, Column(label="Wingspan"))
    html = table_html(table_of(("Wren", 9, 6, 15), ("Robin", 18, 5, 21), columns=columns))
    assert '<th scope="col" role="columnheader">Wren!</th>' in html
    assert (
        '<th scope="row" role="rowheader">Eggs</th><td role="cell" class="gk-figure">6!</td>'
        in html
    )


def test_what_is_not_reported_says_so() -> None:
    assert '<td role="cell" class="gk-missing">not reported</td>' in table_html(
        table_of(("Wren", None))
    )
    bare = AnswerTable(columns=(NAME, WEIGHT), rows=(("Wren", None),))
    assert '<td role="cell" class="gk-missing">not reported</td>' in table_html(bare)


def test_one_entity_has_a_line_for_each_figure() -> None:
    html = table_html(table_of(("Wren", 9, 6), columns=(NAME, WEIGHT, EGGS)), {1}, "k")
    assert html.count('<tr role="row">') == 2
    assert "<thead>" not in html
    assert 'aria-label="Wren!"' in html


def test_a_page_has_room_for_so_many_columns_and_the_csv_for_all() -> None:
    columns = (NAME, *(Column(label=f"c{n}") for n in range(20)))
    table = table_of(*[tuple(["Wren", *range(20)])] * 5, columns=columns)
    assert table_html(table).count('scope="col"') == MOST_COLUMNS
    assert len(read(table)[1]) == 21


OVERVIEW = table_of(("Wren", 9, None), columns=(NAME, WEIGHT, EGGS))


def test_figures_that_the_table_repeats_are_left_out_of_the_text() -> None:
    text = "Yes. Wren (Troglodytidae): weight 9! g (2025); eggs not reported [1]. It sings [2]."
    shown = "Yes. Wren (Troglodytidae) [1]. It sings [2]."
    assert without_repeated_figures(text, OVERVIEW) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Wren: weight 8! g (2025); eggs not reported [1].",
        "Wren: weight 9! g (2024); eggs not reported [1].",
        "Wren: weight 9! g (2025); eggs not reported; a small bird [1].",
        "Wren: weight 9! g (2025) [1].",
        "Wren: eggs not reported; weight 9! g (2025) [1].",
    ],
)
def test_nothing_that_the_table_does_not_say_is_left_out(text: str) -> None:
    assert without_repeated_figures(text, OVERVIEW) == text


def test_of_several_entities_the_text_stays_whole() -> None:
    table = table_of(("Wren", 9, 6), ("Robin", 18, 5), columns=(NAME, WEIGHT, EGGS))
    text = "Wren: weight 9! g; eggs 6! [1]."
    assert without_repeated_figures(text, table) == text


def test_each_source_is_named_once_below() -> None:
    assert table_caption(table_of(("Wren", 9, 6), columns=(NAME, WEIGHT, EGGS))) == "Yearbook"


def test_csv_holds_plain_values_and_says_what_they_are() -> None:
    assert read(table_of(("Wren", 9.5), ("Robin", None))) == [
        ["Bird", "Weight (g, Yearbook, 2025)"],
        ["Wren", "9.5"],
        ["Robin", ""],
    ]


@pytest.mark.parametrize("opener", ["=", "+", "-", "@", "\t", "  =", "＝", "\r="])
def test_no_text_becomes_a_formula(opener: str) -> None:
    (_, (cell, _)) = read(table_of((f'{opener}HYPERLINK("x")', 1)))
    assert cell.startswith("'")


def test_a_negative_figure_stays_a_number() -> None:
    assert read(table_of(("Wren", -3.5)))[1] == ["Wren", "-3.5"]


@given(st.lists(st.tuples(st.text(), st.none() | st.integers() | st.text()), max_size=5))
def test_every_text_survives_and_none_is_a_formula(rows: list[tuple[Cell, ...]]) -> None:
    for cells in read(table_of(*rows))[1:]:
        for cell in cells:
            harmless = not cell.lstrip(" ").startswith(tuple("=+@\t\r\n＝＋－＠"))
            assert harmless
            assert not cell.lstrip(" ").startswith("-") or float(cell) < 0


def test_many_figures_carry_their_names_for_a_phone() -> None:
    columns = (NAME, WEIGHT, EGGS, Column(label="Wingspan"))
    birds = (("Wren", 9, 6, 15), ("Robin", 18, 5, 21), ("Owl", 480, 4, 94))
    by_bird = table_html(table_of(*birds, columns=columns))
    assert '<span class="gk-named" aria-hidden="true">Eggs</span>6!' in by_bird
    more = tuple((*bird, "brown") for bird in birds)
    by_figure = table_html(table_of(*more, columns=(*columns, Column(label="Colour"))))
    assert '<span class="gk-named" aria-hidden="true">Wren!</span>6!' in by_figure


def test_few_figures_need_no_names_of_their_own() -> None:
    assert "gk-named" not in table_html(table_of(("Wren", 9), ("Robin", 18)))
