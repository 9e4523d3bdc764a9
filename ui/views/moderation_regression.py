"""The form of a new regression case: it is tried before it counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import streamlit as st

from bot.answer import Status as AnswerStatus
from bot.regressions import RegressionCase, ask_after
from bot.review import Moderator, Report
from bot.review.outcomes import make_regression, resolve_with_regression, suggested_regression
from bot.review.workbench import Workbench
from ui import strings
from ui.in_hand import in_hand
from ui.rendering import escape, literal
from ui.services import Services
from ui.views.moderation_changes import change
from ui.views.moderation_flow import decide
from ui.views.moderation_typed import field, lines, typed_words
from ui.views.moderation_work import begin, forget, found


@dataclass(frozen=True)
class _TriedCase:
    case: RegressionCase
    objections: tuple[str, ...]
    answer: str


def draw_test_case(services: Services, report: Report, key: str) -> None:
    """Draw the form, and below it whether the case that was tried last passes today."""
    suggested = suggested_regression(report)
    if suggested is None:
        return
    _draw_fields(suggested, key)
    st.button(
        strings.TRY_CASE,
        key=f"{key}-try-case",
        icon=":material/experiment:",
        on_click=_try,
        args=(services, suggested, key),
    )
    tried = found(_tried(key), strings.TRYING_CASE, _TriedCase)
    if tried is not None:
        _draw_tried(tried)
        st.button(
            strings.SAVE_CASE,
            type="primary",
            on_click=_save,
            args=(services, report, key, tried.case),
        )


def _tried(key: str) -> str:
    return f"{key}-tried-case"


def _draw_fields(suggested: RegressionCase, key: str) -> None:
    st.text_area(
        strings.CASE_QUESTION, key=field(key, "question", suggested.question), max_chars=2_000
    )
    for earlier in suggested.history:
        st.caption(f"{strings.ASKED_BEFORE}: {literal(earlier)}")
    st.text_area(strings.CASE_MUST, key=field(key, "must"), max_chars=2_000)
    st.text_area(
        strings.CASE_MUST_NOT,
        key=field(key, "must-not", "\n".join(suggested.must_not)),
        max_chars=2_000,
    )
    st.selectbox(
        strings.CASE_STATUS,
        [None, *get_args(AnswerStatus)],
        format_func=lambda status: status or strings.CASE_ANY_STATUS,
        key=field(key, "status", suggested.status),
    )
    st.text_input(strings.ID, key=field(key, "case", suggested.id), max_chars=63)
    st.text_area(strings.RESOLVE_NOTE, key=field(key, "note"), max_chars=5_000, height=80)


def _try(services: Services, suggested: RegressionCase, key: str) -> None:
    forget(_tried(key))

    def try_it(_: Moderator) -> None:
        case, bench = _typed_case(suggested, key), services.open_bench()
        begin(_tried(key), lambda _: _asked(case, bench))

    change(services, try_it, saves=False)


def _typed_case(suggested: RegressionCase, key: str) -> RegressionCase:
    typed = st.session_state
    return make_regression(
        id=typed[f"{key}-case"],
        question=typed[f"{key}-question"],
        history=suggested.history,
        must=lines(typed[f"{key}-must"]),
        must_not=lines(typed[f"{key}-must-not"]),
        status=typed[f"{key}-status"],
    )


def _asked(case: RegressionCase, bench: Workbench) -> _TriedCase:
    answer = ask_after(bench.bot, case.question, case.history)
    return _TriedCase(case, case.objections(answer), answer.text)


def _draw_tried(tried: _TriedCase) -> None:
    if tried.objections:
        st.warning(literal(strings.CASE_FAILS.format(why="; ".join(tried.objections))))
    else:
        st.success(strings.CASE_PASSES)
    st.html(f"<p><small>{strings.CASE_NOW}</small></p><p>{escape(tried.answer)}</p>")


def _save(services: Services, report: Report, key: str, case: RegressionCase) -> None:
    saved = decide(
        services,
        report,
        lambda who: resolve_with_regression(
            services.reports,
            who,
            report.reference,
            report.version,
            case,
            pack=services.open_bench().pack,
            note=in_hand(f"{key}-note"),
        ),
        strings.OUTCOME_ACTIONS["regression_added"],
        added=True,
        typed=typed_words(key),
    )
    if saved:
        forget(_tried(key))
