"""What surrounds every page: its looks, the menu, and one clear sentence when something fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from ingest.errors import GroundskeeperError
from ui import provider, strings
from ui.rendering import brand_html
from ui.services import Services, signed_in
from ui.sorting import sorting_css
from ui.states import draw_bug, draw_state, offline_css
from ui.theme import accent_css
from ui.views.about import about_page
from ui.views.browse import browse_page
from ui.views.chat import chat_page, offer_new_conversation
from ui.views.compare import compare_page
from ui.views.insights import insights_page
from ui.views.lookup import lookup_page
from ui.views.moderation import moderation_page
from ui.views.people import people_page
from ui.views.sign_in import sign_in_page
from ui.views.source import source_page

log = logging.getLogger(__name__)

STYLE = Path(__file__).with_name("style.css")

SIGN_IN, MODERATION = "sign-in", "moderation"
ALWAYS_SEEN = 2

Page = Callable[[Services], None]


def run(find_services: Callable[[], Services]) -> None:
    """Draw the page that the visitor is on."""
    try:
        services = find_services()
    except GroundskeeperError as error:
        st.html(STYLE)
        draw_state(error)
        return
    theme = services.card.theme
    st.set_page_config(page_title=services.card.domain.name, page_icon=theme.icon)
    st.html(STYLE)
    st.html(accent_css(theme) + sorting_css() + offline_css())
    pages = _pages(services)
    page = st.navigation(list(pages.values()), position="hidden")
    inside = signed_in(services) is not None
    if provider.just_arrived() or (page.url_path == SIGN_IN and inside):
        st.switch_page(pages[MODERATION if inside else SIGN_IN])
    if st.context.is_embedded:
        with st.container(key="gk-embedded", horizontal=True, horizontal_alignment="right"):
            offer_new_conversation()
    else:
        _draw_bar(services, list(pages.values()), page)
    page.run()


def _draw_bar(services: Services, pages: Sequence[st.Page], current: st.Page) -> None:
    """Draw the menu ourselves: Streamlit's own is folded away on a phone."""
    info, theme = services.card.domain, services.card.theme
    shown = [page for page in pages if page.visibility == "visible"]
    with st.container(key="gk-bar", horizontal=True, vertical_alignment="center"):
        st.html(brand_html(theme.icon, info.name))
        with st.container(key="gk-nav", horizontal=True):
            for page in shown:
                st.page_link(page)
        # On a narrow screen only the first links are seen (style.css); the others are here. It is
        # another one on each page, so that it is closed where it has led to.
        more = f"gk-more-{current.url_path}"
        with (
            st.container(key="gk-rest"),
            st.popover(strings.MORE_PAGES, type="tertiary", key=more),
        ):
            for page in shown[ALWAYS_SEEN:]:
                st.page_link(page)
        if current.url_path == pages[0].url_path:
            offer_new_conversation()


def _pages(services: Services) -> dict[str, st.Page]:
    """Return the menu by address; who is not signed in has only the way in to moderation."""
    who = signed_in(services)
    inside = who is not None
    manages = who is not None and who.role == "administrator"

    def page(draw: Page, title: str, path: str, icon: str, *, shown: bool = True) -> st.Page:
        return st.Page(
            partial(_guarded, draw, services),
            title=title,
            url_path=path,
            icon=icon,
            default=path == "chat",
            visibility="visible" if shown else "hidden",
        )

    people = strings.PEOPLE_PAGE if manages else strings.ACCOUNT_PAGE
    inbox, group, article = ":material/inbox:", ":material/group:", ":material/article:"
    compare, about = ":material/bar_chart:", ":material/info:"
    return {
        "chat": page(chat_page, strings.CHAT_PAGE, "chat", ":material/chat:"),
        "browse": page(browse_page, strings.BROWSE_PAGE, "browse", ":material/library_books:"),
        "compare": page(compare_page, strings.COMPARE_PAGE, "compare", compare),
        "about": page(about_page, strings.ABOUT_PAGE, "about", about),
        "my-report": page(lookup_page, strings.LOOKUP_PAGE, "my-report", ":material/flag:"),
        SIGN_IN: page(
            sign_in_page, strings.SIGN_IN_PAGE, SIGN_IN, ":material/login:", shown=not inside
        ),
        MODERATION: page(moderation_page, strings.MODERATION_PAGE, MODERATION, inbox, shown=inside),
        "insight": page(
            insights_page,
            strings.INSIGHT_PAGE,
            "insight",
            ":material/monitoring:",
            shown=inside,
        ),
        "source": page(source_page, strings.SOURCE_PAGE, "source", article, shown=False),
        "people": page(people_page, people, "people", group, shown=inside),
    }


def _guarded(draw: Page, services: Services) -> None:
    """Draw a page; what fails becomes one sentence, and only our own bugs reach the log."""
    try:
        draw(services)
    except GroundskeeperError as error:
        draw_state(error, services)
    except Exception:
        log.exception("A page could not be drawn")
        draw_bug()
