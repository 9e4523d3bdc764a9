"""How a report is resolved in more than one press: a form for each outcome."""

from __future__ import annotations

from functools import partial
from typing import get_args

import streamlit as st

from bot.review import OUTCOME_LABELS, STATUS_LABELS, Moderator, Outcome, Report
from bot.review.outcomes import cited_documents, resolve_with_correction
from bot.review.rerun import rerun_corrections
from bot.review.similar import Similar, similar_reports
from ingest.errors import GroundskeeperError
from ui import strings
from ui.in_hand import in_hand
from ui.rendering import literal
from ui.services import Services, signed_in
from ui.views.moderation_flow import decide
from ui.views.moderation_regression import draw_test_case
from ui.views.moderation_rule import draw_rule
from ui.views.moderation_typed import field, keep_typed, typed_words
from ui.views.moderation_work import begin, found

MOST_DOCUMENTS = 2_000  # what a browser can look through while one types


def choose_outcome(report: Report, outcome: Outcome) -> None:
    """Unfold the form of an outcome."""
    st.session_state[f"{_key(report)}-outcome"] = outcome
    st.session_state[_unfolded(report)] = True


def draw_resolve(services: Services, report: Report) -> None:
    """Draw the outcomes and the form of the chosen one."""
    key = _key(report)
    keep_typed(key)
    unfolded = st.session_state.get(_unfolded(report), False)
    with st.expander(strings.OUTCOME_FORMS, icon=":material/check_circle:", expanded=unfolded):
        outcome: Outcome | None = st.radio(
            strings.OUTCOME,
            get_args(Outcome),
            index=None,
            horizontal=True,
            format_func=OUTCOME_LABELS.__getitem__,
            key=f"{key}-outcome",
        )
        if outcome is not None:
            _draw_form(services, report, outcome, key)


def _key(report: Report) -> str:
    return f"resolve-{report.reference}"


def _unfolded(report: Report) -> str:
    return f"unfolded-{report.reference}"


def _draw_form(services: Services, report: Report, outcome: Outcome, key: str) -> None:
    if outcome == "rule_added":
        draw_rule(services, report, key)
        return
    if outcome == "regression_added":
        draw_test_case(services, report, key)
        return
    if outcome == "duplicate":
        _offer_similar(services, report, key)
    with st.container():
        _draw_detail(services, report, outcome, key)
        st.text_area(strings.RESOLVE_NOTE, key=field(key, "note"), max_chars=5_000, height=80)
        st.button(
            strings.RESOLVE,
            key=f"{key}-do-{outcome}",
            type="primary",
            on_click=_resolve,
            args=(services, report, outcome, key),
        )


def _draw_detail(services: Services, report: Report, outcome: Outcome, key: str) -> None:
    """Draw what an outcome has to say."""
    detail = f"{outcome}-detail"
    if outcome == "answer_fine":
        ready = field(key, f"{detail}-ready", None)
        st.pills(strings.ANSWER_FINE_WHY, strings.ANSWER_FINE_REASONS, key=ready)
        st.text_input(strings.ANSWER_FINE_OWN, key=field(key, detail), max_chars=500)
    elif outcome == "corpus_fixed":
        cited = cited_documents(report.case)
        st.selectbox(
            strings.WHICH_DOCUMENT,
            _documents(services, report),
            index=None,
            key=field(key, detail, next(iter(cited), None)),
            help=strings.WHICH_DOCUMENT_HELP,
            placeholder=strings.TYPE_DOCUMENT,
            accept_new_options=True,
        )
    elif outcome == "duplicate":
        st.text_input(
            strings.WHICH_REPORT, key=field(key, detail), max_chars=80, placeholder="R-7K3M9Q"
        )


def _documents(services: Services, report: Report) -> list[str]:
    """Return the documents that a report may be about: those it cites first, then all by name."""
    cited = list(cited_documents(report.case))
    try:
        with services.open_bench().index.snapshot() as snapshot:
            known = [document.name for document in snapshot.documents()]
    except GroundskeeperError:
        known = []  # without an index any name is taken
    return list(dict.fromkeys([*cited, *known]))[:MOST_DOCUMENTS]


def _resolve(services: Services, report: Report, outcome: Outcome, key: str) -> None:
    note, detail = in_hand(f"{key}-note"), _typed_detail(outcome, key)
    decide(
        services,
        report,
        partial(_act, services, report, outcome, note, detail),
        strings.OUTCOME_ACTIONS[outcome],
        typed=typed_words(key),
    )


def _typed_detail(outcome: Outcome, key: str) -> str:
    """Return what was typed, or else the ready-made words that were chosen."""
    name = f"{key}-{outcome}-detail"
    own: str = in_hand(name) or ""
    return own.strip() or in_hand(f"{name}-ready") or ""


def _act(
    services: Services, report: Report, outcome: Outcome, note: str, detail: str, who: Moderator
) -> Report:
    queue, reference, version = services.reports, report.reference, report.version
    if outcome != "corpus_fixed":
        return queue.resolve(who, reference, version, outcome, note, detail)
    bench = services.open_bench()
    done = resolve_with_correction(
        queue, who, reference, version, detail, index=bench.index, note=note
    )
    # Where the correction is indexed already, nothing else would ask the question again.
    begin("corrections-run-again", lambda _: rerun_corrections(queue, who, bench))
    return done


# --- duplicates -------------------------------------------------------------------------------


def _offer_similar(services: Services, report: Report, key: str) -> None:
    """Offer the reports that this one may repeat, each one press away."""
    name = f"{key}-similar"
    who = signed_in(services)
    if name not in st.session_state and who is not None:
        queue, bench = services.reports, services.open_bench()
        begin(name, lambda _: similar_reports(queue, who, report, bench))
    near: list[Similar] | None = found(name, strings.LOOKING_FOR_SIMILAR, list)
    if near is None:
        return
    st.caption(strings.SIMILAR if near else strings.NONE_SIMILAR)
    for one in near:
        st.button(
            _similar_label(one),
            key=f"{key}-repeats-{one.report.reference}",
            width="stretch",
            on_click=_repeat,
            args=(services, report, one.report.reference),
        )


def _similar_label(one: Similar) -> str:
    other = one.report
    facts = f"{other.reference}, {STATUS_LABELS[other.status].lower()}"
    return f"**{facts}** {literal(other.question)}"


def _repeat(services: Services, report: Report, original: str) -> None:
    decide(
        services,
        report,
        lambda who: services.reports.resolve(
            who, report.reference, report.version, "duplicate", detail=original
        ),
        strings.DUPLICATE_OF.format(reference=original),
    )
