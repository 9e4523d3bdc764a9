"""Choosing the sentences of the evidence that answer a question best.

This is what is shown where the model's own sentence does not pass the verifier, so a quote is
exact by construction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from bot.answer import Evidence
from bot.text import sentences, stem, words
from ingest.index import Index, Vector
from ingest.lexical import STOP_WORDS

MAX_SENTENCES = 60
# Weights beside a sentence's cosine, chosen on questions whose section is known (two sets, 0.75 and
# 0.73 right before, 0.87 and 0.74 now) and on SQuAD's, whose sentence is (0.85): between passages
# the retriever's score counts, within one the question's terms. What opens a section says what its
# heading promises, so that it counts by the share of the question's terms in the heading.
RETRIEVAL = 3.0
TERMS = 0.25
OPENING = 0.3
DEFINITION = 0.2
MIN_WORDS = 4
WINDOW_CHARS = 600
LONG_ENOUGH = 160
MAX_HEADING_WORDS = 12
MAX_TERM_WORDS = 6
_ASKS_WHAT = re.compile(
    r"^\W*(?:so |and |hi |hello |please )*"
    r"(?:what(?:'s|’s|s| is| are| does)|define|explain|meaning of)\s+(?:an? |the )?(.+?)"
    r"(?: mean| means| stand for)?\W*$",
    re.I,
)
# When a document was written, and for whom, answers nothing else.
_COLOPHON = re.compile(r"(?:(?:this \w+ was )?(?:last )?(?:reviewed|updated|revised)\b|©)", re.I)
_LEANS_BACK = re.compile(r"(?:It|They|This|That|These|Those|He|She|But|And|So|Also)\b")


@dataclass(frozen=True)
class Extract:
    """A sentence of the evidence: which, where in its quote (characters), how near.

    `vector` is its unit vector under its heading, shape (dimension,).
    """

    evidence: Evidence
    start: int
    end: int
    score: float
    cosine: float
    vector: Vector = field(compare=False, repr=False)

    @property
    def text(self) -> str:
        """The sentence, to the letter."""
        return self.evidence.quote[self.start : self.end]

    def after(self, opening: Extract) -> str:
        """Return what is left behind an opening sentence; all of it if it opens otherwise."""
        opens = self.evidence.key == opening.evidence.key and self.start == opening.start
        return self.evidence.quote[opening.end : self.end].strip() if opens else self.text


def rank_sentences(
    index: Index, question: str, vector: Vector, evidence: Sequence[Evidence]
) -> list[Extract]:
    """Return the sentences of the evidence, best first, without those that order a model about.

    Passages are ranked by the retriever's score and their sentence nearest to the question,
    sentences within one by nearness and the share of the question's content words that they hold.
    A little more has what defines the term that is asked for, and what opens a section whose
    heading has the question's words. `vector` is the question's unit vector.
    """
    places = [(e, a, b) for e in evidence for a, b in _quotable(e)][:MAX_SENTENCES]
    if not places:
        return []
    texts = [_under_heading(*place) for place in places]
    vectors = index.embed_sentences(texts)
    defined = defined_term(question)
    found: dict[int, list[Extract]] = {}
    nearest: dict[int, float] = {}
    for (e, a, b), text, own in zip(places, texts, vectors, strict=True):
        cosine = float(own @ vector)
        score = cosine + DEFINITION * defines(e.quote[a:b], defined)
        if not a:
            score += OPENING * term_coverage(question, " ".join(e.heading_path[-1:]))
        nearest[e.n] = max(score + RETRIEVAL * e.score, nearest.get(e.n, -1.0))
        score += TERMS * term_coverage(question, text)
        found.setdefault(e.n, []).append(Extract(e, a, b, score, cosine, own))
    for of_one in found.values():
        of_one.sort(key=lambda extract: -extract.score)
    ranked = sorted(found, key=lambda n: -nearest[n])
    return [extract for n in ranked for extract in found[n]]


def sentence_texts(evidence: Evidence) -> list[str]:
    """Return the sentences of a passage as they are embedded, each under its heading."""
    return [_under_heading(evidence, start, end) for start, end in _quotable(evidence)]


def _under_heading(evidence: Evidence, start: int, end: int) -> str:
    return f"{' '.join(evidence.heading_path[-1:])}: {evidence.quote[start:end]}"


def _quotable(evidence: Evidence) -> Iterator[tuple[int, int]]:
    """Yield the sentences (start, end) of a passage that may answer something."""
    for start, end in sentences(evidence.quote):
        text = evidence.quote[start:end]
        if len(words(text)) >= MIN_WORDS and not (
            _is_heading(text)
            or _COLOPHON.match(evidence.quote, _paragraph(evidence.quote, start))
            or _is_order(evidence, start, end)
        ):
            yield start, end


def _paragraph(text: str, place: int) -> int:
    """Return where the paragraph of a place begins."""
    before = text.rfind("\n\n", 0, place)
    return before + 2 if before >= 0 else 0


def _is_heading(text: str) -> bool:
    """Whether a line is a heading that stands inside a passage: short, and no sentence."""
    return text.rstrip()[-1:].isalnum() and len(words(text)) <= MAX_HEADING_WORDS


def _is_order(evidence: Evidence, start: int, end: int) -> bool:
    """Whether a piece of a quote touches one that gives orders to a model."""
    return any(start < b and a < end for a, b in evidence.orders)


def defined_term(question: str) -> tuple[str, ...]:
    """Return the words of the term whose meaning is asked ("what is net price?"), or nothing."""
    asked = _ASKS_WHAT.match(question)
    term = tuple(stem(word) for word in words(asked[1])) if asked else ()
    return term if len(term) <= MAX_TERM_WORDS else ()


def defines(sentence: str, term: tuple[str, ...]) -> bool:
    """Whether a sentence opens with the term and says what it is."""
    said = [stem(word) for word in words(sentence)]
    said = said[1:] if said[:1] in (["the"], ["a"], ["an"]) else said
    n = len(term)
    return (
        bool(term) and tuple(said[:n]) == term and bool({"is", "are", "mean"} & {*said[n : n + 3]})
    )


def windows(extracts: Sequence[Extract], limit: int = WINDOW_CHARS) -> list[Extract]:
    """Return one quotation for each passage, best first: its best sentence and what follows.

    A sentence alone often leaves out what the next one says ("... There are two kinds."), so
    whole sentences are added, up to `limit` characters.
    """
    best: dict[int, Extract] = {}
    for extract in extracts:
        best.setdefault(extract.evidence.n, extract)
    return [_widen(extract, limit) for extract in best.values()]


def _widen(extract: Extract, limit: int) -> Extract:
    """Add whole sentences: those that the first one leans on, then what follows."""
    text = extract.evidence.quote
    spans = [(a, b) for a, b in sentences(text) if not _is_heading(text[a:b])]
    first = last = next(i for i, (a, _) in enumerate(spans) if a == extract.start)

    def fits(start: int, end: int) -> bool:
        a, b = spans[start][0], spans[end][1]
        whole = text[a:b]
        if _is_order(extract.evidence, a, b):
            return False
        return len(whole) <= limit and not any(map(_is_heading, whole.split("\n\n")))

    begins = _paragraph(text, spans[first][0])
    opening = next(i for i, (a, _) in enumerate(spans) if a >= begins)
    if fits(opening, last):
        first = opening
    while first and _LEANS_BACK.match(text[spans[first][0] :]) and fits(first - 1, last):
        first -= 1
    while last + 1 < len(spans) and fits(first, last + 1):
        length = spans[last][1] - spans[first][0]
        new_paragraph = "\n\n" in text[spans[last][1] : spans[last + 1][0]]
        if new_paragraph and length >= LONG_ENOUGH and not _announces(text[slice(*spans[last])]):
            break
        last += 1
    while last > first and _announces(text[slice(*spans[last])]):
        last -= 1  # what it announces did not fit
    return replace(extract, start=spans[first][0], end=spans[last][1])


def _announces(sentence: str) -> bool:
    """Whether a sentence only introduces what follows it: "Common examples:"."""
    return sentence.rstrip().endswith(":")


def term_coverage(question: str, text: str) -> float:
    """Return the share of the question's content words that stand in a text, stemmed."""
    wanted = {stem(word) for word in words(question) if word not in STOP_WORDS}
    have = {stem(word) for word in words(text)}
    return len(wanted & have) / len(wanted) if wanted else 0.0
