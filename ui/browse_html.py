"""Documents, passages and rows of the corpus as escaped HTML, with marks on what is wrong."""

from __future__ import annotations

from bot.library import Found
from bot.record_pages import RecordPage
from ingest.filters import type_of
from ingest.index import DocumentInfo
from ui import strings
from ui.rendering import escape, folded, small, source_address
from ui.source_html import remarks, trouble_html
from ui.tables import cells_of, column_label, shown_cells, side

SNIPPET_CHARS = 360


def troubled(info: DocumentInfo) -> bool:
    """Whether a document is failed, out of date, suspicious or not wholly read."""
    return info.status == "failed" or info.stale or bool(info.warnings)


def badges_html(info: DocumentInfo) -> str:
    """Return the marks that tell how far a document can be trusted, or nothing."""
    marks = [
        (info.stale, "stale", strings.STALE_BADGE),
        (info.status == "failed" and not info.stale, "failed", strings.FAILED_BADGE),
        (bool(remarks(info, suspicious=True)), "suspicious", strings.SUSPICIOUS_BADGE),
        (bool(remarks(info, suspicious=False)), "remarks", strings.REMARKS_BADGE),
    ]
    shown = "".join(
        f'<span class="gk-badge gk-mark-{kind}">{said}</span>' for on, kind, said in marks if on
    )
    return f'<span class="gk-badges">{shown}</span>' if shown else ""


def document_html(info: DocumentInfo) -> str:
    """Return a document's card: title, what it is, and all that was said of it when it was read."""
    kind = type_of(info.media_type)
    about = [
        strings.TYPE_NAMES[kind] if kind else info.media_type,
        strings.N_PAGES.format(n=info.pages) if info.pages and info.pages > 1 else "",
        info.vintage,
        info.name if info.title else "",
    ]
    said = remarks(info, suspicious=True) + remarks(info, suspicious=False)
    lines = "".join(f"<li>{escape(one)}</li>" for one in said)
    fold = folded(strings.REMARKS.format(n=len(said)), f"<ul>{lines}</ul>") if said else ""
    return (
        f'<div class="gk-document"><h3>{escape(info.title or info.name)}</h3>{badges_html(info)}'
        f"{small(' · '.join(filter(None, about)))}{trouble_html(info)}{fold}</div>"
    )


def found_html(found: Found) -> str:
    """Return a passage that a search found: where it stands, and how it begins."""
    path = [heading for heading in found.headings if heading != found.title]
    page = strings.PAGE.format(n=found.page) if found.page is not None else ""
    where = " · ".join(filter(None, [" › ".join(path), page]))
    text = " ".join(found.text.split())
    if len(text) > SNIPPET_CHARS:
        text = text[:SNIPPET_CHARS].rpartition(" ")[0] + "…"
    return (
        f'<div class="gk-document"><h3>{escape(found.title)}</h3>{small(where)}'
        f"<p>{escape(text)}</p></div>"
    )


def rows_html(page: RecordPage, document: str) -> str:
    """Return a page of rows; each name leads to the row's own page."""
    table = page.table
    head = "".join(
        f'<th scope="col" class="{side(column)}">{column_label(column)}</th>'
        for column in table.columns
    )
    body = "".join(
        f'<tr><th scope="row"><a class="gk-name-link" target="_blank" rel="noopener" '
        f'href="{source_address(document, 0, row)}">{escape(shown_cells(table, i)[0])}</a></th>'
        f"{''.join(cells_of(table, i))}</tr>"
        for i, row in enumerate(page.rows)
    )
    return (
        f'<div class="gk-scroll" tabindex="0" role="region" aria-label="{strings.ROWS_TABLE}">'
        f'<table class="gk-table gk-rows"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
