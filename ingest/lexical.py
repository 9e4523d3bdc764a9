"""The full-text index beside the chunks: BM25 by tantivy, a point in time for each reader.

It is derived from the chunks and can be made again from them. What it finds counts only if SQL
knows it: chunks are written here before the transaction that makes them visible, and deleted
after the one that removes them, so a crash leaves nothing but numbers that nobody sees. Measured
beside SQLite's FTS5 in bench/latency.md; the reasons are in docs/decisions/0008.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import tantivy
from tantivy import FieldType, Occur, Order, Query, TextAnalyzer, TextAnalyzerBuilder, Tokenizer
from tantivy import Filter as TokenFilter

from ingest.database import remedy
from ingest.documents import Chunk, ChunkKind
from ingest.errors import IndexDamaged
from ingest.vector_file import Numbers

# How often a header counts: BM25F's weight for a field, as repetition (Robertson, Zaragoza,
# "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, section 3.6).
HEADER_TIMES = 2
MAX_TERMS = 32
MAX_WORD_BYTES = 100
WRITER_BYTES = 64_000_000
NUMBERS_AT_ONCE = 100_000
WORDS = "words"

# Function words of English; content words of a domain never belong here.
STOP_WORDS = frozenset(
    """a about after all also am an and any are as at be because been before being between both
    but by can could did do does doing for from get give had has have having he her here him his
    how i if in into is it its just let me more most my no nor not of on one or our out please
    she should show so some such tell than that the their them then there these they this those
    to too up us was we were what when where which while who whom why will with would you your
    """.split()  # noqa: SIM905  a list of strings would take a hundred lines
)
_WORD = re.compile(r"[^\W_]+(?:[-'’.&][^\W_]+)*")
_QUOTED = re.compile(r'["“]([^"“”]+)["”]')
T = TypeVar("T")


class LexicalSearcher:
    """The full-text index as it was at one moment; safe to share between threads."""

    def __init__(self, schema: tantivy.Schema, searcher: tantivy.Searcher) -> None:
        self._schema = schema
        self._searcher = searcher

    def search(
        self,
        query: str,
        k: int,
        kind: ChunkKind | None = None,
        documents: Sequence[str] | None = None,
    ) -> list[tuple[int, float]]:
        """Return up to k (chunk number, BM25 score), best first, of one kind and some documents.

        None leaves all in. Among the numbers may be some that SQL does not know.
        """
        clauses = self._clauses(query)
        if not clauses or k <= 0:
            return []
        wanted = Query.boolean_query([(Occur.Should, clause) for clause in clauses])
        limits = [*self._limits(kind, documents)]
        if limits:
            wanted = Query.boolean_query([(Occur.Must, wanted), *limits])
        found = _translated(lambda: self._searcher.search(wanted, k, count=False).hits)
        numbers = self._numbers([place for _, place in found])
        return [(number, score) for number, (score, _) in zip(numbers, found, strict=True)]

    def numbers(self) -> Numbers:
        """Return the numbers of all chunks that are there, ascending."""
        found: list[Numbers] = []
        for first in range(0, self.highest() + 1, NUMBERS_AT_ONCE):
            within = Query.range_query(
                self._schema, "number", FieldType.Integer, first, first + NUMBERS_AT_ONCE - 1
            )
            hits = _translated(partial(self._searcher.search, within, NUMBERS_AT_ONCE)).hits
            found.append(np.asarray(self._numbers([place for _, place in hits]), dtype=np.int64))
        return np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)

    def highest(self) -> int:
        """Return the highest number that is there, -1 where there is none."""
        highest = _translated(
            lambda: (
                self._searcher.search(
                    Query.all_query(), 1, order_by_field="number", order=Order.Desc
                ).hits
            )
        )
        return max(self._numbers([place for _, place in highest]), default=-1)

    def __len__(self) -> int:
        return self._searcher.num_docs

    def _numbers(self, places: list[tantivy.DocAddress]) -> list[int]:
        found = _translated(lambda: self._searcher.fast_field_values("number", places))
        return [int(number) for number in found if number is not None]

    def _clauses(self, query: str) -> list[Query]:
        """Return a clause for each content word and each quoted phrase.

        No operator or syntax of a question is read; a word with inner punctuation ("F-1") is a
        phrase. A query of stop words only keeps them all.
        """
        words = [word.lower() for word in _WORD.findall(query)]
        terms = [word for word in words if word not in STOP_WORDS] or words
        asked = list(dict.fromkeys([*_QUOTED.findall(query), *terms]))[:MAX_TERMS]
        return [clause for text in asked if (clause := self._clause(text)) is not None]

    def _clause(self, text: str) -> Query | None:
        tokens = analyse(text)
        if len(tokens) > 1:
            return Query.phrase_query(self._schema, "text", list(tokens))
        return Query.term_query(self._schema, "text", tokens[0], "freq") if tokens else None

    def _limits(
        self, kind: ChunkKind | None, documents: Sequence[str] | None
    ) -> Iterator[tuple[Occur, Query]]:
        """Yield conditions that must hold and do not score."""
        for field, values in (("kind", kind and [kind]), ("document", documents)):
            if values is not None:
                among = Query.term_set_query(self._schema, field, list(values))
                yield Occur.Must, Query.const_score_query(among, 0.0)


class LexicalIndex:
    """The full-text index of one domain in a folder of its own; chunks are known by number.

    Several processes may read while one writes. Raises IndexDamaged where the files are gone or
    cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._index: tantivy.Index | None = None
        self._stamp: object = None
        self._searcher: LexicalSearcher | None = None

    def searcher(self, stamp: object = None) -> LexicalSearcher:
        """Return a searcher: the last one while `stamp` is the same, else one of this moment."""
        with self._lock:
            if self._searcher is None or stamp is None or stamp != self._stamp:
                self._searcher = _translated(self._look)
                self._stamp = stamp
            return self._searcher

    def _look(self) -> LexicalSearcher:
        if self._index is None:
            self._index = _open(self._folder)
        self._index.reload()
        return LexicalSearcher(self._index.schema, self._index.searcher())

    @contextmanager
    def writing(self) -> Iterator[LexicalWriter]:
        """Change the index; what was not committed at the end is forgotten.

        Only one writer at a time, in all processes: the reindex's own lock sees to that.
        """
        index = _translated(lambda: _open(self._folder))
        writer = _translated(lambda: index.writer(WRITER_BYTES, num_threads=1))
        try:
            yield LexicalWriter(writer, LexicalSearcher(index.schema, index.searcher()).highest())
        finally:
            _translated(writer.rollback)
            _translated(writer.wait_merging_threads)

    def prepare(self) -> bool:
        """Make the index if it is not there; tell whether it was, and could be read."""
        try:
            len(self.searcher())
        except IndexDamaged:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(parents=True, exist_ok=True)
            self._index = self._searcher = None
            _translated(lambda: tantivy.Index(_SCHEMA, path=str(self._folder)))
            return False
        return True


class LexicalWriter:
    """Adds and deletes chunks; nothing shows before `commit`."""

    def __init__(self, writer: tantivy.IndexWriter, highest: int) -> None:
        """`highest` is the highest number that is there already."""
        self._writer = writer
        self._highest = highest

    def add(self, chunks: Iterable[tuple[int, Chunk]]) -> None:
        """Index numbered chunks; one that is there under the number is replaced.

        A number may have been given before to a chunk of a reindex that was cut short.
        """
        _translated(lambda: self._add(chunks))

    def _add(self, chunks: Iterable[tuple[int, Chunk]]) -> None:
        for number, chunk in chunks:
            text = "\n".join([chunk.header] * HEADER_TIMES + [chunk.body])
            row = {"number": number, "kind": chunk.kind, "document": chunk.document, "text": text}
            # A deletion takes a kilobyte until the commit, also where there is nothing to delete.
            if number <= self._highest:
                self._writer.delete_documents_by_term("number", number)
            self._writer.add_document(tantivy.Document.from_dict(row, _SCHEMA))

    def remove(self, numbers: Iterable[int]) -> None:
        """Forget chunks; numbers that are not there do not matter."""
        for number in numbers:
            self._writer.delete_documents_by_term("number", number)

    def commit(self) -> None:
        """Make all changes since the last commit durable and visible at once."""
        _translated(self._writer.commit)


def analyse(text: str) -> list[str]:
    """Return the words of a text as they are indexed: folded and stemmed, in their order."""
    return list(_ANALYZER.analyze(text))


def _analyzer() -> TextAnalyzer:
    """Split at everything that is no letter or digit, fold case and accents, stem (Snowball)."""
    filters = (
        TokenFilter.remove_long(MAX_WORD_BYTES),
        TokenFilter.lowercase(),
        TokenFilter.ascii_fold(),
        TokenFilter.stemmer("english"),
    )
    builder = TextAnalyzerBuilder(Tokenizer.simple())
    for one in filters:
        builder = builder.filter(one)
    return builder.build()


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("number", indexed=True, fast=True)
    for name in ("kind", "document"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("text", tokenizer_name=WORDS, index_option="position")
    return builder.build()


_ANALYZER = _analyzer()
_SCHEMA = _schema()
# As in: IoError(Os { code: 30, kind: ReadOnlyFilesystem, message: "Read-only file system" }).
_SYSTEM_MESSAGE = re.compile(r'message: "([^"]+)"')


def _open(folder: Path) -> tantivy.Index:
    # tantivy's own `open` makes what is missing, and a reader must make nothing.
    if not (folder / "meta.json").is_file():
        raise ValueError("its files are not there")
    index = tantivy.Index(_SCHEMA, path=str(folder))
    index.register_tokenizer(WORDS, _ANALYZER)
    return index


def _translated(job: Callable[[], T]) -> T:
    """Do a job of tantivy's, whose errors are ValueError, OSError or a panic of its own."""
    try:
        return job()
    except (ValueError, OSError) as error:
        cause = _cause(error)
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        cause = _cause(error)
    raise IndexDamaged(
        f"The full-text index cannot be used ({cause}).",
        hint=remedy(cause, "Run `groundskeeper reindex`; it makes the full-text index again."),
    )


def _cause(error: BaseException) -> str:
    """Return what the system said, where that stands in the middle of tantivy's own debug text."""
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    system = _SYSTEM_MESSAGE.search(said)
    return system[1] if system else said[:200]
