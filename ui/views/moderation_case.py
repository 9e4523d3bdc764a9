"""The case side by side: what the person saw, and what the bot had in hand for it."""

from __future__ import annotations

import streamlit as st

from bot.answer import Answer
from bot.reasons import told_ending, told_scores
from bot.review import Case, Moderator, Report
from bot.review.passage_today import PassageToday, passage_today
from ui import strings
from ui.explaining import explain, explanation_html
from ui.rendering import (
    answer_html,
    footer_html,
    note_html,
    question_html,
    quotations_html,
    short_digest,
)
from ui.report_html import evidence_html, passages_today_html, scores_html
from ui.services import Services
from ui.tables import table_html
from ui.views.moderation_changes import change
from ui.views.moderation_rerun import draw_rerun


def draw_case(services: Services, report: Report) -> None:
    """Draw both sides from the report and not from today's index, but for what is looked up."""
    if report.case is None:
        st.info(strings.PURGED)
        return
    with st.container(key="gk-sides"):
        with st.container(key="gk-seen"):
            st.subheader(strings.SEEN_BY_PERSON, anchor=False)
            _draw_seen(report.case, report.reference)
        with st.container(key="gk-in-hand"):
            st.subheader(strings.IN_HAND, anchor=False)
            _draw_in_hand(services, report, report.case)


def _draw_seen(case: Case, anchor: str) -> None:
    with st.container(border=True, key="gk-case"):
        answers = [*case.answered_before, *[""] * len(case.asked_before)]
        for earlier, answer in zip(case.asked_before, answers, strict=False):
            st.caption(strings.ASKED_BEFORE)
            st.html(question_html(earlier) + (answer_html(answer, (), "") if answer else ""))
        st.html(question_html(case.question))
        cited = {citation.n for citation in case.citations}
        if case.status == "answered":
            st.html(answer_html(case.answer, cited, anchor))
        else:
            st.html(note_html(case.answer, case.status, cited, anchor))
        if case.table is not None:
            st.html(table_html(case.table, cited, anchor))
        if case.citations:
            st.html(quotations_html(case.citations, anchor))


def _draw_in_hand(services: Services, report: Report, case: Case) -> None:
    with st.container(horizontal=True, key="gk-look"):
        draw_rerun(services, report)
        if case.citations:
            st.button(
                strings.LOOK_TODAY,
                icon=":material/find_in_page:",
                help=strings.LOOK_TODAY_HELP,
                on_click=_look_up,
                args=(services, report),
            )
    found: list[PassageToday] | None = st.session_state.get(_today_key(report))
    if found is not None:
        st.html(passages_today_html(found))
    st.html(evidence_html(case.evidence, {citation.n for citation in case.citations}))
    how = explanation_html(explain(_as_answered(case), services.card), unfolded=True)
    st.html(f"{scores_html(told_scores(case.scores))}{how}{footer_html(_circumstances(case))}")


def _look_up(services: Services, report: Report) -> None:
    def look(who: Moderator) -> None:
        case = services.reports.show(who, report.reference).case
        with services.open_bench().index.snapshot() as snapshot:
            found = [passage_today(snapshot, each) for each in (case.citations if case else ())]
        st.session_state[_today_key(report)] = found

    change(services, look, saves=False)


def _today_key(report: Report) -> str:
    return f"today-{report.reference}"


def _as_answered(case: Case) -> Answer:
    """Return the case as the answer that it was, as far as that explains it."""
    same = {name: getattr(case, name) for name in Answer.model_fields if hasattr(case, name)}
    return Answer(text=case.answer, **same)


def _circumstances(case: Case) -> list[str]:
    return [
        f"{case.model} ({short_digest(case.digest)})" if case.digest else case.model,
        strings.GENERATION.format(n=case.index_generation),
        strings.ENDED.format(how=told_ending(case.status, case.reason)),
        strings.RULES.format(version=case.rules_version) if case.rules_version else "",
        strings.FLAGS.format(flags=", ".join(case.flags)) if case.flags else "",
    ]
