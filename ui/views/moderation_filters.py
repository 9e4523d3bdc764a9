"""What the list shows: search, filters and views, the same in the page, in its link and as saved.

The query in the session is the truth; widgets show it and change it, and the link follows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

import streamlit as st

from bot.review import (
    BUILT_IN,
    CATEGORY_LABELS,
    CLOSED_STATES,
    ME,
    NOBODY,
    OPEN_STATES,
    SEVERITY_LABELS,
    STATUS_LABELS,
    Category,
    Moderator,
    ReportQuery,
    Severity,
    Status,
)
from bot.review.query import MOST_DAYS, Order
from ui import strings
from ui.services import Services
from ui.views.moderation_changes import change
from ui.views.moderation_flow import OPENED

QUERY, SHOWN = "queue-query", "queue-shown"
_LINK, _VIEW, _NAME = "queue-link", "queue-view", "queue-view-name"
_REPORT = "report"

STATE_CHOICES: dict[tuple[Status, ...], str] = {
    OPEN_STATES: strings.OPEN,
    **{(state,): STATUS_LABELS[state] for state in get_args(Status)},
    CLOSED_STATES: strings.CLOSED,
    get_args(Status): strings.ALL,
}
AGE_CHOICES: dict[tuple[int, int], str] = {
    (0, MOST_DAYS): strings.ANY_AGE,
    (0, 1): strings.LAST_DAY,
    (0, 7): strings.LAST_DAYS.format(n=7),
    (0, 30): strings.LAST_DAYS.format(n=30),
    (7, MOST_DAYS): strings.OLDER_THAN.format(n=7),
    (30, MOST_DAYS): strings.OLDER_THAN.format(n=30),
}


# --- the link ---------------------------------------------------------------------------------


def follow_link() -> None:
    """Take filters and opened report from a link that was followed, or gone back to.

    A link without anything is the menu's: it closes the report and leaves the filters.
    """
    given = st.query_params.to_dict()
    before = st.session_state.get(_LINK)
    if given == before or (before is None and not given):
        return
    reference = given.pop(_REPORT, None)
    if given:
        st.session_state[QUERY] = ReportQuery.from_link(given)
    if reference is None:
        st.session_state.pop(OPENED, None)
    else:
        st.session_state[OPENED] = reference[:20]


def write_link() -> None:
    """Make the page's address lead to what it shows now."""
    link = current_query().to_link()
    if reference := st.session_state.get(OPENED):
        link[_REPORT] = reference
    st.session_state[_LINK] = link
    if st.query_params.to_dict() != link:
        st.query_params.from_dict(link)


def current_query() -> ReportQuery:
    """Return what the list shows."""
    query: ReportQuery = st.session_state.get(QUERY, BUILT_IN["open"])
    return query


def _set_query(query: ReportQuery) -> None:
    st.session_state[QUERY] = query
    st.session_state.pop(SHOWN, None)


def _show(key: str, value: object) -> None:
    """Have a widget show a value; if it does, nothing is sent, which would undo what one types."""
    if st.session_state.get(key) != value:
        st.session_state[key] = value


# --- views ------------------------------------------------------------------------------------


def draw_views(services: Services, who: Moderator) -> None:
    """Draw the views to choose from; the one that is shown is marked."""
    views = {**BUILT_IN, **services.reports.views(who)}
    query = current_query()
    _show(_VIEW, next((n for n, known in views.items() if known == query), None))
    st.pills(
        strings.VIEWS,
        list(views),
        format_func=lambda name: strings.BUILT_IN_VIEWS.get(name, name),
        key=_VIEW,
        on_change=_choose_view,
        args=(views,),
        label_visibility="collapsed",
    )


def _choose_view(views: Mapping[str, ReportQuery]) -> None:
    # Pressed once more, a view lets go of the list.
    _set_query(views[st.session_state.get(_VIEW) or "open"])


def _draw_keeping(services: Services, who: Moderator) -> None:
    own = next((n for n, q in services.reports.views(who).items() if q == current_query()), None)
    if own is not None:
        st.button(strings.REMOVE_VIEW, on_click=_remove_view, args=(services, own))
        return
    st.text_input(strings.VIEW_NAME, key=_NAME, max_chars=40)
    st.button(strings.SAVE_VIEW, on_click=_save_view, args=(services,))


def _save_view(services: Services) -> None:
    name, query = st.session_state[_NAME], current_query()
    if change(services, lambda who: services.reports.save_view(who, name, query)):
        st.session_state[_NAME] = ""


def _remove_view(services: Services, name: str) -> None:
    change(services, lambda who: services.reports.remove_view(who, name))


# --- filters ----------------------------------------------------------------------------------


def draw_filters(services: Services, who: Moderator) -> ReportQuery:
    """Draw search and filters; return what they ask for."""
    query = current_query()
    with st.container(key="gk-filters", horizontal=True, vertical_alignment="bottom"):
        _show("queue-text", query.text)
        st.text_input(
            strings.SEARCH,
            key="queue-text",
            max_chars=200,
            icon=":material/search:",
            placeholder=strings.SEARCH,
            label_visibility="collapsed",
            on_change=_take,
            args=("text",),
        )
        n = len(query.but(text="").to_link())
        label = strings.FILTERS_ON.format(n=n) if n else strings.FILTERS
        with st.popover(label, icon=":material/tune:", key="gk-filtering"):
            _draw_choices(services, who, query)
            _draw_keeping(services, who)
    return current_query()


def _draw_choices(services: Services, who: Moderator, query: ReportQuery) -> None:
    documents, models = services.reports.known_words(who)
    names = {"": strings.ANYBODY, ME: strings.MYSELF, NOBODY: strings.NOBODY}
    people = [*names, *services.moderators.names(who)]
    categories: Sequence[Category] = get_args(Category)
    _choose("states", strings.SHOW, query.states, STATE_CHOICES, _states_label)
    _show("queue-severities", list(query.severities))
    st.multiselect(
        strings.SEVERITY,
        get_args(Severity),
        format_func=SEVERITY_LABELS.__getitem__,
        key="queue-severities",
        placeholder=strings.ANY_SEVERITY,
        on_change=_take,
        args=("severities",),
    )
    _choose(
        "category", strings.CATEGORY_FILTER, query.category, categories, CATEGORY_LABELS.__getitem__
    )
    _choose("assignee", strings.HELD_BY, query.assignee, people, lambda n: names.get(n, n))
    _choose("document", strings.CITES, query.document, ["", *documents], _or_any)
    _choose("model", strings.MODEL, query.model, ["", *models], _or_any)
    _choose("age", strings.AGE, (query.min_days, query.max_days), AGE_CHOICES, _age_label)
    _choose("order", strings.ORDER, query.order, get_args(Order), strings.ORDERS.__getitem__)


def _choose(
    name: str,
    label: str,
    value: object,
    options: Sequence[Any] | Mapping[Any, str],
    told: Callable[[Any], str],
) -> None:
    """Draw one filter; what a link asks for is offered even if nobody else would."""
    known = list(options)
    _show(f"queue-{name}", value)
    st.selectbox(
        label,
        known if value in (None, *known) else [*known, value],
        format_func=told,
        index=None,
        placeholder=strings.ANY,
        key=f"queue-{name}",
        on_change=_take,
        args=(name,),
    )


def _take(name: str) -> None:
    """Take what was chosen over into the query; a filter that was emptied leaves nothing out."""
    value = st.session_state[f"queue-{name}"]
    query = current_query()
    if name == "age":
        least, most = value or (0, MOST_DAYS)
        _set_query(query.but(min_days=least, max_days=most))
        return
    if value is None:
        value = getattr(ReportQuery(), name)
    _set_query(query.but(**{name: tuple(value) if isinstance(value, list) else value}))


def _states_label(states: tuple[Status, ...]) -> str:
    return STATE_CHOICES.get(states) or ", ".join(STATUS_LABELS[state] for state in states)


def _age_label(days: tuple[int, int]) -> str:
    return AGE_CHOICES.get(days) or strings.DAYS_OLD.format(least=days[0], most=days[1])


def _or_any(name: str) -> str:
    return name or strings.ANY
