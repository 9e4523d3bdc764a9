"""One source, opened beside the page that cites it or on a page of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from bot.answer import Evidence
from bot.library import Library, Passage, Place, Row
from ingest.errors import GroundskeeperError
from ingest.filters import type_of
from ingest.reading import reading_limits
from ingest.scan import SourceFile
from ui import strings
from ui.in_browser import on_source, show_passage
from ui.pdf_page import draw_page
from ui.rendering import failure_html, literal, one_line, source_address
from ui.services import Services
from ui.source_html import (
    gives_orders,
    passage_alone_html,
    passage_html,
    passage_where,
    row_html,
    row_title,
    row_where,
    source_head_html,
    trouble_html,
    warning_html,
)

DRAWER_PIXELS = 620
LONGEST_NAME = 1_000
# Larger files are read when somebody wants them, and not for every look at a passage.
READ_AT_ONCE_BYTES = 5_000_000
_OPEN = "source-open"
_DOCUMENT, _START, _ROW = "document", "at", "row"
# A document's own file, or the archive that it came in.
File = Path | SourceFile


@dataclass
class Opened:
    """What the drawer shows: a place, who opened it, and the sources that it may turn to.

    `sources` are the numbers and places of an answer's sources, none elsewhere.
    """

    by: str
    place: Place
    sources: tuple[tuple[int, Place], ...] = ()
    closed: bool = False

    def close(self) -> None:
        """Close the drawer.

        Without a look into the session's state: there Streamlit may end a callback for the press
        that follows it, and the drawer would be back.
        """
        self.closed = True


# --- the drawer -------------------------------------------------------------------------------


def open_source(by: str, place: Place, sources: Mapping[int, Place] | None = None) -> None:
    """Open a source beside the page; call it from a button. `by` names the page."""
    st.session_state[_OPEN] = Opened(by, place, tuple((sources or {}).items()))


def fields_of(piece: Evidence) -> tuple[str, ...]:
    """Return the fields of a row that a piece of evidence is about."""
    return tuple(fact.field for fact in piece.facts)


def hear_sources(by: str, places: Callable[[str], Mapping[int, Place]]) -> None:
    """Open what a reader presses: the number of a source, or the source below the answer.

    `places` returns where the sources of the answer with some key stand, by their numbers.
    """

    def pressed(source: str) -> None:
        key, _, number = source.removeprefix("source-").rpartition("-")
        sources = places(key)
        if number.isdigit() and (place := sources.get(int(number))) is not None:
            open_source(by, place, sources)

    on_source(by, pressed)


def draw_open_source(services: Services, by: str) -> None:
    """Draw the drawer if this page has opened it; it stays until the visitor closes it."""
    opened: Opened | None = st.session_state.get(_OPEN)
    if opened is None or opened.closed:
        return
    if opened.by != by:
        opened.close()
        return
    drawer = st.dialog(
        strings.SOURCE_OF, width=DRAWER_PIXELS, position="right", on_dismiss=opened.close
    )
    drawer(_draw_drawer)(services)


def _draw_drawer(services: Services) -> None:
    opened: Opened | None = st.session_state.get(_OPEN)
    if opened is None or opened.closed:
        return
    _match_theme()
    if len(opened.sources) > 1:
        _offer_sources(opened)
    place = opened.place
    try:
        _draw_source(services, place, "drawer", _turn_to)
    except GroundskeeperError as error:
        st.html(failure_html(str(error), error.hint))
        return
    address = source_address(place.document, place.start, place.row)
    st.html(
        f'<a class="gk-link" href="{address}" target="_blank" rel="noopener">{strings.OWN_PAGE}</a>'
    )


def _match_theme() -> None:
    """A drawer stands beside the app in the page, and does not inherit whether that is dark."""
    if (scheme := st.context.theme.type) in ("light", "dark"):
        st.html(f"<style>.stDialog{{color-scheme:{scheme}}}</style>")


def _offer_sources(opened: Opened) -> None:
    """Offer the answer's other sources by their numbers."""
    with st.container(horizontal=True, key="gk-drawer-sources"):
        for number, place in opened.sources:
            st.button(
                strings.SOURCE_NUMBER.format(n=number),
                key=f"drawer-source-{number}",
                type="primary" if place == opened.place else "secondary",
                on_click=_turn_to,
                args=(place,),
            )


def _turn_to(place: Place) -> None:
    opened: Opened | None = st.session_state.get(_OPEN)
    if opened is not None:
        opened.place = place


# --- the page ---------------------------------------------------------------------------------


def source_page(services: Services) -> None:
    """Draw the source that the address names."""
    _draw_source(services, _asked_for(), "page", _go_to)


def _query(place: Place) -> dict[str, str]:
    if place.row is not None:
        return {_DOCUMENT: place.document, _ROW: str(place.row)}
    return {_DOCUMENT: place.document, _START: str(place.start)}


def _asked_for() -> Place:
    given = st.query_params
    row = given.get(_ROW)
    return Place(
        given.get(_DOCUMENT, "")[:LONGEST_NAME],
        start=_number(given.get(_START)),
        row=None if row is None else _number(row),
    )


def _number(text: str | None) -> int:
    return int(text) if text and len(text) < 18 and text.isascii() and text.isdigit() else 0


def _go_to(place: Place) -> None:
    st.query_params.from_dict(_query(place))


# --- what both show ---------------------------------------------------------------------------


def _draw_source(services: Services, place: Place, key: str, go: Callable[[Place], None]) -> None:
    library = services.open_library()
    source = library.source(place)
    if source is None:
        st.html(failure_html(strings.NO_SOURCE, strings.NO_SOURCE_HINT))
        return
    name = source.info.name
    path = library.file_of(name)
    archive = library.archive_of(name) if path is None else None
    _offer_neighbours(source, key, go)
    with st.container(key=f"gk-source-{key}"):
        if isinstance(source, Passage):
            _draw_passage(services, source, path or archive, key)
        else:
            st.html(source_head_html(row_title(source), (), row_where(source)))
            st.html(trouble_html(source.info) + row_html(source, place.fields))
            if place.fields:
                show_passage(f"{place.document} {place.row}", key)
    _offer_file(library, source, path or archive, key)


def _offer_neighbours(source: Passage | Row, key: str, go: Callable[[Place], None]) -> None:
    """Offer the passage, or the row, before this one and after it."""
    sides = (
        (strings.PREVIOUS_PASSAGE, ":material/arrow_back:", "left", source.neighbours[0]),
        (strings.NEXT_PASSAGE, ":material/arrow_forward:", "right", source.neighbours[1]),
    )
    with st.container(horizontal=True, key=f"gk-neighbours-{key}"):
        for label, icon, side, place in sides:
            st.button(
                label,
                key=f"{key}-{side}",
                icon=icon,
                icon_position="left" if side == "left" else "right",
                disabled=place is None,
                on_click=go,
                args=(place,),
            )


def _draw_passage(services: Services, passage: Passage, file: File | None, key: str) -> None:
    info, chunk = passage.info, passage.chunk
    st.html(
        source_head_html(info.title or info.name, chunk.heading_path, passage_where(passage))
        + trouble_html(info)
        + (warning_html(strings.GIVES_ORDERS) if gives_orders(passage) else "")
    )
    if type_of(info.media_type) != "pdf" or chunk.page is None:
        st.html(passage_html(passage))
        show_passage(f"{chunk.document} {chunk.start}", key)
        return
    st.html(f'<div class="gk-page-text">{passage_alone_html(passage)}</div>')
    _draw_pdf_page(services, passage, chunk.page, file)


def _draw_pdf_page(services: Services, passage: Passage, number: int, file: File | None) -> None:
    picture = None
    if file is not None:
        packed = isinstance(file, SourceFile)
        within = passage.info.name.removeprefix(f"{file.name}/") if packed else ""
        limits = reading_limits(services.settings)
        picture = draw_page(_path(file), number, passage.chunk.text, within=within, limits=limits)
    if picture is None:
        st.caption(strings.PAGE_PICTURE_FAILED)
        return
    said = strings.PAGE_PICTURE if picture.marked else strings.PAGE_PICTURE_PLAIN
    told = said.format(n=number, title=one_line(passage.info.title or passage.info.name))
    st.image(picture.png, caption=literal(told), alt=told, width="stretch")


def _offer_file(library: Library, source: Passage | Row, file: File | None, key: str) -> None:
    """Offer the whole file as it is, never as something that the browser opens by itself."""
    if file is None:
        st.caption(strings.FILE_GONE)
        return
    packed = isinstance(file, SourceFile)
    path = _path(file)
    if packed:
        st.caption(literal(strings.IN_ARCHIVE.format(name=one_line(path.name))))
    elif not library.is_as_indexed(source.info.name, path):
        st.html(warning_html(strings.FILE_CHANGED))
    st.download_button(
        strings.DOWNLOAD_ARCHIVE if packed else strings.DOWNLOAD_DOCUMENT,
        _file_content(path),
        file_name=path.name,
        mime="application/octet-stream",
        key=f"{key}-download",
        icon=":material/download:",
        on_click="ignore",
    )


def _path(file: File) -> Path:
    return file.path if isinstance(file, SourceFile) else file


def _file_content(path: Path) -> bytes | Callable[[], bytes]:
    """Return a file's bytes, or of a large one how to read them.

    What is read only when it is wanted has another address after every run of the script, so that
    a press which comes a moment too soon finds nothing: that is kept for files worth it.
    """
    large = path.stat().st_size > READ_AT_ONCE_BYTES
    return path.read_bytes if large else path.read_bytes()
