"""The chat: questions, answers as they are written, and what they rest on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bot.answer import Answer
from bot.library import Place
from ui import strings
from ui.charts import charts_html
from ui.conversation import ChatBot, Conversation, Exchange
from ui.explaining import explain, explanation_html, rows_left, written_by
from ui.in_browser import bring_to_top, offer_copy
from ui.in_hand import in_hand
from ui.keeping import answer_as_text, conversation_as_markdown
from ui.rendering import (
    answer_html,
    busy,
    footer_html,
    literal,
    note_html,
    progress,
    progress_html,
    question_html,
    short_digest,
    sources_html,
    stopped_html,
    titles,
    welcome_html,
)
from ui.services import Services, visitor_address
from ui.tables import table_csv, table_html, without_repeated_figures
from ui.views.reporting import draw_report, offer_report
from ui.views.search_in import offer_search_in
from ui.views.source import draw_open_source, fields_of, hear_sources

LOOK_AGAIN_SECONDS = 0.1
_CONVERSATION = "conversation"
_TYPED = "question"
_GIVEN = "question-given"
CHAT = "chat"


def chat_page(services: Services) -> None:
    """Draw the conversation and go on drawing until every question in it has its answer."""
    bot = services.open_bot()
    conversation = st.session_state.setdefault(_CONVERSATION, Conversation())
    conversation.address = visitor_address(services.address_header)
    thread = st.container(key="gk-thread")
    _draw_composer(services, conversation, bot)
    with thread:
        # A place that is always there: what it held would else stand until the run has ended.
        beginning = st.empty()
        if not conversation.exchanges:
            with beginning.container():
                _welcome(services, conversation, bot)
        pending = [
            (exchange, place)
            for exchange in conversation.exchanges
            if (place := _draw(services, conversation, exchange, bot)) is not None
        ]
    if conversation.exchanges:
        last = conversation.exchanges[-1].key
        bring_to_top(last, editing=conversation.editing == last)
        hear_sources(CHAT, partial(_sources_of, conversation))
    draw_open_source(services, CHAT)
    _follow(conversation, pending)


def _draw_composer(services: Services, conversation: Conversation, bot: ChatBot) -> None:
    """Draw where questions are typed.

    It stands in the page itself, not in Streamlit's bottom area: with that the page would follow
    its own end, and a reader would be taken away from the beginning of each answer.
    """
    _fill_in_given(services.question_max_chars)
    with st.container(key="gk-composer"):
        # A place that is always there: what stands above where one types must not replace it.
        above = st.empty()
        if conversation.editing:
            with above.container():
                _say_what_is_changed(conversation)
        with st.container(key="gk-ask", horizontal=True, vertical_alignment="center"):
            offer_search_in(conversation, bot)
            st.chat_input(
                strings.ASK,
                key=_TYPED,
                max_chars=services.question_max_chars,
                on_submit=_ask_typed,
                args=(bot,),
            )
            # A place that is always there, so that the button goes when the answer has come.
            stop = st.empty()
            if conversation.unanswered:
                stop.button(
                    strings.STOP,
                    key="stop",
                    icon=":material/stop_circle:",
                    on_click=conversation.stop,
                )


def _ask_typed(bot: ChatBot) -> None:
    """Ask what was typed; the page has emptied its field already, so the words are only here."""
    if typed := in_hand(_TYPED):
        in_hand(_CONVERSATION).ask(typed, bot)


def _fill_in_given(most_chars: int) -> None:
    """Put the question of the address (`?q=`) where questions are typed, once; nobody asked yet."""
    given = st.query_params.get("q", "")[:most_chars]
    if given and st.session_state.get(_GIVEN) != given:
        st.session_state[_GIVEN] = given
        st.session_state[_TYPED] = given


def _say_what_is_changed(conversation: Conversation) -> None:
    with st.container(key="gk-editing", horizontal=True, vertical_alignment="center"):
        st.html(f'<div role="status">{strings.EDITING}</div>')
        st.button(
            strings.CANCEL,
            key="edit-cancel",
            type="tertiary",
            on_click=_leave,
            args=(conversation,),
        )


def _leave(conversation: Conversation) -> None:
    conversation.editing = ""
    st.session_state[_TYPED] = ""


def offer_new_conversation() -> None:
    """Draw the button that leaves the conversation, where there is one."""
    conversation = st.session_state.get(_CONVERSATION)
    if conversation is not None and conversation.exchanges:
        st.button(
            strings.NEW_CONVERSATION,
            key="new-conversation",
            icon=":material/edit_square:",
            type="tertiary",
            on_click=_start_anew,
            args=(conversation,),
        )


def _start_anew(conversation: Conversation) -> None:
    """Leave the old conversation; the visit, and with it the rate limit, stays the same."""
    # The new one first: were Streamlit to end us between, a closed one would answer nothing more.
    st.session_state[_CONVERSATION] = Conversation(
        session=conversation.session, within=conversation.within
    )
    conversation.close()


def _welcome(services: Services, conversation: Conversation, bot: ChatBot) -> None:
    info = services.card.domain
    st.html(welcome_html(services.card.theme.icon, info.name, info.greeting))
    _suggest(info.suggestions, "start", conversation, bot, strings.START_WITH)
    with st.expander(strings.WHAT_I_KNOW):
        st.html(answer_html("\n".join(f"- {line}" for line in info.capabilities), (), ""))


def _suggest(
    questions: Sequence[str], key: str, conversation: Conversation, bot: ChatBot, title: str
) -> None:
    """Offer questions as buttons."""
    st.caption(title)
    with st.container(key=f"gk-suggestions-{key}"):
        for number, question in enumerate(questions):
            st.button(
                literal(question),
                key=f"suggestion-{key}-{number}",
                on_click=conversation.ask,
                args=(question, bot),
                width="stretch",
            )


def _draw(
    services: Services, conversation: Conversation, exchange: Exchange, bot: ChatBot
) -> DeltaGenerator | None:
    """Draw one exchange; return the place for what is still being written, if anything is."""
    last = exchange is conversation.exchanges[-1]
    with st.container(key=f"gk-exchange-{exchange.key}"):
        st.html(question_html(exchange.question))
        answer = exchange.answer
        if exchange.stopped:
            st.html(stopped_html(exchange.sentences))
            _below_the_last(last, partial(_offer_changes, conversation, exchange, bot))
            return None
        if answer is None:
            return st.empty()
        st.html(_said_html(exchange, answer))
        _below_the_last(last, partial(_offer_more, conversation, exchange, answer, bot))
        st.html(_grounds_html(exchange, answer, services))
        with st.container(horizontal=True, key=f"gk-actions-{exchange.key}"):
            offer_copy(answer_as_text(answer), exchange.key)
            offer_report(exchange)
            _offer_download(exchange, answer)
        _say_what_the_file_holds(answer)
        draw_report(services, conversation, exchange)
        suggest = partial(_suggest_next, conversation, exchange, answer, bot)
        _below_the_last(last, suggest)
        _below_the_last(last, partial(_offer_changes, conversation, exchange, bot))
    return None


def _below_the_last(last: bool, draw: Callable[[], None]) -> None:
    """Draw what is only offered below the last exchange, in a place that is there in any case.

    So nothing below it moves in Streamlit's count of elements, which would fold what a reader has
    unfolded; and the place is empty at once, not when the next answer has come to its end, when
    the page would jump.
    """
    place = st.empty()
    if last:
        with place.container():
            draw()


def _offer_changes(conversation: Conversation, exchange: Exchange, bot: ChatBot) -> None:
    """Below the last answer: put its question again or otherwise, and keep what was said."""
    with st.container(horizontal=True, key=f"gk-changes-{exchange.key}"):
        st.button(
            strings.ASK_AGAIN,
            key=f"again-{exchange.key}",
            icon=":material/refresh:",
            type="tertiary",
            on_click=conversation.ask_again,
            args=(exchange, bot),
        )
        st.button(
            strings.EDIT,
            key=f"edit-{exchange.key}",
            icon=":material/edit:",
            type="tertiary",
            on_click=_edit,
            args=(conversation, exchange),
        )
        st.download_button(
            strings.EXPORT,
            conversation_as_markdown(conversation.exchanges),
            file_name=strings.EXPORT_NAME,
            mime="text/markdown",
            key=f"export-{exchange.key}",
            icon=":material/save_alt:",
            type="tertiary",
            on_click="ignore",
        )


def _edit(conversation: Conversation, exchange: Exchange) -> None:
    st.session_state[_TYPED] = exchange.question
    conversation.edit(exchange)


def _said_html(exchange: Exchange, answer: Answer) -> str:
    """Return the answer itself: text, table and charts."""
    cited, key, table = {c.n for c in answer.citations}, exchange.key, answer.table
    if answer.status != "answered":
        return note_html(answer.text, answer.status, cited, key)
    if table is None:
        return answer_html(answer.text, cited, key)
    text = without_repeated_figures(answer.text, table)
    return (
        f"{answer_html(text, cited, key)}{table_html(table, cited, key)}"
        f"{charts_html(table, answer.plan)}"
    )


def _grounds_html(exchange: Exchange, answer: Answer, services: Services) -> str:
    """Return what the answer rests on: sources, how it came about, who made it."""
    return (
        f"{sources_html(answer.citations, exchange.key)}"
        f"{explanation_html(explain(answer, services.card))}"
        f"{footer_html(_made_by(services, answer))}"
    )


def _offer_more(
    conversation: Conversation, exchange: Exchange, answer: Answer, bot: ChatBot
) -> None:
    """Offer the next rows of a list; only below the last answer, which "more" is understood by."""
    _, left = rows_left(answer.plan, _rows(answer))
    if left:
        st.button(
            strings.MORE_ROWS.format(n=min(left, _rows(answer))),
            key=f"more-{exchange.key}",
            icon=":material/expand_more:",
            on_click=_ask_for_more,
            args=(conversation, exchange, bot),
        )


def _ask_for_more(conversation: Conversation, exchange: Exchange, bot: ChatBot) -> None:
    """Ask once, however often the button was hit before it was gone."""
    if exchange is conversation.exchanges[-1]:
        conversation.ask(strings.MORE_QUESTION, bot)


def _rows(answer: Answer) -> int:
    return len(answer.table.rows) if answer.table is not None else 0


def _sources_of(conversation: Conversation, key: str) -> dict[int, Place]:
    """Return where the sources of the exchange with this key stand, by their numbers."""
    answers = (exchange.answer for exchange in conversation.exchanges if exchange.key == key)
    answer = next(answers, None)
    if answer is None:
        return {}
    meant = {piece.n: fields_of(piece) for piece in answer.evidence}
    return {
        cited.n: Place(cited.document, cited.start, cited.row, meant.get(cited.n, ()))
        for cited in answer.citations
    }


def _offer_download(exchange: Exchange, answer: Answer) -> None:
    if answer.table is None:
        return
    st.download_button(
        strings.DOWNLOAD,
        table_csv(answer.table),
        file_name=strings.DOWNLOAD_NAME,
        mime="text/csv",
        key=f"csv-{exchange.key}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


def _say_what_the_file_holds(answer: Answer) -> None:
    """Say of a page of a longer list that the file is no more than the page."""
    fitting, _ = rows_left(answer.plan, _rows(answer))
    if fitting > _rows(answer):
        st.caption(strings.DOWNLOAD_HOLDS.format(shown=_rows(answer), fitting=fitting))


def _made_by(services: Services, answer: Answer) -> list[str]:
    """Return who wrote the answer, from what, so that a reader can name it later."""
    model = f"{answer.model} ({short_digest(answer.digest)})" if answer.digest else answer.model
    vintage = services.card.domain.vintage
    generation = answer.index_generation
    figures = any(cited.row is not None for cited in answer.citations)
    return [
        strings.WRITTEN_BY[written_by(answer)].format(model=model),
        strings.GENERATION.format(n=generation) if generation and answer.citations else "",
        strings.DATA_OF.format(vintage=vintage) if vintage and figures else "",
    ]


def _suggest_next(
    conversation: Conversation,
    exchange: Exchange,
    answer: Answer,
    bot: ChatBot,
) -> None:
    """Show what can be asked next."""
    if exchange.follow_ups:
        title = strings.ASK_NEXT if answer.status == "answered" else strings.ASK_INSTEAD
        _suggest(exchange.follow_ups, exchange.key, conversation, bot, title)


def _progress_html(exchange: Exchange) -> str:
    state = exchange.started, exchange.place, len(exchange.evidence)
    sources = titles(exchange.evidence)
    return progress_html(progress(*state), exchange.sentences, sources, busy(*state))


def _follow(conversation: Conversation, pending: list[tuple[Exchange, DeltaGenerator]]) -> None:
    """Draw what is being written until all is; each draw is also where Streamlit may stop us."""
    waiting = st.empty()
    if not pending and not conversation.unsettled:
        return
    while any(not exchange.over for exchange, _ in pending) or (
        not pending and conversation.unsettled
    ):
        waiting.empty()
        for exchange, place in pending:
            place.html(_progress_html(exchange))
        conversation.wait(LOOK_AGAIN_SECONDS)
    st.rerun()
