"""From hits to passages: what is quoted is whole, and not all from one document.

The index cuts documents to the encoder's size. Hits that stand side by side in one section become
one passage again, a list, table or paragraph that was cut in the middle gets its other part, and
one document leaves room for others. Offsets stay those of the document's own text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from bot.answer import Evidence
from bot.rerank import content_terms
from bot.retriever import Hit
from ingest import database as db
from ingest.documents import Chunk
from ingest.index import Snapshot
from ingest.lexical import analyse

# Two whole chunks and a little: more in one passage would bury what was found.
MAX_CHARS = 2_000
MAX_OF_DOCUMENT = 3
_PARAGRAPH_BREAK = "\n\n"


@dataclass(frozen=True)
class _Passage:
    """A hit with the chunks around it that belong to it, in the document's order."""

    hit: Hit
    chunks: tuple[Chunk, ...]

    @property
    def first(self) -> Chunk:
        return self.chunks[0]

    @property
    def last(self) -> Chunk:
        return self.chunks[-1]

    def joined(self, chunk: Chunk) -> _Passage | None:
        """Return the passage with a chunk that stands right before or behind it, if it fits.

        It still begins on the page of its hit, for that is the page that its citation opens.
        """
        for chunks in ((*self.chunks, chunk), (chunk, *self.chunks)):
            if all(map(_adjacent, chunks, chunks[1:])):
                fits = chunks[-1].end - chunks[0].start <= MAX_CHARS
                fits = fits and chunks[0].page == self.hit.chunk.page
                return replace(self, chunks=chunks) if fits else None
        return None

    def joined_hit(self, hit: Hit) -> _Passage | None:
        """Return the passage with another hit's chunk, if it fits and is on the same page."""
        return self.joined(hit.chunk) if hit.chunk.page == self.hit.chunk.page else None


def gather(snapshot: Snapshot, hits: Sequence[Hit], count: int) -> list[Hit]:
    """Return up to `count` passages from hits, in their order; each is a hit with a longer chunk.

    A passage keeps the rank, the score and the id of its best chunk.
    """
    passages: list[_Passage] = []
    for hit in hits:
        tried = ((i, passage.joined_hit(hit)) for i, passage in enumerate(passages))
        place, longer = next(((i, one) for i, one in tried if one is not None), (0, None))
        if longer is not None:
            passages[place] = longer
        elif len(passages) == count:
            break
        else:
            passages.append(_Passage(hit, (hit.chunk,)))
    around = _neighbours(snapshot, passages)
    return [_whole(snapshot, passage, around) for passage in passages]


def spread(hits: Sequence[Hit], question: str) -> list[Hit]:
    """Return the hits with those behind the others that are too many of one document.

    A document whose title the question names may have them all.
    """
    asked = frozenset(analyse(question))
    seen: Counter[str] = Counter()
    kept: list[Hit] = []
    late: list[Hit] = []
    for hit in hits:
        seen[hit.chunk.document] += 1
        few = seen[hit.chunk.document] <= MAX_OF_DOCUMENT
        (kept if few or _is_named(hit.title, asked) else late).append(hit)
    return kept + late


def guaranteed(parts: Sequence[Sequence[Hit]], whole: Sequence[Hit]) -> list[Hit]:
    """Return the best hit of each part of a question, then the best of what is left of all.

    Scores of different queries are compared as shares of each one's best. Each chunk comes once.
    """
    first = [hits[0] for hits in parts if hits]
    shares = [(hit.score / (hits[0].score or 1.0), hit) for hits in (whole, *parts) for hit in hits]
    rest = [hit for _, hit in sorted(shares, key=lambda share: -share[0])]
    once: dict[str, Hit] = {}
    for hit in (*first, *rest):
        once.setdefault(hit.chunk.chunk_id, hit)
    return [replace(hit, rank=rank) for rank, hit in enumerate(once.values(), start=1)]


def covers(piece: Evidence, chunk: Chunk) -> bool:
    """Whether a piece of evidence holds a chunk, alone or with others."""
    same = piece.document == chunk.document
    return same and piece.start <= chunk.start and chunk.end <= piece.end


def _is_named(title: str, asked: Collection[str]) -> bool:
    words_of_title = content_terms(title)
    return bool(words_of_title) and words_of_title <= set(asked)


def _adjacent(first: Chunk, second: Chunk) -> bool:
    """Whether a chunk follows another in the same section."""
    return (
        first.document == second.document
        and first.heading_path == second.heading_path
        and first.ordinal + 1 == second.ordinal
        and first.end <= second.start
        and first.kind == second.kind == "passage"
    )


def _neighbours(snapshot: Snapshot, passages: Iterable[_Passage]) -> list[Chunk]:
    """Return the chunks right behind and before each passage, those behind first."""
    c = db.chunks.c
    places = [
        sa.and_(
            c.document == p.first.document, c.ordinal.in_((p.first.ordinal - 1, p.last.ordinal + 1))
        )
        for p in passages
    ]
    wanted = sa.select(db.chunks).where(sa.or_(sa.false(), *places)).order_by(c.ordinal.desc())
    return [db.chunk_of(row) for row in snapshot.connection.execute(wanted)]


def _whole(snapshot: Snapshot, passage: _Passage, around: Sequence[Chunk]) -> Hit:
    """Return a passage as one hit, with the parts of it that the index cut off."""
    longest = passage
    for chunk in around:
        longest = longest.joined(chunk) or longest
    if len(longest.chunks) == 1:
        return passage.hit
    text = _text(snapshot, longest.first, longest.last)
    offset = longest.first.start

    def is_cut(before: Chunk, after: Chunk) -> bool:
        return _PARAGRAPH_BREAK not in text[before.end - offset : after.start - offset]

    chunks = list(longest.chunks)
    if chunks[-1] not in passage.chunks and not is_cut(chunks[-2], chunks[-1]):
        chunks.pop()
    if chunks[0] not in passage.chunks and not is_cut(chunks[0], chunks[1]):
        chunks.pop(0)
    start, end = chunks[0].start, chunks[-1].end
    joined = replace(
        passage.hit.chunk,
        text=text[start - offset : end - offset],
        start=start,
        end=end,
        page=chunks[0].page,
    )
    return replace(passage.hit, chunk=joined)


def _text(snapshot: Snapshot, first: Chunk, last: Chunk) -> str:
    """Return what a document says from one chunk to another, read without the rest of it."""
    d = db.documents.c
    piece = sa.func.substr(d.text, first.start + 1, last.end - first.start)
    text: str = snapshot.connection.execute(
        sa.select(piece).where(d.name == first.document)
    ).scalar_one()
    return text
