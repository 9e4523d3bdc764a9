"""What this bot is, for everybody: made from the card, the settings and the index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import streamlit as st

from bot.library import IndexState, ModelInUse
from ingest.domain import DomainCard
from ingest.filters import type_of
from ingest.index import DocumentInfo
from ingest.model_pins import EMBEDDED
from ingest.settings import Settings
from ui import strings
from ui.browse_html import badges_html, troubled
from ui.rendering import escape, folded, joined, source_address
from ui.services import Services

SOURCES_SHOWN = 40


def about_page(services: Services) -> None:
    """Draw what it knows, what it will not do, where it has it from, and what it keeps."""
    card = services.card
    library = services.open_library()
    state = library.state()
    with st.container(key="gk-about"):
        st.header(strings.ABOUT_TITLE, anchor=False)
        st.html(
            _what_html(card)
            + _limits_html(card)
            + _how_html()
            + _sources_html(state)
            + _figures_html(card)
            + _models_html(library.models, services.settings)
            + _stored_html(services.settings)
            + _report_html()
        )


def section(title: str, body: str) -> str:
    """Return a part of the page under a heading of its own."""
    return f"<section><h3>{escape(title)}</h3>{body}</section>"


def _listed(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def _paragraphs(*texts: str) -> str:
    return "".join(f"<p>{escape(text)}</p>" for text in texts)


def _what_html(card: DomainCard) -> str:
    info = card.domain
    return section(strings.ABOUT_WHAT, _paragraphs(info.description)) + section(
        strings.ABOUT_CAN, _listed(info.capabilities)
    )


def _limits_html(card: DomainCard) -> str:
    refusal = strings.ABOUT_ASKED_ELSE.format(refusal=card.domain.refusal)
    return section(strings.ABOUT_WILL_NOT, _listed([*strings.ABOUT_WILL_NOT_LINES, refusal]))


def _how_html() -> str:
    said = (strings.ABOUT_HOW_FIGURES, strings.ABOUT_HOW_QUOTES, strings.ABOUT_WRONG)
    return section(strings.ABOUT_HOW, _paragraphs(*said))


# --- sources ----------------------------------------------------------------------------------


def _sources_html(state: IndexState) -> str:
    when = strings.day(datetime.fromtimestamp(state.updated_at_ns / 1e9, tz=UTC))
    said = [strings.ABOUT_INDEXED.format(when=when, n=state.generation)]
    if trouble := sum(map(troubled, state.documents)):
        said.append(strings.ABOUT_TROUBLE.format(n=trouble))
    ordered = sorted(state.documents, key=lambda one: (one.kind != "table", one.title or one.name))
    shown, others = ordered[:SOURCES_SHOWN], ordered[SOURCES_SHOWN:]
    more = folded(strings.MORE_SOURCES.format(n=len(others)), _source_list(others))
    return section(
        strings.ABOUT_SOURCES, _paragraphs(*said) + _source_list(shown) + (more if others else "")
    )


def _source_list(documents: Sequence[DocumentInfo]) -> str:
    return f'<ul class="gk-source-list">{"".join(map(_source_line, documents))}</ul>'


def _source_line(info: DocumentInfo) -> str:
    kind = type_of(info.media_type)
    what = strings.TYPE_NAMES[kind] if kind else info.media_type
    about = [what, info.vintage or strings.NOT_DATED]
    title = escape(info.title or info.name)
    if info.status != "failed" or info.stale:
        address = source_address(info.name, 0, None)
        title = (
            f'<a class="gk-name-link" href="{address}" target="_blank" rel="noopener">{title}</a>'
        )
    return f"<li>{title}{badges_html(info)}<small>{escape(' · '.join(about))}</small></li>"


def _figures_html(card: DomainCard) -> str:
    """Return for each source of figures which they are, and of when."""
    found: dict[tuple[str, str], list[str]] = {}
    for table in card.tables:
        for field in table.fields:
            if field.source or field.vintage:
                found.setdefault((field.source, field.vintage), []).append(field.label)
    if not found:
        return ""
    lines = "".join(
        f"<dt>{escape(joined(*about))}</dt><dd>{escape(', '.join(labels))}</dd>"
        for about, labels in found.items()
    )
    return section(strings.ABOUT_FIGURES, f'<dl class="gk-pairs">{lines}</dl>')


# --- models and what is kept ------------------------------------------------------------------


def _models_html(models: Sequence[ModelInUse], settings: Settings) -> str:
    roles = {
        "answers": (strings.MODEL_FOR_ANSWERS, settings.model),
        "search": (strings.MODEL_FOR_SEARCH, settings.embedding),
    }
    body = "".join(_model_html(model, *roles[model.role]) for model in models)
    return section(strings.ABOUT_MODEL, body + _paragraphs(strings.ABOUT_DIGEST_MEANS))


def _model_html(model: ModelInUse, role: str, setting: str) -> str:
    licence = EMBEDDED[model.name].licence if model.name in EMBEDDED else strings.LICENCE_UNKNOWN
    pairs = (
        (strings.MODEL_LICENCE, escape(licence)),
        (strings.MODEL_WHERE, escape(where_it_runs(setting))),
        (strings.MODEL_DIGEST, _digest_html(model.digest)),
    )
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{value}</dd>" for name, value in pairs)
    return f'<h4>{escape(f"{role}: {model.name}")}</h4><dl class="gk-pairs">{lines}</dl>'


def _digest_html(digest: str) -> str:
    if not digest:
        return escape(strings.DIGEST_UNKNOWN)
    return f"<code>{escape(digest)}</code>"


def where_it_runs(setting: str) -> str:
    """Say in plain words who sees what a model is given."""
    if setting == "embedded" or setting.startswith("folder:"):
        return strings.RUNS_HERE
    return strings.RUNS_OLLAMA if setting.startswith("ollama:") else strings.RUNS_ELSEWHERE


def _stored_html(settings: Settings) -> str:
    report = strings.STORED_REPORT_LONG.format(days=settings.reports_retention_days)
    days = settings.open_topics_days
    left_open = [(strings.STORED_OPEN, strings.STORED_OPEN_LONG.format(days=days))] if days else []
    kept = (
        (strings.STORED_CONVERSATION, strings.STORED_CONVERSATION_LONG),
        (strings.STORED_QUESTION, strings.STORED_QUESTION_LONG),
        (strings.STORED_ASKED, strings.STORED_ASKED_LONG),
        (strings.STORED_REPORT, report),
        (strings.STORED_COUNTS, strings.STORED_COUNTS_LONG),
        *left_open,
        (strings.STORED_ADDRESS, strings.STORED_ADDRESS_LONG),
    )
    lines = "".join(f"<dt>{escape(what)}</dt><dd>{escape(how)}</dd>" for what, how in kept)
    return section(strings.ABOUT_STORED, f'<dl class="gk-pairs">{lines}</dl>')


def _report_html() -> str:
    how = strings.ABOUT_REPORT_HOW.format(button=strings.REPORT, page=strings.LOOKUP_PAGE)
    return section(strings.ABOUT_REPORT, _paragraphs(how))
