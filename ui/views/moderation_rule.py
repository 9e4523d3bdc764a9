"""The form of a new rule: it is tried before it counts, and what is saved is what was tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from bot.review import Moderator, Report
from bot.review.dry_run import DryRun, Hit, Verdict, dry_run
from bot.review.outcomes import make_rule, own_id, resolve_with_rule
from ingest.rules import RuleCard
from ui import strings
from ui.in_hand import in_hand
from ui.rendering import escape
from ui.services import Services
from ui.views.moderation_changes import change
from ui.views.moderation_flow import decide
from ui.views.moderation_typed import field, lines, typed_words
from ui.views.moderation_work import begin, forget, found

SHOWN_HITS = 20
_VERDICTS: dict[Verdict, str] = {
    "bad": strings.STOPS_BAD,
    "good": strings.STOPS_GOOD,
    "open": strings.STOPS_OPEN,
}


@dataclass(frozen=True)
class _TriedRule:
    rule: RuleCard
    found: DryRun


def draw_rule(services: Services, report: Report, key: str) -> None:
    """Draw the form, and below it what the rule that was tried last would have stopped."""
    _draw_fields(services, report, key)
    st.button(
        strings.TRY_RULE,
        key=f"{key}-try-rule",
        icon=":material/experiment:",
        on_click=_try,
        args=(services, report, key),
    )
    tried = found(_tried(key), strings.TRYING_RULE, _TriedRule)
    if tried is not None:
        _draw_dry_run(tried.found)
        st.button(
            strings.SAVE_RULE,
            type="primary",
            on_click=_save,
            args=(services, report, key, tried.rule),
        )


def _tried(key: str) -> str:
    return f"{key}-tried-rule"


def _draw_fields(services: Services, report: Report, key: str) -> None:
    st.radio(
        strings.RULE_MATCHES,
        list(strings.RULE_KINDS),
        format_func=strings.RULE_KINDS.__getitem__,
        key=field(key, "kind", next(iter(strings.RULE_KINDS))),
        horizontal=True,
    )
    st.text_area(strings.RULE_TEXTS, key=field(key, "texts"), max_chars=5_000)
    st.multiselect(
        strings.RULE_APPLIES_TO,
        list(strings.RULE_ROLES),
        format_func=strings.RULE_ROLES.__getitem__,
        key=field(key, "applies", ["question"]),
    )
    st.selectbox(
        strings.RULE_ACTION,
        list(strings.RULE_ACTIONS),
        format_func=strings.RULE_ACTIONS.__getitem__,
        key=field(key, "action", next(iter(strings.RULE_ACTIONS))),
    )
    st.text_area(
        strings.RULE_MESSAGE,
        key=field(key, "message", services.card.domain.refusal),
        max_chars=1_000,
    )
    st.text_input(strings.ID, key=field(key, "rule", own_id(report.reference)), max_chars=63)
    st.text_area(strings.RESOLVE_NOTE, key=field(key, "note"), max_chars=5_000, height=80)


def _try(services: Services, report: Report, key: str) -> None:
    forget(_tried(key))

    def try_it(who: Moderator) -> None:
        rule, bench = _typed_rule(key), services.open_bench()
        begin(
            _tried(key),
            lambda tell: _TriedRule(
                rule, dry_run(rule, report, services.reports, who, bench, tell)
            ),
        )

    change(services, try_it, saves=False)


def _typed_rule(key: str) -> RuleCard:
    typed: dict[str, Any] = {
        name: st.session_state[f"{key}-{name}"]
        for name in ("kind", "texts", "applies", "action", "message", "rule")
    }
    texts = typed["texts"].strip() if typed["kind"] == "pattern" else lines(typed["texts"])
    return make_rule(
        id=typed["rule"].strip(),
        applies_to=typed["applies"],
        action=typed["action"],
        message=typed["message"].strip(),
        **{typed["kind"]: texts},
    )


def _draw_dry_run(tried: DryRun) -> None:
    said = [strings.TRIED.format(n=tried.tried)]
    said += [strings.STOPS_CASE if tried.stops_case else strings.MISSES_CASE]
    said += [strings.TRIED_FLAGS] if tried.flags else []
    st.write(" ".join(said))
    for verdict, label in _VERDICTS.items():
        hits = tried.of(verdict)
        with st.container(key=f"gk-dry-run-{verdict}"):
            st.markdown(f"**{label.format(n=len(hits))}**")
            if hits:
                st.html(_hits_html(hits))


def _hits_html(hits: Sequence[Hit]) -> str:
    items = [f"<li>{escape(hit.text)} <small>{escape(hit.sample.source)}</small></li>"
             for hit in hits[:SHOWN_HITS]]  # fmt: skip
    if len(hits) > SHOWN_HITS:
        items.append(f"<li>{escape(strings.MORE_HITS.format(n=len(hits) - SHOWN_HITS))}</li>")
    return f"<ul>{''.join(items)}</ul>"


def _save(services: Services, report: Report, key: str, rule: RuleCard) -> None:
    saved = decide(
        services,
        report,
        lambda who: resolve_with_rule(
            services.reports,
            who,
            report.reference,
            report.version,
            rule,
            pack=services.open_bench().pack,
            note=in_hand(f"{key}-note"),
        ),
        strings.OUTCOME_ACTIONS["rule_added"],
        added=True,
        typed=typed_words(key),
    )
    if saved:
        forget(_tried(key))
