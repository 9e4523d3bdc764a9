"""From a hit to the evidence that a reader sees, and to the citation that opens it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.answer import LEFT_OUT, Citation, Evidence
from bot.retriever import Hit
from ingest.suspicions import order_spans

_REFERENCES = frozenset({"sources", "references", "bibliography", "further reading", "see also"})


def may_be_evidence(hit: Hit) -> bool:
    """Whether a chunk says something; a list of references only says where others say it."""
    heading = next(iter(reversed(hit.chunk.heading_path)), "").strip().lower()
    return heading not in _REFERENCES


def evidence_of(n: int, hit: Hit) -> Evidence:
    """Return a hit as numbered evidence."""
    chunk = hit.chunk
    return Evidence(
        n=n,
        kind="passage",
        document=chunk.document,
        title=hit.title,
        quote=chunk.text,
        key=chunk.chunk_id,
        page=chunk.page,
        row=chunk.row,
        heading_path=chunk.heading_path,
        start=chunk.start,
        end=chunk.end,
        score=round(hit.score, 4),
        orders=order_spans(hit.title, chunk.heading_path, chunk.text),
    )


def shown_of(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Return the evidence that a reader sees: no orders to a model, nor what is nothing else."""
    pieces = (piece.without_orders() for piece in evidence)
    return tuple(piece for piece in pieces if piece.quote != LEFT_OUT)


def citation_of(evidence: Evidence) -> Citation:
    """Return what a marker in the answer opens."""
    return Citation(**{name: getattr(evidence, name) for name in Citation.model_fields})


def place_of(evidence: Evidence) -> str:
    """Return where evidence stands, for people: its document's title and its heading."""
    heading = next(iter(reversed(evidence.heading_path)), "")
    return f"{evidence.title}: {heading}" if heading else evidence.title
