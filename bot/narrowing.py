"""Which documents a person wants to search: said in a question, or as options of a command.

"According to the FAFSA guide, ..." narrows the search to the document whose title fits, or to two
or three that it fits alike; the answer tells which. It is done by English grammar words and the
titles in the index; what fits no document, or many, is no narrowing, and the question stays as it
was asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from rapidfuzz import fuzz

from bot.answer import Question
from bot.condense import content_words, points_back
from bot.text import stem, words
from ingest.errors import UsageError
from ingest.filters import Filter
from ingest.index import DocumentInfo, Snapshot
from ingest.lexical import STOP_WORDS

SHOWN_TITLES = 3
# Of 100; a word of six letters with one wrong has 83, with one missing 91.
MIN_LIKENESS = 83.0

_KINDS = (
    r"(?:guides?|guidebook|handbook|manual|documents?|docs?|files?|pdfs?|articles?|brochures?"
    r"|booklets?|pages?|glossary|leaflets?)"
)
_IN = r"\b(?:only |just )?(?:according to|based on|going by|in|from|within|using|per)"
_THE = r"(?: (?:the|our|my|your))?"
_ENDS = r"(?: only| alone)?(?=[,?.!:;]|$)"
_SAID = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        # "What does the … guide say about …?"
        rf"^what (?:does|do|did){_THE} (?P<name>[^,?]*?\b{_KINDS}) (?:say|tell(?: us| me)?|explain)"
        r"(?: (?:about|on|of|regarding))? (?P<rest>.+)$",
        # "…, in the PDF about …", "only in the … guide"
        rf"{_IN}{_THE} (?P<name>(?:(?!{_IN}\b)[^,?])*?\b{_KINDS})"
        rf"(?: (?:about|on|called|named|for|of) (?P<about>[^,?]+?))?{_ENDS}",
        # "using guides/….md"
        rf"{_IN} (?P<path>[\w./-]+\.\w{{2,5}}){_ENDS}",
        # "according to …", where that is all of a title
        rf"\b(?:according to|based on|(?:only|just) (?:in|from)){_THE} (?P<title>[^,?]+?){_ENDS}",
    )
)
_GENERIC = frozenset(
    map(
        stem,
        words(
            "guide guidebook handbook manual document doc file pdf article brochure booklet page "
            "leaflet"
        ),
    )
)
_STOP_STEMS = frozenset(map(stem, STOP_WORDS))


@dataclass(frozen=True)
class Narrowing:
    """Where to look, what for, and which documents that leaves; None if it leaves all."""

    within: Filter
    text: str
    documents: tuple[DocumentInfo, ...] | None = None

    @property
    def has_tables(self) -> bool:
        """Whether there is a table among what is searched."""
        return self.documents is None or any(d.kind == "table" for d in self.documents)

    def holds(self, names: Collection[str]) -> bool:
        """Whether these documents are among what is searched."""
        return self.documents is None or {*names} <= {d.name for d in self.documents}

    @property
    def note(self) -> str:
        """What a reader is told; nothing where everything was searched."""
        if self.documents is None:
            return ""
        return f"Looked only in: {titles(self.documents) or 'nothing, for no document fits'}."


def look(question: Question, text: str, snapshot: Snapshot) -> Narrowing:
    """Return where to look for what a question asks: as its asker chose, and as it says itself.

    `text` is the question as it is read. Of one document, "who has to sign it?" is asked about
    its subject, so that its title stands in front, unless a conversation says what "it" is.
    """
    within = question.within
    if says_where(text):
        said, text = narrow(text, snapshot.documents())
        within = replace(within, documents=said) if said and not within.documents else within
    if not within.by_document:
        return Narrowing(within, text)
    documents = tuple(snapshot.documents(within))
    leans = points_back(text) or len(content_words(text)) <= 1
    if len(documents) == 1 and leans and not question.history:
        text = f"{documents[0].title}: {text}"
    return Narrowing(within, text, documents)


def says_where(text: str) -> bool:
    """Whether a question may say where to look."""
    return any(pattern.search(text) for pattern in _SAID)


def narrow(text: str, documents: Sequence[DocumentInfo]) -> tuple[tuple[str, ...], str]:
    """Return the documents that a question wants searched, and the question without that.

    Tables are left out: their rows are asked for by what they are about.
    """
    readable = [document for document in documents if document.kind == "document"]
    for pattern in _SAID:
        for match in pattern.finditer(text):
            said = match.groupdict(default="")
            found = _meant(said, readable)
            if 1 <= len(found) <= SHOWN_TITLES:
                rest = said.get("rest") or text[: match.start()] + text[match.end() :]
                return tuple(d.name for d in found), _tidy(rest) or text
    return (), text


def _meant(said: Mapping[str, str], documents: Sequence[DocumentInfo]) -> list[DocumentInfo]:
    if path := said.get("path"):
        return _called(path, documents)
    if title := said.get("title"):
        return [d for d in documents if _stems(title) == _stems(d.title)]
    return _titled(f"{said['name']} {said.get('about', '')}", documents)


def choose_documents(wanted: Sequence[str], documents: Sequence[DocumentInfo]) -> tuple[str, ...]:
    """Return the names of the documents that a person names, by path, file name or title.

    Raises UsageError with one sentence for what fits none of them, or several.
    """
    return tuple(dict.fromkeys(_choose(one, documents).name for one in wanted))


def _choose(wanted: str, documents: Sequence[DocumentInfo]) -> DocumentInfo:
    ways = (_called, _titled, _spelled_alike)
    found = next((found for way in ways if (found := way(wanted, documents))), [])
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            f"No document is called “{wanted}”.",
            hint="`groundskeeper status` lists them; give a path or words of a title.",
        )
    raise UsageError(
        f"“{wanted}” fits {len(found)} documents: {titles(found)}.",
        hint="Give more of the title, or the path.",
    )


def titles(documents: Sequence[DocumentInfo]) -> str:
    """Return the first titles, and how many there are besides."""
    shown = [document.title or document.name for document in documents[:SHOWN_TITLES]]
    left = len(documents) - len(shown)
    return ", ".join(shown) + (f" and {left} more" if left else "")


def _called(wanted: str, documents: Sequence[DocumentInfo]) -> list[DocumentInfo]:
    """Return the documents with this path, file name or title, to the letter."""
    return [d for d in documents if wanted in (d.name, PurePosixPath(d.name).name, d.title)]


def _titled(name: str, documents: Sequence[DocumentInfo]) -> list[DocumentInfo]:
    """Return the documents whose title, or file name, has all words of a name.

    "The PDF about loans" must be a PDF. Words like "guide" say nothing where there are others.
    """
    wanted = _stems(name) - _GENERIC
    if not wanted:
        return []
    fitting = [d for d in documents if wanted <= _stems(_names(d))]
    if {"pdf", "pdfs"} & {*words(name)}:
        fitting = [d for d in fitting if d.media_type == "application/pdf"]
    # What is about nothing else comes before what mentions it on the side.
    return [d for d in fitting if wanted == _stems(d.title)] or fitting


def _spelled_alike(name: str, documents: Sequence[DocumentInfo]) -> list[DocumentInfo]:
    """Return the documents whose titles have all words of a name, give or take a letter."""

    def near(word: str, document: DocumentInfo) -> bool:
        return any(fuzz.ratio(word, other) >= MIN_LIKENESS for other in words(_names(document)))

    said = [word for word in words(name) if word not in STOP_WORDS]
    return [d for d in documents if said and all(near(word, d) for word in said)]


def _names(document: DocumentInfo) -> str:
    return f"{document.title} {PurePosixPath(document.name).stem}"


def _stems(text: str) -> set[str]:
    """Return the stems of the words that say something."""
    return {stem(word) for word in words(text)} - _STOP_STEMS


def _tidy(text: str) -> str:
    """Return what is left of a question, without the punctuation that held the rest."""
    left = re.sub(r"[\s,;:]+([?.!])", r"\1", " ".join(text.split())).strip(" ,;:-")
    return left[:1].upper() + left[1:] if any(map(str.isalnum, left)) else ""
