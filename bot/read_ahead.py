"""The sentences of the documents, embedded before anybody asks.

They are most of what the first question about a passage waits for: a tenth of a second or two on
a small machine, longer when many ask at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot.evidence import evidence_of, may_be_evidence
from bot.extract import sentence_texts
from bot.retriever import Hit
from ingest.batches import batches
from ingest.index import Index, Snapshot

PASSAGES = 1_000
AT_ONCE = 16


def read_ahead(index: Index, give_way: Callable[[], None]) -> int:
    """Embed the sentences of up to `PASSAGES` passages; returns how many sentences there were.

    `give_way` is called before each few, to wait for as long as somebody asks.
    """
    with index.snapshot() as snapshot:
        texts = list(_sentences(snapshot))
    for group in batches(texts, AT_ONCE):
        give_way()
        index.embed_sentences(group)
    return len(texts)


def _sentences(snapshot: Snapshot) -> Iterator[str]:
    """Yield the sentences of prose as they are compared with a question."""
    chunks = snapshot.first_chunks("passage", PASSAGES)
    titles = snapshot.titles({chunk.document for chunk in chunks})
    for chunk in chunks:
        hit = Hit(0, 0.0, 0.0, 0.0, chunk, titles.get(chunk.document, ""))
        if may_be_evidence(hit):
            yield from sentence_texts(evidence_of(1, hit))
