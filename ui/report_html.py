"""Reports as HTML: a line of the queue, what everybody may know, what happened."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from bot.answer import Citation, Evidence
from bot.review import (
    CATEGORY_LABELS,
    OUTCOME_LABELS,
    SEVERITY_LABELS,
    STATUS_LABELS,
    Account,
    Event,
    PublicStatus,
    ReportSummary,
)
from bot.review.history import what_was_done, who_did
from bot.review.passage_today import PassageToday
from ui import strings
from ui.rendering import citation_place, escape, marked


def status_html(report: PublicStatus) -> str:
    """Return what everybody may know of a report, and what comes next."""
    told = "".join(f"<p>{escape(text)}</p>" for text in (report.outcome, report.told) if text)
    following = strings.COMES_NEXT[report.status].format(reference=report.reference)
    filed, changed = strings.day(report.filed_at), strings.day(report.changed_at)
    days = [strings.FILED_ON.format(when=filed)]
    days += [strings.CHANGED_ON.format(when=changed)] if changed != filed else []
    return (
        f'<div class="gk-status"><code>{escape(report.reference)}</code>'
        f"{_badge(report.status, report.label)}{told}"
        f'<p class="gk-following">{escape(following)}</p>{_facts(days)}</div>'
    )


def summary_html(report: ReportSummary, now: datetime, *, whole: bool = False) -> str:
    """Return one line of the queue; `whole` is for the opened report and cuts nothing."""
    facts = [
        report.reference,
        CATEGORY_LABELS[report.category],
        strings.age(report.filed_at, now),
        strings.REPEATS.format(n=report.repeats + 1) if report.repeats else "",
        strings.ASKED_TIMES.format(n=report.asked) if report.asked > 1 else "",
        _holder(report, now),
        OUTCOME_LABELS[report.outcome] if report.outcome else "",
        report.outcome_detail,
    ]
    # The whole report shows the question where it was asked.
    asked = "" if whole else f'<p class="gk-asked">{escape(report.question)}</p>'
    comment = f'<p class="gk-comment">{escape(report.comment)}</p>' if report.comment else ""
    return (
        f'<div class="gk-summary{" gk-whole" if whole else ""}">'
        f'<div class="gk-badges">{_badge(report.severity, SEVERITY_LABELS[report.severity])}'
        f"{_badge(report.status, STATUS_LABELS[report.status])}</div>"
        f"{asked}{comment}"
        f"{_facts(facts)}</div>"
    )


def _holder(report: ReportSummary, now: datetime) -> str:
    if not report.assignee:
        return ""
    lapsed = report.holder(now) is None
    return (strings.CLAIM_LAPSED if lapsed else strings.ASSIGNED_TO).format(name=report.assignee)


def _facts(facts: Sequence[str]) -> str:
    shown = "".join(f"<span>{escape(fact)}</span>" for fact in facts if fact)
    return f'<div class="gk-facts">{shown}</div>'


def _badge(kind: str, label: str) -> str:
    return f'<span class="gk-badge gk-{kind}">{escape(label)}</span>'


def figures_html(figures: Mapping[str, int]) -> str:
    """Return a few numbers with their names."""
    return '<div class="gk-figures">{}</div>'.format(
        "".join(
            f"<div><b>{n:,}</b><span>{escape(name)}</span></div>" for name, n in figures.items()
        )
    )


def account_html(account: Account, now: datetime) -> str:
    """Return a person's name, role, and when they were last here."""
    seen = account.signed_in_at
    ago = strings.SIGNED_IN_AGO.format(ago=strings.age(seen, now)) if seen else None
    facts = [
        ago or strings.NEVER_SIGNED_IN,
        strings.ADDED_ON.format(when=strings.day(account.added_at)),
    ]
    if not account.local:
        facts.append(strings.BY_PROVIDER)
    badges = _badge("role", strings.ROLES[account.role] if account.role else strings.NO_ROLE)
    if account.locked_until is not None:
        when = strings.moment(account.locked_until)
        badges += _badge("high", strings.LOCKED_UNTIL.format(when=when))
    return (
        f'<div class="gk-summary"><p class="gk-asked">{escape(account.name)}</p>'
        f'<div class="gk-badges">{badges}</div>{_facts(facts)}</div>'
    )


def history_html(events: Sequence[Event]) -> str:
    """Return what happened to a report, the newest first."""
    items = "".join(
        f"<li><div><b>{escape(who_did(event))}</b> {escape(what_was_done(event))}"
        f"<small>{escape(strings.moment(event.at))}</small></div>"
        + (f'<p class="gk-comment">{escape(event.text)}</p>' if event.text else "")
        + "</li>"
        for event in reversed(events)
    )
    return f'<ol class="gk-history">{items}</ol>'


def keys_html(keys: Mapping[str, str]) -> str:
    """Return what the keys do."""
    each = "".join(
        f"<span><kbd>{escape(key)}</kbd> {escape(what)}</span>" for key, what in keys.items()
    )
    return f'<div class="gk-keys">{each}</div>'


def evidence_html(evidence: Sequence[Evidence], cited: Collection[int]) -> str:
    """Return what an answer could rest on, each piece with its text; the cited ones unfolded."""
    title = f"<h4>{strings.EVIDENCE}</h4>"
    if not evidence:
        return f'<section class="gk-sources">{title}<p>{strings.NO_EVIDENCE}</p></section>'
    pieces = "".join(
        _piece_html(
            Citation(**{name: getattr(piece, name) for name in Citation.model_fields}),
            strings.CITED if piece.n in cited else strings.NOT_CITED,
            escape(piece.quote),
            unfolded=piece.n in cited,
        )
        for piece in evidence
    )
    return f'<section class="gk-sources">{title}{pieces}</section>'


def passages_today_html(found: Sequence[PassageToday]) -> str:
    """Return the cited passages as they stand in their documents today, marked, or "gone"."""
    pieces = "".join(
        _piece_html(
            each.citation,
            strings.TODAY_FOUND[each.found],
            _today_html(each),
            unfolded=True,
        )
        for each in found
    )
    return f'<section class="gk-sources gk-today"><h4>{strings.TODAY}</h4>{pieces}</section>'


def _today_html(found: PassageToday) -> str:
    if found.found == "gone":
        return f"<del>{escape(found.citation.quote)}</del>"
    around = [
        f'<span class="gk-around">{escape(text)}</span>' for text in (found.before, found.after)
    ]
    if found.found == "changed":
        return f"<del>{escape(found.citation.quote)}</del>\n<ins>{escape(found.text)}</ins>"
    return f"{around[0]}{marked(found.text)}{around[1]}"


def _piece_html(citation: Citation, remark: str, body: str, *, unfolded: bool) -> str:
    title, where = citation_place(citation)
    place = " · ".join(filter(None, (where, remark)))
    return (
        f'<details class="gk-source"{" open" if unfolded else ""}><summary>'
        f'<span class="gk-number">{citation.n}</span>'
        f'<span class="gk-title">{escape(title)}'
        f'<span class="gk-place">{escape(place)}</span></span>'
        f'</summary><div class="gk-passage">{body}</div></details>'
    )


def scores_html(told: Sequence[str]) -> str:
    """Return what the gates measured."""
    return _facts(told) if told else ""
