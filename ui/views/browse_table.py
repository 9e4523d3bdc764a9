"""A table of the corpus, a page at a time: which rows, in which order, with which columns."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from bot.library import Library
from bot.record_pages import MOST_COLUMNS, NAME, PAGE_ROWS, RecordPage, RowsWanted
from ingest.domain import FieldCard, TableCard
from ui import strings
from ui.browse_html import rows_html
from ui.rendering import escape, literal, one_line
from ui.tables import table_caption

LONGEST_NAME = 100


def draw_table(library: Library, table: TableCard) -> None:
    """Draw what is asked for of a table, and below it the page of rows."""
    wanted = _choose(table)
    page = library.rows(replace(wanted, page=_page_number(wanted)))
    if not page.total:
        st.info(strings.NO_ROWS)
        return
    st.html(f'<div role="status" class="gk-found">{_shown_of(page)}</div>')
    st.html(rows_html(page, table.file))
    if caption := table_caption(page.table):
        st.html(f'<div class="gk-caption">{escape(caption)}</div>')
    _offer_pages(page, _page_key(table.name))


def _choose(table: TableCard) -> RowsWanted:
    """Draw the choices in one line on a wide page."""
    name = table.name
    labels = {field.key: field.label for field in table.fields}
    with st.container(key="gk-choices"):
        text = st.text_input(
            strings.NAME_HOLDS,
            key=f"rows-text-{name}",
            max_chars=LONGEST_NAME,
            type="search",
            live=True,
            placeholder=strings.NAME_HOLDS_HELP,
        )
        order = st.selectbox(
            strings.SORT_COLUMN,
            [NAME, *labels],
            format_func=lambda key: one_line(labels.get(key, strings.NAME_HOLDS)),
            key=f"rows-order-{name}",
        )
        words = order == NAME or not table.field(order).numeric
        descending = st.toggle(
            strings.Z_TO_A if words else strings.DESCENDING, key=f"rows-descending-{name}"
        )
    with st.container(horizontal=True, key="gk-more-choices"):
        wanted = RowsWanted(name, (), text or "", order=order, descending=descending)
        wanted = _conditions(table, wanted)
        with st.popover(strings.COLUMNS, icon=":material/view_column:"):
            columns = st.multiselect(
                strings.COLUMNS,
                list(labels),
                default=columns_at_first(table),
                format_func=lambda key: one_line(labels[key]),
                key=f"rows-columns-{name}",
                max_selections=MOST_COLUMNS,
            )
    if order != NAME and order not in columns:
        columns = [order, *columns][:MOST_COLUMNS]
    return replace(wanted, fields=tuple(columns))


def columns_at_first(table: TableCard) -> list[str]:
    """Return what is shown of a row at first: what tells it apart, and its main figures."""
    shown = [*table.label_fields, *table.overview_fields] or [field.key for field in table.fields]
    return list(dict.fromkeys(shown))[: MOST_COLUMNS - 2]


def _conditions(table: TableCard, wanted: RowsWanted) -> RowsWanted:
    """Draw the conditions that rows may have to meet; how many are on stands on the button."""
    name = table.name
    kept: int = st.session_state.get(f"rows-conditions-{name}", 0)
    label = strings.ROW_FILTERS_ON.format(n=kept) if kept else strings.ROW_FILTERS
    categories, ranges = {}, {}
    with st.popover(label, icon=":material/filter_list:"):
        for field in table.fields:
            if field.type == "category" and field.values:
                chosen = _choose_values(field, name)
                if chosen:
                    categories[field.key] = tuple(chosen)
        figures = [field for field in table.fields if field.numeric]
        if figures:
            ranges = _choose_range(figures, name)
    on = len(categories) + len(ranges)
    if on != kept:
        st.session_state[f"rows-conditions-{name}"] = on
        st.rerun()  # the button is drawn before what it counts
    return replace(wanted, categories=categories, ranges=ranges)


def _choose_values(field: FieldCard, table: str) -> list[str]:
    words = {value: _spoken(value, others) for value, others in field.values.items()}
    return st.multiselect(
        literal(field.label),
        list(words),
        format_func=lambda value: one_line(words[value]),
        key=f"rows-{table}-{field.key}",
        placeholder=strings.ANY,
    )


def _spoken(value: str, others: list[str]) -> str:
    """Return a stored value with a word for it, where it is a code."""
    return f"{value} ({others[0]})" if others and len(value) <= 3 else value


def _choose_range(
    figures: list[FieldCard], table: str
) -> dict[str, tuple[float | None, float | None]]:
    labels = {field.key: field.label for field in figures}
    key = st.selectbox(
        strings.FILTER_FIGURE,
        list(labels),
        index=None,
        format_func=lambda one: one_line(labels[one]),
        key=f"rows-figure-{table}",
        placeholder=strings.ANY,
    )
    if key is None:
        return {}
    label = literal(labels[key])
    least = st.number_input(
        strings.AT_LEAST.format(label=label), value=None, key=f"rows-least-{table}-{key}"
    )
    most = st.number_input(
        strings.AT_MOST.format(label=label), value=None, key=f"rows-most-{table}-{key}"
    )
    return {} if least is None and most is None else {key: (least, most)}


# --- pages ------------------------------------------------------------------------------------


def _page_key(table: str) -> str:
    return f"rows-page-{table}"


def _page_number(wanted: RowsWanted) -> int:
    """Return the page that is open; other rows, or another order, begin at the first."""
    asked = replace(wanted, fields=())
    seen = f"rows-asked-{wanted.table}"
    if st.session_state.get(seen) != asked:
        st.session_state[seen] = asked
        st.session_state[_page_key(wanted.table)] = 1
    number: int = st.session_state.setdefault(_page_key(wanted.table), 1)
    return number


def _shown_of(page: RecordPage) -> str:
    last = page.first + len(page.rows) - 1
    return strings.SHOWN_OF.format(first=page.first, last=last, total=page.total)


def _offer_pages(page: RecordPage, key: str) -> None:
    if page.total <= PAGE_ROWS:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="gk-pages"):
        st.button(
            strings.PREVIOUS_PAGE,
            key="rows-previous",
            icon=":material/arrow_back:",
            disabled=page.number <= 1,
            on_click=_turn,
            args=(key, page.number - 1),
        )
        st.number_input(strings.PAGE_NUMBER.format(n=page.pages), 1, page.pages, key=key, width=140)
        st.button(
            strings.NEXT_PAGE,
            key="rows-next",
            icon=":material/arrow_forward:",
            icon_position="right",
            disabled=page.number >= page.pages,
            on_click=_turn,
            args=(key, page.number + 1),
        )


def _turn(key: str, number: int) -> None:
    st.session_state[key] = number
