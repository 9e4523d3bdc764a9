"""Entities side by side: picked by name as it is typed, put together by the engine of the chat."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import streamlit as st

from bot.evidence import citation_of
from bot.library import Library, Place
from bot.plan import MAX_ENTITIES, MAX_FIELDS, Choice
from ingest.domain import DomainCard, TableCard
from ui import strings
from ui.charts import charts_html
from ui.rendering import literal, one_line, sources_html
from ui.services import Services
from ui.tables import table_csv, table_html
from ui.views.source import draw_open_source, fields_of, hear_sources

COMPARE = "compare"
MATCHES = 6
FIELDS_AT_FIRST = 4
LONGEST_TYPED = 100
# What a link holds, and under which names the session keeps it.
_TABLE, _ENTITIES, _FIELDS = "table", "of", "figures"
_TYPED = "compare-typed"


def compare_page(services: Services) -> None:
    """Draw what is picked, and below it the comparison."""
    library, card = services.open_library(), services.card
    if not card.tables:
        st.info(strings.COMPARE_NO_TABLE)
        return
    with st.container(key="gk-wide-compare"):
        table = _choose_table(card)
        many = table.entity_plural
        st.header(literal(strings.COMPARE_TITLE.format(many=many)), anchor=False)
        st.write(literal(strings.COMPARE_INTRO.format(n=MAX_ENTITIES, many=many)))
        _take_up_link(table)
        picked = library.named(table.name, st.session_state[_ENTITIES])
        _say_if_gone(picked)
        _show_picked(picked)
        if len(picked) < MAX_ENTITIES:
            _find(library, table, [one.record_id for one in picked])
        fields = _choose_fields(table)
        _keep_in_address(table, picked, fields)
        places = _draw(library, table, picked, fields)
    hear_sources(COMPARE, lambda _: places)
    draw_open_source(services, COMPARE)


# --- what is picked ---------------------------------------------------------------------------


def _choose_table(card: DomainCard) -> TableCard:
    """Return the table whose entities are compared; asks only where there are several."""
    linked = st.query_params.get(_TABLE, "")
    known = {table.name: table for table in card.tables}
    first = linked if linked in known else card.tables[0].name
    if len(known) == 1:
        return known[first]
    st.session_state.setdefault(f"compare-{_TABLE}", first)
    chosen = st.selectbox(
        strings.COMPARE_WHICH,
        list(known),
        format_func=lambda name: one_line(known[name].entity_plural),
        key=f"compare-{_TABLE}",
        on_change=_forget,
    )
    return known[chosen]


def _forget() -> None:
    """Another table has other entities and other fields."""
    for key in (_ENTITIES, _FIELDS):
        st.session_state.pop(key, None)
    st.query_params.clear()


def _take_up_link(table: TableCard) -> None:
    """Begin with what the address names, or with the table's main figures and nobody."""
    if _ENTITIES not in st.session_state:
        st.session_state[_ENTITIES] = st.query_params.get_all(_ENTITIES)[:MAX_ENTITIES]
    if _FIELDS not in st.session_state:
        known = [field.key for field in table.fields]
        linked = [key for key in st.query_params.get_all(_FIELDS) if key in known]
        st.session_state[_FIELDS] = linked[:MAX_FIELDS] or main_fields(table)


def main_fields(table: TableCard) -> list[str]:
    """Return the fields that a comparison begins with: figures rather than words."""
    shown = [table.field(key) for key in table.overview_fields] or table.fields
    figures = [field.key for field in shown if field.numeric and field.type != "year"]
    return (figures or [field.key for field in shown])[:FIELDS_AT_FIRST]


def _say_if_gone(picked: Sequence[Choice]) -> None:
    wanted = list(dict.fromkeys(st.session_state[_ENTITIES]))
    if gone := len(wanted) - len(picked):
        st.info(strings.SOME_GONE.format(n=gone))
    st.session_state[_ENTITIES] = [one.record_id for one in picked]


def _show_picked(picked: Sequence[Choice]) -> None:
    """Show who is picked; a press removes."""
    if not picked:
        return
    with st.container(horizontal=True, key="gk-picked"):
        for one in picked:
            st.button(
                literal(named(one)),
                key=f"picked-{one.record_id}",
                icon=":material/close:",
                icon_position="right",
                help=literal(strings.REMOVE_PICKED.format(name=one.name)),
                on_click=_drop,
                args=(one.record_id,),
            )


def named(one: Choice) -> str:
    """Return an entity's name with what tells it from others of that name."""
    return f"{one.name} ({one.label})" if one.label else one.name


def _drop(record_id: str) -> None:
    st.session_state[_ENTITIES] = [key for key in st.session_state[_ENTITIES] if key != record_id]


def _find(library: Library, table: TableCard, picked: Sequence[str]) -> None:
    """Offer the entities whose names begin like what is being typed.

    No fragment, though most of the page stays as it is: a press on a fragment is lost while the
    page is being drawn, and drawing all of it takes a few hundredths of a second.
    """
    typed = st.text_input(
        literal(strings.FIND_ENTITY.format(one=table.entity)),
        key=_TYPED,
        max_chars=LONGEST_TYPED,
        placeholder=strings.FIND_ENTITY_HELP,
        type="search",
        live=True,
    )
    if not (typed or "").strip():
        return
    found = library.entities(table.name, typed or "", MATCHES + len(picked))
    found = [one for one in found if one.record_id not in picked][:MATCHES]
    said = strings.MATCHES.format(n=len(found)) if found else strings.NO_MATCHES
    st.html(f'<p class="gk-found" role="status">{said}</p>')
    with st.container(key="gk-suggestions-found"):
        for one in found:
            st.button(
                literal(named(one)),
                key=f"found-{one.record_id}",
                icon=":material/add:",
                width="stretch",
                on_click=_pick,
                args=(one.record_id,),
            )


def _pick(record_id: str) -> None:
    picked = st.session_state[_ENTITIES]
    if record_id not in picked:
        st.session_state[_ENTITIES] = [*picked, record_id][:MAX_ENTITIES]
    st.session_state[_TYPED] = ""


def _choose_fields(table: TableCard) -> list[str]:
    labels = {field.key: field.label for field in table.fields}
    widget = f"compare-{_FIELDS}-{table.name}"
    if widget not in st.session_state:
        st.session_state[widget] = st.session_state[_FIELDS]
    chosen: list[str] = st.multiselect(
        strings.PICK_FIELDS.format(n=MAX_FIELDS),
        list(labels),
        format_func=lambda key: one_line(labels[key]),
        key=widget,
        max_selections=MAX_FIELDS,
    )
    st.session_state[_FIELDS] = chosen
    return chosen


def _keep_in_address(table: TableCard, picked: Sequence[Choice], fields: Sequence[str]) -> None:
    """Write what is picked into the address, so that it opens again."""
    wanted = _query(table, picked, fields) if picked else {}
    if {key: st.query_params.get_all(key) for key in st.query_params} != wanted:
        st.query_params.from_dict(wanted)


def _query(
    table: TableCard, picked: Sequence[Choice], fields: Sequence[str]
) -> dict[str, list[str]]:
    return {
        _TABLE: [table.name],
        _ENTITIES: [one.record_id for one in picked],
        _FIELDS: list(fields),
    }


# --- the comparison ---------------------------------------------------------------------------


def _draw(
    library: Library, table: TableCard, picked: Sequence[Choice], fields: Sequence[str]
) -> dict[int, Place]:
    """Draw what is picked side by side; return where its sources stand, by their numbers."""
    if len(picked) < 2 or not fields:
        st.info(
            strings.COMPARE_START
            if not picked
            else strings.COMPARE_ONE_MORE
            if len(picked) < 2
            else strings.COMPARE_NO_FIELD
        )
        return {}
    facts = library.compare(table.name, [one.record_id for one in picked], fields)
    if facts.table is None:
        return {}
    cited = {piece.n for piece in facts.evidence}
    st.html(
        table_html(facts.table, cited, COMPARE) + charts_html(facts.table, most=MAX_FIELDS),
    )
    st.html(sources_html([citation_of(piece) for piece in facts.evidence], COMPARE))
    with st.container(horizontal=True, key="gk-actions-compare"):
        st.download_button(
            strings.DOWNLOAD,
            table_csv(facts.table),
            file_name=strings.DOWNLOAD_NAME,
            mime="text/csv",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
        )
    with st.expander(strings.COMPARE_LINK, icon=":material/link:"):
        address = st.context.url
        query = urlencode(_query(table, picked, fields), doseq=True)
        st.code(f"{address or COMPARE}?{query}", language=None, wrap_lines=True)
    return {
        piece.n: Place(piece.document, row=piece.row, fields=fields_of(piece))
        for piece in facts.evidence
    }
