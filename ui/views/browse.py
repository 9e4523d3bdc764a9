"""The corpus as the bot has it: its documents with what is wrong with them, and its tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from bot.library import IndexState, Library, Place
from ingest.filters import DOCUMENT_TYPES, DocumentType, type_of
from ingest.index import DocumentInfo
from ui import strings
from ui.browse_html import document_html, found_html, troubled
from ui.rendering import literal, one_line
from ui.services import Services
from ui.views.browse_table import draw_table
from ui.views.source import draw_open_source, open_source

BROWSE = "browse"
FOUND = 10
SHELF_PAGE = 20
LONGEST_QUERY = 500
_SHELF, _DOCUMENTS = "browse-shelf", ""


def browse_page(services: Services) -> None:
    """Draw the shelf of documents, or the table, that was chosen."""
    library = services.open_library()
    state = library.state()
    with st.container(key="gk-wide-browse"):
        st.header(strings.BROWSE_TITLE, anchor=False)
        st.write(literal(_intro(library, state)))
        chosen = _choose_shelf(library)
        if chosen == _DOCUMENTS:
            _draw_documents(library, state)
        else:
            draw_table(library, library.card.table(chosen))
    draw_open_source(services, BROWSE)


def _intro(library: Library, state: IndexState) -> str:
    """Say how much there is, and of when."""
    read = sum(1 for one in state.documents if one.kind == "document" and one.status != "failed")
    documents = strings.ONE_DOCUMENT if read == 1 else strings.N_DOCUMENTS.format(n=read)
    rows = [
        strings.N_ROWS.format(n=state.rows[table.name], many=table.entity_plural)
        for table in library.card.tables
    ]
    when = strings.day(datetime.fromtimestamp(state.updated_at_ns / 1e9, tz=UTC))
    what = strings.AND.join([documents, *rows])
    return strings.BROWSE_INTRO.format(what=what, when=when)


def _choose_shelf(library: Library) -> str:
    names = {_DOCUMENTS: strings.SHELF_DOCUMENTS} | {
        table.name: table.entity_plural[:1].upper() + table.entity_plural[1:]
        for table in library.card.tables
    }
    if len(names) == 1:
        return _DOCUMENTS
    chosen = st.pills(
        strings.SHELF,
        list(names),
        default=_DOCUMENTS,
        required=True,
        format_func=lambda name: literal(names[name]),
        key=_SHELF,
        label_visibility="collapsed",
    )
    return chosen or _DOCUMENTS


# --- documents --------------------------------------------------------------------------------


def _draw_documents(library: Library, state: IndexState) -> None:
    query = st.text_input(
        strings.SEARCH_CORPUS,
        key="browse-query",
        max_chars=LONGEST_QUERY,
        type="search",
        placeholder=strings.SEARCH_CORPUS_HELP,
        icon=":material/search:",
    )
    documents = [one for one in state.documents if one.kind == "document"]
    types, only_troubled = _choose_kinds(documents)
    if (query or "").strip():
        _draw_found(library, query or "", types)
        return
    fitting = [
        one
        for one in documents
        if (not types or type_of(one.media_type) in types) and (troubled(one) or not only_troubled)
    ]
    _draw_shelf(fitting)


def _choose_kinds(documents: Sequence[DocumentInfo]) -> tuple[list[DocumentType], bool]:
    there = {type_of(one.media_type) for one in documents}
    types = [one for one in DOCUMENT_TYPES if one in there]
    chosen: list[DocumentType] = []
    with st.container(horizontal=True, vertical_alignment="center", key="gk-kinds"):
        if len(types) > 1:
            chosen = st.pills(
                strings.ONLY_KIND,
                types,
                selection_mode="multi",
                format_func=strings.TYPE_NAMES.__getitem__,
                key="browse-types",
                label_visibility="collapsed",
            )
        only = any(map(troubled, documents)) and st.toggle(
            strings.ONLY_REMARKS, key="browse-troubled"
        )
    return chosen, only


def _draw_found(library: Library, query: str, types: Sequence[DocumentType]) -> None:
    found = library.search(query, FOUND, types)
    if not found:
        st.info(strings.FOUND_NOTHING)
        return
    st.caption(strings.FOUND_FOR)
    for number, one in enumerate(found):
        _draw_card(found_html(one), f"found-{number}", one.title, one.place)


def _draw_shelf(documents: Sequence[DocumentInfo]) -> None:
    """Draw a page of the documents, those with problems first."""
    named = sorted(documents, key=lambda one: (one.title or one.name).lower())
    ordered = sorted(named, key=lambda one: not troubled(one))
    if not ordered:
        st.info(strings.NO_DOCUMENTS)
        return
    pages = -(-len(ordered) // SHELF_PAGE)
    number = 1
    if pages > 1:
        number = st.number_input(
            strings.PAGE_NUMBER.format(n=pages), 1, pages, key="browse-shelf-page"
        )
    first = (number - 1) * SHELF_PAGE
    for place, one in enumerate(ordered[first : first + SHELF_PAGE]):
        readable = one.status != "failed" or one.stale
        _draw_card(
            document_html(one),
            f"document-{first + place}",
            one.title or one.name,
            Place(one.name) if readable else None,
        )


def _draw_card(html: str, key: str, title: str, place: Place | None) -> None:
    """Draw what can be read, and the button that opens it."""
    with st.container(border=True, key=f"gk-shelf-{key}", horizontal=True):
        st.html(html)
        if place is not None:
            st.button(
                strings.READ,
                key=f"read-{key}",
                help=literal(strings.READ_NAMED.format(title=one_line(title))),
                on_click=open_source,
                args=(BROWSE, place),
            )
