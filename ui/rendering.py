"""Text of others made safe to show: literal labels, and answers and sources as escaped HTML.

Whatever comes from a document, a question, a model or a report passes through `escape` (for HTML
that we write ourselves) or `literal` (for labels, which Streamlit reads as Markdown). The only
tags and links on a page are those that stand here, in `tables.py` and in `report_html.py`. What
is escaped can still say anything: this protects the page, not the reader's judgement.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from urllib.parse import urlencode

from bot.answer import Citation, Evidence
from ui import strings

MARKER = re.compile(r"\[(\d{1,3})\]")
LONGEST_KEPT = 24
BULLET = re.compile(r"^\s*[-•*]\s+")
WORD_JOINER = "\u2060"
SOURCES_SHOWN = 3

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# Streamlit replaces these after Markdown was read, where no backslash helps: emoji and icon
# shortcodes, typographic arrows, addresses of pages and of people.
_SHORTHAND = re.compile(r"(?<=:)(?=[\w+\-/])|(?<=www)(?=\.)|(?=@)|(?<=[<>=~-])(?=[<>=~-])", re.I)
_DIRECTION_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


# --- text -------------------------------------------------------------------------------------


def printable(text: str) -> str:
    """Return text without control characters and without overrides of the reading direction."""
    return "".join(c for c in text if c in "\n\t" or not _unprintable(c))


def _unprintable(c: str) -> bool:
    return unicodedata.category(c) in ("Cc", "Cs") or c in _DIRECTION_OVERRIDES


def escape(text: str) -> str:
    """Return text as HTML that shows it letter by letter."""
    return html.escape(printable(text), quote=True)


def one_line(text: str) -> str:
    """Return printable text with every run of white space as one space."""
    return " ".join(printable(text).split())


def literal(text: str) -> str:
    """Return Markdown that Streamlit shows as this very text, on one line.

    Every punctuation mark is escaped. What Streamlit rewrites even so is held apart by an
    invisible word joiner (U+2060), the only difference between the text and what is shown.
    """
    apart = _SHORTHAND.sub(WORD_JOINER, one_line(text))
    return _PUNCTUATION.sub(r"\\\1", apart)


# --- answers ----------------------------------------------------------------------------------


def answer_html(text: str, cited: Collection[int], anchor: str) -> str:
    """Return an answer's paragraphs and lists, each `[n]` of `cited` as a link to its source.

    `anchor` tells apart the sources of several answers on one page.
    """
    blocks: list[str] = []
    for line in printable(text).splitlines():
        if not line.strip():
            continue
        bullet = BULLET.match(line)
        words = linked(line[bullet.end() :] if bullet else line, cited, anchor)
        blocks.append(f"<li>{words}</li>" if bullet else f"<p>{words}</p>")
    joined = re.sub(r"((?:<li>.*?</li>)+)", r"<ul>\1</ul>", "".join(blocks))
    return f'<div class="gk-answer">{joined}</div>'


def linked(line: str, cited: Collection[int], anchor: str) -> str:
    """Escape a line, and turn its `[n]` of `cited` into links."""
    parts = MARKER.split(line)
    shown = ""
    for text, number in zip(parts[::2], [*parts[1::2], ""], strict=True):
        if number and int(number) in cited:
            shown += attached(text.rstrip(), marker(int(number), anchor))
        else:
            shown += escape(text) + (f"[{number}]" if number else "")
    return shown


def attached(text: str, mark: str) -> str:
    """Escape a text and keep the mark after it, if any, on the line of its last word.

    Of a word with hyphens it is the last part that is kept: a phone may part the others.
    """
    at = max(text.rfind(" "), text.rfind("-", 0, -1)) + 1
    before, last = text[:at], text[at:]
    if not mark or len(last) > LONGEST_KEPT:
        return escape(text) + mark
    return f'{escape(before)}<span class="gk-kept">{escape(last)}{mark}</span>'


def marker(number: int, anchor: str) -> str:
    """Return `[n]` as a small link to its source, which opens beside the page where it can."""
    label = strings.SOURCE_NUMBER.format(n=number)
    return (
        f'<sup><a class="gk-cite" href="#{_id(anchor, number)}" aria-label="{label}">'
        f"{number}</a></sup>"
    )


def _id(anchor: str, number: int) -> str:
    return f"source-{anchor}-{number}"


def question_html(text: str) -> str:
    """Return a question as the bubble of the person who asked it."""
    return (
        f'<div class="gk-question" role="article" aria-label="{strings.YOU_ASKED}">'
        f"<span>{escape(text)}</span></div>"
    )


def note_html(text: str, kind: str, cited: Collection[int] = (), anchor: str = "") -> str:
    """Return a kind word in a soft box; `kind` is one of our own class names."""
    return f'<div class="gk-note gk-{kind}" role="status">{answer_html(text, cited, anchor)}</div>'


def failure_html(message: str, hint: str) -> str:
    """Return what went wrong, and what to do about it."""
    advice = f'<p class="gk-hint">{escape(hint)}</p>' if hint else ""
    return f'<div class="gk-note gk-failed" role="alert"><p>{escape(message)}</p>{advice}</div>'


def progress(started: bool, place: int, sources: int) -> str:
    """Return what is being done: waiting, at a place in the line of all visitors, or reading."""
    if not started:
        return strings.WAITING
    if sources:
        return strings.READING_ONE if sources == 1 else strings.READING.format(n=sources)
    if place == 1:
        return strings.NEXT_IN_LINE
    return strings.IN_LINE.format(place=place) if place else strings.LOOKING


def busy(started: bool, place: int, sources: int) -> str:
    """Return why one has to wait in line, empty where nobody has to."""
    return strings.BUSY if started and place and not sources else ""


def progress_html(
    told: str, sentences: Sequence[str], sources: Sequence[str] = (), remark: str = ""
) -> str:
    """Return an answer while it is being written: its sentences, or what is done; its sources."""
    listed = "".join(f"<li>{escape(source)}</li>" for source in sources)
    listed = f'<ul class="gk-reading">{listed}</ul>' if listed else ""
    if sentences:
        said = answer_html(" ".join(sentences), (), "").replace("gk-answer", "gk-answer gk-writing")
        return f"{said}{listed}"
    waiting = f'<p class="gk-busy">{escape(remark)}</p>' if remark else ""
    return (
        f'<div class="gk-progress" role="status"><span>{told}</span><i></i><i></i><i></i></div>'
        f"{waiting}{listed}"
    )


def titles(evidence: Iterable[Evidence]) -> list[str]:
    """Return what the evidence is from, each document and each row's entity once."""
    return list(dict.fromkeys(e.title or " ".join(e.heading_path) or e.document for e in evidence))


def stopped_html(sentences: Sequence[str]) -> str:
    """Return as much of an answer as there was when its reader stopped it."""
    said = answer_html(" ".join(sentences), (), "") if sentences else ""
    return f'{said}<p class="gk-footer" role="status">{strings.STOPPED}</p>'


def brand_html(icon: str, name: str) -> str:
    """Return the domain's sign for the bar on top of every page."""
    return (
        f'<div class="gk-brand"><span aria-hidden="true">{escape(icon)}</span>'
        f"<b>{escape(name)}</b></div>"
    )


def welcome_html(icon: str, name: str, greeting: str) -> str:
    """Return what a visitor sees first."""
    return (
        f'<div class="gk-welcome"><div class="gk-icon" aria-hidden="true">{escape(icon)}</div>'
        f"<h1>{escape(name)}</h1><p>{escape(greeting)}</p></div>"
    )


def short_digest(digest: str) -> str:
    """Return enough of a digest to tell models apart."""
    return digest.removeprefix("sha256:")[:8]


def folded(title: str, body: str, *, unfolded: bool = False) -> str:
    """Return HTML that is unfolded by a tap on its title, and folded by the next."""
    now = " open" if unfolded else ""
    return f'<details class="gk-more"{now}><summary>{escape(title)}</summary>{body}</details>'


def footer_html(parts: Iterable[str]) -> str:
    """Return the quiet line below an answer."""
    shown = " · ".join(f"<span>{escape(part)}</span>" for part in parts if part)
    return f'<div class="gk-footer">{shown}</div>'


# --- sources ----------------------------------------------------------------------------------


def sources_html(citations: Sequence[Citation], anchor: str) -> str:
    """Return what an answer cites, each with the way to where it stands in its document."""
    return _listed([_source_link(citation, anchor) for citation in citations])


def quotations_html(citations: Sequence[Citation], anchor: str) -> str:
    """Return what an answer cites, each quotation folded; a marker's link unfolds its own.

    It shows what was cited then, whatever the documents say by now.
    """
    return _listed([_quotation(citation, anchor) for citation in citations])


def _listed(sources: Sequence[str]) -> str:
    """Return the first sources, and the others folded away."""
    if not sources:
        return ""
    shown, others = "".join(sources[:SOURCES_SHOWN]), "".join(sources[SOURCES_SHOWN:])
    if others:
        others = folded(strings.MORE_SOURCES.format(n=len(sources) - SOURCES_SHOWN), others)
    return f'<section class="gk-sources"><h4>{strings.SOURCES}</h4>{shown}{others}</section>'


def _source_link(citation: Citation, anchor: str) -> str:
    """Return a link that opens the source beside the page (ui/browser.js), else in a new tab."""
    address = source_address(citation.document, citation.start, citation.row)
    return (
        f'<a class="gk-source gk-open" id="{_id(anchor, citation.n)}" href="{address}"'
        f' target="_blank" rel="noopener">{_source_head(citation)}</a>'
    )


def _quotation(citation: Citation, anchor: str) -> str:
    # A link to what is folded away unfolds it (HTML, "ancestor details revealing algorithm").
    target = f'<span class="gk-target" id="{_id(anchor, citation.n)}"></span>'
    return (
        f'<details class="gk-source"><summary>{_source_head(citation)}</summary>'
        f'<div class="gk-passage">{target}{marked(citation.quote)}</div></details>'
    )


def _source_head(citation: Citation) -> str:
    title, where = citation_place(citation)
    place = f'<span class="gk-place">{escape(where)}</span>' if where else ""
    return (
        f'<span class="gk-number">{citation.n}</span>'
        f'<span class="gk-title">{escape(title)}{place}</span>'
    )


def source_address(document: str, start: int, row: int | None) -> str:
    """Return the address of a source's own page, relative to the app, safe to stand in HTML."""
    place = {"at": start} if row is None else {"row": row}
    query = urlencode({"document": document, **place}, errors="replace")
    return escape(f"source?{query}")


def citation_place(citation: Citation) -> tuple[str, str]:
    """Return the title of what is cited, and where in it the passage stands."""
    path = citation.heading_path
    heading = " › ".join(path[1:] if path[:1] == (citation.title,) else path)
    if citation.row is not None:
        row = strings.ROW.format(n=citation.row)
        return heading or citation.title, f"{citation.document} · {row}"
    page = strings.PAGE.format(n=citation.page) if citation.page is not None else ""
    where = " · ".join(part for part in (heading, page) if part)
    return citation.title or citation.document, where


def marked(text: str) -> str:
    """Return text with each line highlighted by itself, so that empty lines stay empty."""
    return "\n".join(
        f"<mark>{escape(line)}</mark>" if line.strip() else "" for line in text.split("\n")
    )


def joined(*parts: str) -> str:
    """Join what is not said yet: "2023" says nothing after "Yearbook 2023"."""
    said: list[str] = []
    for part in parts:
        if part and not any(part in before for before in said):
            said.append(part)
    return ", ".join(said)


def small(text: str) -> str:
    """Return a remark below a label."""
    return f"<small>{escape(text)}</small>" if text else ""
