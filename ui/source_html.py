"""A source as it is read: the passage marked in its text, or a row's cells, as escaped HTML."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bot.answer import Fact
from bot.library import Passage, Row
from ingest.domain import TableCard
from ingest.index import DocumentInfo
from ingest.suspicions import SUSPICIOUS, order_spans
from ui import strings
from ui.rendering import escape, joined, marked, small


def source_head_html(title: str, path: Sequence[str], where: str) -> str:
    """Return what is read: its title, the headings that it stands under, and where."""
    steps = [step for step in path if step != title]
    trail = "".join(f"<li>{escape(step)}</li>" for step in steps)
    trail = f'<ol class="gk-trail">{trail}</ol>' if trail else ""
    return f'<div class="gk-source-head"><h2>{escape(title)}</h2>{trail}{small(where)}</div>'


def passage_where(passage: Passage) -> str:
    """Return which of the document's passages this is, on which page, and of when."""
    info, chunk = passage.info, passage.chunk
    return " · ".join(
        filter(
            None,
            [
                strings.PASSAGE_OF.format(n=passage.number, of=passage.of),
                strings.PAGE.format(n=chunk.page) if chunk.page is not None else "",
                info.vintage,
                info.name,
            ],
        )
    )


def passage_html(passage: Passage) -> str:
    """Return the passage marked in the text around it, whose headings look like headings."""
    before = _around_html(_cut_before(passage.before), passage.headings)
    after = _around_html(_cut_after(passage.after), passage.headings)
    return f'<div class="gk-page-text">{before}{passage_alone_html(passage)}{after}</div>'


def passage_alone_html(passage: Passage) -> str:
    """Return the passage by itself."""
    label = strings.THE_PASSAGE
    return (
        f'<div class="gk-marked" role="region" aria-label="{label}">'
        f"{marked(passage.chunk.text)}</div>"
    )


def _around_html(text: str, headings: Collection[str]) -> str:
    lines = (
        f"<b>{escape(line)}</b>" if line.strip() in headings else escape(line)
        for line in text.strip("\n").split("\n")
    )
    return f'<div class="gk-around">{chr(10).join(lines)}</div>' if text.strip() else ""


def _cut_before(text: str) -> str:
    """Begin with a whole paragraph, if there is one."""
    _, gap, rest = text.partition("\n\n")
    return rest if gap else text


def _cut_after(text: str) -> str:
    """End with a whole paragraph, if there is one."""
    whole, gap, _ = text.rpartition("\n\n")
    return whole if gap else text


def gives_orders(passage: Passage) -> bool:
    """Whether the passage tells a language model what to do."""
    chunk = passage.chunk
    return bool(order_spans(passage.info.title, chunk.heading_path, chunk.text))


def row_html(row: Row, meant: Collection[str] = ()) -> str:
    """Return a row as a small table: each figure with its unit, its source and its time.

    Where all have the same source and time, it is said once, below. The fields that are `meant`
    are marked.
    """
    facts = row.evidence.facts
    origins = {joined(fact.source, fact.vintage) for fact in facts}
    shared = origins.pop() if len(origins) == 1 else ""
    lines = "".join(
        _cell_html(fact, origin=not shared, meant=fact.field in meant) for fact in facts
    )
    below = f'<div class="gk-caption">{escape(shared)}</div>' if shared else ""
    head = (
        f'<thead><tr><th scope="col">{escape(_name_of(row.table))}</th>'
        f'<th scope="col">{escape(_entity(row))}</th></tr></thead>'
    )
    return f'<table class="gk-cells gk-row">{head}<tbody>{lines}</tbody></table>{below}'


def _cell_html(fact: Fact, *, origin: bool, meant: bool) -> str:
    missing = ' class="gk-missing"' if fact.value is None else ""
    about = joined(fact.unit, *((fact.source, fact.vintage) if origin else ()))
    cited = ' class="gk-meant"' if meant else ""
    shown = f"<mark>{escape(fact.display)}</mark>" if meant else escape(fact.display)
    return (
        f'<tr{cited}><th scope="row">{escape(fact.label)}{small(about)}</th>'
        f"<td{missing}>{shown}</td></tr>"
    )


def _name_of(table: TableCard) -> str:
    return table.entity[:1].upper() + table.entity[1:]


def _entity(row: Row) -> str:
    facts = row.evidence.facts
    return facts[0].entity if facts else ""


def row_title(row: Row) -> str:
    """Return whose row it is."""
    return _entity(row)


def row_where(row: Row) -> str:
    """Return where the row stands."""
    number = strings.ROW_OF.format(n=row.evidence.row)
    return " · ".join(filter(None, [number, row.info.name]))


def trouble_html(info: DocumentInfo) -> str:
    """Return what to know before this document is believed, or nothing."""
    if info.stale:
        said = strings.STALE_MEANS.format(reason=info.reason)
    elif info.status == "failed":
        said = strings.FAILED_MEANS.format(reason=info.reason)
    else:
        return ""
    return warning_html(said)


def warning_html(said: str) -> str:
    """Return one sentence to mind."""
    return f'<p class="gk-mind" role="note">{escape(said)}</p>'


def remarks(info: DocumentInfo, *, suspicious: bool) -> list[str]:
    """Return what was said of a document when it was read: of orders to models, or all else."""
    return [
        said.removeprefix(SUSPICIOUS)
        for said in info.warnings
        if said.startswith(SUSPICIOUS) == suspicious
    ]
