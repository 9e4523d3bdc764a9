"""Choosing the sentences of the evidence that answer a question best.

This is what is shown where the model's own sentence does not pass the verifier, so a quote is
exact by construction.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.answer import Evidence
from bot.text import sentences, stem, words
from ingest.index import Index, Vector
from ingest.lexical import STOP_WORDS

MAX_SENTENCES = 60
# Weights beside the sentence's cosine: the question's terms in the sentence and in its passage,
# and the retriever's score of the passage. Chosen on the guides' questions, where the best sentence
# stands in the right section for 0.64 of them (0.56 without the retriever's score).
SENTENCE_TERMS = 0.25
PASSAGE_TERMS = 0.25
RETRIEVAL = 2.0
DEFINITION = 0.2
MIN_WORDS = 4
WINDOW_CHARS = 420
LONG_ENOUGH = 160
MAX_HEADING_WORDS = 12
MAX_TERM_WORDS = 6
_ASKS_WHAT = re.compile(
    r"^\W*(?:so |and |hi |hello |please )*"
    r"(?:what(?:'s|’s|s| is| are| does)|define|explain|meaning of)\s+(?:an? |the )?(.+?)"
    r"(?: mean| means| stand for)?\W*$",
    re.I,
)
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

    The score is the cosine of sentence (under its heading) and question, plus shares of the
    question's content words that stand in the sentence and in its passage, plus the retriever's
    score of the passage, plus a little for a sentence that defines what the question asks for.
    """
    places = [
        (e, a, b)
        for e in evidence
        for a, b in sentences(e.quote)
        if len(words(e.quote[a:b])) >= MIN_WORDS
        and not _is_heading(e.quote[a:b])
        and not _is_order(e, a, b)
    ][:MAX_SENTENCES]
    if not places:
        return []
    texts = [f"{' '.join(e.heading_path[-1:])}: {e.quote[a:b]}" for e, a, b in places]
    vectors = index.embed_sentences(texts)
    defined = defined_term(question)
    passages = {
        e.n: PASSAGE_TERMS * term_coverage(question, _whole(e)) + RETRIEVAL * e.score
        for e in evidence
    }
    found = []
    for (e, a, b), text, own in zip(places, texts, vectors, strict=True):
        cosine = float(own @ vector)
        score = cosine + SENTENCE_TERMS * term_coverage(question, text) + passages[e.n]
        score += DEFINITION * defines(e.quote[a:b], defined)
        found.append(Extract(e, a, b, score, cosine, own))
    return sorted(found, key=lambda extract: -extract.score)


def _whole(evidence: Evidence) -> str:
    return f"{evidence.title} {' '.join(evidence.heading_path)} {evidence.quote}"


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
    best = {extract.evidence.n: extract for extract in reversed(extracts)}
    ordered = sorted(best.values(), key=lambda extract: -extract.score)
    return [_widen(extract, limit) for extract in ordered]


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

    if fits(0, last) and "\n\n" not in text[: spans[first][0]]:
        first = 0
    while first and _LEANS_BACK.match(text[spans[first][0] :]) and fits(first - 1, last):
        first -= 1
    while last + 1 < len(spans) and fits(first, last + 1):
        length = spans[last][1] - spans[first][0]
        new_paragraph = "\n\n" in text[spans[last][1] : spans[last + 1][0]]
        if new_paragraph and length >= LONG_ENOUGH:
            break
        last += 1
    return replace(extract, start=spans[first][0], end=spans[last][1])


def term_coverage(question: str, text: str) -> float:
    """Return the share of the question's content words that stand in a text, stemmed."""
    wanted = {stem(word) for word in words(question) if word not in STOP_WORDS}
    have = {stem(word) for word in words(text)}
    return len(wanted & have) / len(wanted) if wanted else 0.0
