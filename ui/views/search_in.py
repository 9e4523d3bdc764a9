"""Where the next questions are looked for: some documents or kinds of document, or everything."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import streamlit as st

from ingest.filters import DOCUMENT_TYPES, EVERYTHING, DocumentType, type_of
from ingest.index import DocumentInfo
from ui import strings
from ui.conversation import ChatBot, Conversation
from ui.rendering import literal

# With more documents than this a list of them helps nobody.
MAX_LISTED = 500
MAX_TITLE = 40
_DOCUMENTS = "search-in-documents"
_TYPES = "search-in-types"


def offer_search_in(conversation: Conversation, bot: ChatBot) -> None:
    """Offer to choose, and show what is chosen as a chip that can be dropped."""
    documents = {one.name: one for one in bot.documents() if one.status == "indexed"}
    if len(documents) < 2:
        return
    _remember(conversation, documents.keys())
    with st.container(key="gk-search-in", horizontal=True, vertical_alignment="center"):
        with st.popover(strings.SEARCH_IN, icon=":material/filter_list:", type="tertiary"):
            _choose(conversation, list(documents.values()))
        if conversation.within != EVERYTHING:
            st.button(
                literal(_chosen(conversation, documents)),
                key="search-in-everything",
                icon=":material/close:",
                on_click=_search_everything,
                args=(conversation,),
            )


def _remember(conversation: Conversation, names: Collection[str]) -> None:
    """Give the widgets what was chosen, which they forget while another page is shown."""
    there = [name for name in conversation.within.documents if name in names]
    st.session_state.setdefault(_DOCUMENTS, there)
    st.session_state.setdefault(_TYPES, list(conversation.within.types))


def _choose(conversation: Conversation, documents: Sequence[DocumentInfo]) -> None:
    titles = {one.name: one.title or one.name for one in documents}
    if len(documents) <= MAX_LISTED:
        st.multiselect(
            strings.SEARCH_IN_DOCUMENTS,
            list(titles),
            format_func=lambda name: titles.get(name, name),
            key=_DOCUMENTS,
            placeholder=strings.SEARCH_IN_ALL,
            on_change=_take_up,
            args=(conversation,),
        )
    there = {type_of(one.media_type) for one in documents}
    types = [one for one in DOCUMENT_TYPES if one in there]
    if len(types) > 1:
        st.pills(
            strings.SEARCH_IN_TYPES,
            types,
            selection_mode="multi",
            format_func=strings.TYPE_NAMES.__getitem__,
            key=_TYPES,
            on_change=_take_up,
            args=(conversation,),
        )


def _take_up(conversation: Conversation) -> None:
    types: list[DocumentType] = st.session_state.get(_TYPES) or []
    conversation.within = replace(
        EVERYTHING, documents=tuple(st.session_state.get(_DOCUMENTS, ())), types=tuple(types)
    )


def _search_everything(conversation: Conversation) -> None:
    conversation.within = EVERYTHING
    st.session_state[_DOCUMENTS], st.session_state[_TYPES] = [], []


def _chosen(conversation: Conversation, documents: dict[str, DocumentInfo]) -> str:
    within = conversation.within
    names = [documents[name].title or name for name in within.documents if name in documents]
    names += [strings.TYPE_NAMES[one] for one in within.types]
    first, *others = names or [""]
    shown = first if len(first) <= MAX_TITLE else f"{first[: MAX_TITLE - 1].rstrip()}…"
    what = strings.AND_MORE.format(what=shown, n=len(others)) if others else shown
    return strings.SEARCHING_IN.format(what=what)
