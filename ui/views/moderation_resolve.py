"""How a report is resolved: a form for each outcome; rules and cases are tried before they count.

What is saved is what was tried, not what stands in the form by then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import streamlit as st

from bot.answer import Status as AnswerStatus
from bot.regressions import RegressionCase, ask_after
from bot.review import OUTCOME_LABELS, Moderator, Outcome, Report
from bot.review.dry_run import DryRun, Hit, Verdict, dry_run
from bot.review.outcomes import (
    cited_documents,
    make_regression,
    make_rule,
    own_id,
    resolve_with_correction,
    resolve_with_regression,
    resolve_with_rule,
    suggested_regression,
)
from ingest.rules import RuleCard
from ui import strings
from ui.rendering import escape, literal
from ui.services import Services
from ui.views.moderation_changes import change

SHOWN_HITS = 20
_LABELS: dict[Outcome, str] = {
    "answer_fine": strings.ANSWER_FINE_WHY,
    "corpus_fixed": strings.WHICH_DOCUMENT,
    "duplicate": strings.WHICH_REPORT,
}
_VERDICTS: dict[Verdict, str] = {
    "bad": strings.STOPS_BAD,
    "good": strings.STOPS_GOOD,
    "open": strings.STOPS_OPEN,
}


@dataclass(frozen=True)
class _TriedRule:
    rule: RuleCard
    found: DryRun


@dataclass(frozen=True)
class _TriedCase:
    case: RegressionCase
    objections: tuple[str, ...]
    answer: str


def draw_resolve(services: Services, report: Report) -> None:
    """Draw the outcomes and the form of the chosen one."""
    key = f"resolve-{report.reference}"
    with st.expander(strings.RESOLVE, icon=":material/check_circle:"):
        outcome: Outcome = st.radio(
            strings.OUTCOME,
            get_args(Outcome),
            format_func=OUTCOME_LABELS.__getitem__,
            key=f"{key}-outcome",
        )
        if outcome == "rule_added":
            _draw_rule(services, report, key)
        elif outcome == "regression_added" and report.case is not None:
            _draw_case(services, report, key)
        else:
            _draw_plain(services, report, outcome, key)


def _draw_plain(services: Services, report: Report, outcome: Outcome, key: str) -> None:
    with st.form(f"resolve-{outcome}", border=False):
        if outcome in _LABELS:
            st.text_input(
                _LABELS[outcome],
                value=_likely_detail(report, outcome),
                key=f"{key}-{outcome}-detail",
                help=strings.WHICH_DOCUMENT_HELP if outcome == "corpus_fixed" else None,
                max_chars=500,
            )
        st.text_area(strings.RESOLVE_NOTE, key=f"{key}-note", max_chars=5_000)
        st.form_submit_button(
            strings.RESOLVE,
            type="primary",
            on_click=_resolve,
            args=(services, report, outcome, key),
        )


def _likely_detail(report: Report, outcome: Outcome) -> str:
    if outcome == "corpus_fixed":
        return next(iter(cited_documents(report.case)), "")
    if outcome == "duplicate":
        return next((other.reference for other in report.group), "")
    return ""


def _resolve(services: Services, report: Report, outcome: Outcome, key: str) -> None:
    detail = st.session_state.get(f"{key}-{outcome}-detail", "")
    note = st.session_state[f"{key}-note"]
    queue, reference, version = services.reports, report.reference, report.version

    def resolve(who: Moderator) -> Report:
        if outcome == "corpus_fixed":
            index = services.open_bench().index
            return resolve_with_correction(
                queue, who, reference, version, detail, index=index, note=note
            )
        return queue.resolve(who, reference, version, outcome, note, detail)

    change(services, resolve)


# --- a rule -----------------------------------------------------------------------------------


def _draw_rule(services: Services, report: Report, key: str) -> None:
    with st.form("rule", border=False):
        st.radio(
            strings.RULE_MATCHES,
            list(strings.RULE_KINDS),
            format_func=strings.RULE_KINDS.__getitem__,
            key=f"{key}-kind",
            horizontal=True,
        )
        st.text_area(strings.RULE_TEXTS, key=f"{key}-texts", max_chars=5_000)
        st.multiselect(
            strings.RULE_APPLIES_TO,
            list(strings.RULE_ROLES),
            default=["question"],
            format_func=strings.RULE_ROLES.__getitem__,
            key=f"{key}-applies",
        )
        st.selectbox(
            strings.RULE_ACTION,
            list(strings.RULE_ACTIONS),
            format_func=strings.RULE_ACTIONS.__getitem__,
            key=f"{key}-action",
        )
        st.text_area(
            strings.RULE_MESSAGE,
            value=services.card.domain.refusal,
            key=f"{key}-message",
            max_chars=1_000,
        )
        st.text_input(strings.ID, value=own_id(report.reference), key=f"{key}-rule", max_chars=63)
        st.text_area(strings.RESOLVE_NOTE, key=f"{key}-note", max_chars=5_000)
        st.form_submit_button(
            strings.TRY_RULE,
            icon=":material/experiment:",
            on_click=_try_rule,
            args=(services, report, key),
        )
    tried: _TriedRule | None = st.session_state.get(f"{key}-tried-rule")
    if tried is not None:
        _draw_dry_run(tried.found)
        st.button(
            strings.SAVE_RULE,
            type="primary",
            on_click=_save,
            args=(services, report, key, f"{key}-tried-rule", resolve_with_rule, tried.rule),
        )


def _try_rule(services: Services, report: Report, key: str) -> None:
    st.session_state.pop(f"{key}-tried-rule", None)

    def try_it(who: Moderator) -> None:
        rule = _typed_rule(key)
        found = dry_run(rule, report, services.reports, who, services.open_bench())
        st.session_state[f"{key}-tried-rule"] = _TriedRule(rule, found)

    change(services, try_it, saves=False)


def _typed_rule(key: str) -> RuleCard:
    typed: dict[str, Any] = {
        name: st.session_state[f"{key}-{name}"]
        for name in ("kind", "texts", "applies", "action", "message", "rule")
    }
    texts = typed["texts"].strip() if typed["kind"] == "pattern" else _lines(typed["texts"])
    return make_rule(
        id=typed["rule"].strip(),
        applies_to=typed["applies"],
        action=typed["action"],
        message=typed["message"].strip(),
        **{typed["kind"]: texts},
    )


def _draw_dry_run(found: DryRun) -> None:
    said = [strings.TRIED.format(n=found.tried)]
    said += [strings.STOPS_CASE if found.stops_case else strings.MISSES_CASE]
    said += [strings.TRIED_FLAGS] if found.flags else []
    st.write(" ".join(said))
    for verdict, label in _VERDICTS.items():
        hits = found.of(verdict)
        with st.container(key=f"gk-dry-run-{verdict}"):
            st.markdown(f"**{label.format(n=len(hits))}**")
            if hits:
                st.html(_hits_html(hits))


def _hits_html(hits: Sequence[Hit]) -> str:
    items = [f"<li>{escape(hit.text)} <small>{escape(hit.sample.source)}</small></li>"
             for hit in hits[:SHOWN_HITS]]  # fmt: skip
    if len(hits) > SHOWN_HITS:
        items.append(f"<li>{escape(strings.AND_MORE.format(n=len(hits) - SHOWN_HITS))}</li>")
    return f"<ul>{''.join(items)}</ul>"


# --- a regression case ------------------------------------------------------------------------


def _draw_case(services: Services, report: Report, key: str) -> None:
    suggested = suggested_regression(report)
    if suggested is None:
        return
    with st.form("case", border=False):
        st.text_area(
            strings.CASE_QUESTION, value=suggested.question, key=f"{key}-question", max_chars=2_000
        )
        for earlier in suggested.history:
            st.caption(f"{strings.ASKED_BEFORE}: {literal(earlier)}")
        st.text_area(strings.CASE_MUST, key=f"{key}-must", max_chars=2_000)
        st.text_area(
            strings.CASE_MUST_NOT,
            value="\n".join(suggested.must_not),
            key=f"{key}-must-not",
            max_chars=2_000,
        )
        statuses = [None, *get_args(AnswerStatus)]
        st.selectbox(
            strings.CASE_STATUS,
            statuses,
            index=statuses.index(suggested.status),
            format_func=lambda status: status or strings.CASE_ANY_STATUS,
            key=f"{key}-status",
        )
        st.text_input(strings.ID, value=suggested.id, key=f"{key}-case", max_chars=63)
        st.text_area(strings.RESOLVE_NOTE, key=f"{key}-note", max_chars=5_000)
        st.form_submit_button(
            strings.TRY_CASE,
            icon=":material/experiment:",
            on_click=_try_case,
            args=(services, suggested, key),
        )
    tried: _TriedCase | None = st.session_state.get(f"{key}-tried-case")
    if tried is not None:
        _draw_tried_case(tried)
        st.button(
            strings.SAVE_CASE,
            type="primary",
            on_click=_save,
            args=(services, report, key, f"{key}-tried-case", resolve_with_regression, tried.case),
        )


def _try_case(services: Services, suggested: RegressionCase, key: str) -> None:
    st.session_state.pop(f"{key}-tried-case", None)

    def try_it(_: Moderator) -> None:
        typed = st.session_state
        case = make_regression(
            id=typed[f"{key}-case"],
            question=typed[f"{key}-question"],
            history=suggested.history,
            must=_lines(typed[f"{key}-must"]),
            must_not=_lines(typed[f"{key}-must-not"]),
            status=typed[f"{key}-status"],
        )
        answer = ask_after(services.open_bench().bot, case.question, case.history)
        tried = _TriedCase(case, case.objections(answer), answer.text)
        st.session_state[f"{key}-tried-case"] = tried

    change(services, try_it, saves=False)


def _draw_tried_case(tried: _TriedCase) -> None:
    if tried.objections:
        st.warning(literal(strings.CASE_FAILS.format(why="; ".join(tried.objections))))
    else:
        st.success(strings.CASE_PASSES)
    st.html(f"<p><small>{strings.CASE_NOW}</small></p><p>{escape(tried.answer)}</p>")


def _save(
    services: Services,
    report: Report,
    key: str,
    tried: str,
    resolve: Callable[..., Report],
    made: RuleCard | RegressionCase,
) -> None:
    """Close a report with what was made of it; what was tried is forgotten once it is saved."""
    note = st.session_state[f"{key}-note"]
    saved = change(
        services,
        lambda who: resolve(
            services.reports,
            who,
            report.reference,
            report.version,
            made,
            pack=services.open_bench().pack,
            note=note,
        ),
    )
    if saved:
        st.session_state.pop(tried, None)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
