"""How likely a passage answers a question, told by signs inside the passage.

Nearness alone does not tell: a passage about the right thing that leaves out what is asked, or
says it of something else, is as near as one that answers. So a few signs are read, each of which
a person can check, and a logistic model weighs them (Cox, "The regression analysis of binary
sequences", 1958).

Not covered: who did what to whom ("Cambridge owns Allston"), a modifier exchanged for one that is
no opposite ("gold plates", "bronze plates"), and questions in other languages than English.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from functools import cached_property

import numpy as np
from rapidfuzz import fuzz

from bot.asking import Asked
from bot.extract import defined_term, defines
from bot.names import Token, tokenize, words_of
from bot.polarity import contradicts, negates, other_prefixes, turns_around
from bot.text import stem
from ingest.index import Vector
from ingest.lexical import STOP_WORDS

FAR = 0.45
MOST_NAMES = 2
_FUNCTION_WORDS = STOP_WORDS | words_of(
    "name named names called call type types kind kinds sort many much being thing things t s its"
    " dont doesnt didnt isnt wasnt arent cant wont im whats whos"
)
# Two words are the same where they begin alike ("Brazil", "Brazilian") or differ by a slip.
_SAME_BEGINNING = 5
_LONGER_BY = 5
_SAME_LETTERS = 84.0
_INITIALS = range(2, 6)
_NUMERALS = {
    form: str(number)
    for number, forms in enumerate(
        (
            "one first 1st",
            "two second ii 2nd",
            "three third iii 3rd",
            "four fourth iv 4th",
            "five fifth 5th",
            "six sixth vi 6th",
            "seven seventh vii 7th",
            "eight eighth viii 8th",
            "nine ninth ix 9th",
            "ten tenth 10th",
        ),
        start=1,
    )
    for form in forms.split()
}


@dataclass(frozen=True)
class Signs:
    """What a passage shows of answering a question; all but nearness are 0 where nothing is seen.

    nearness: cosine of the question with the best sentence, alone or together with a neighbour.
    remoteness: by how much nearness stays below 0.45, which hardly any answer does.
    strangeness: by how much nearer the question would be without the words that the passage lacks;
        below 0 where they are there in other words.
    names_missing: how many of the question's names and numbers the passage lacks, two at most.
    answer_away: 0 if the best sentence holds the kind of thing that is asked for, 1 if only a
        neighbour does, or a number of something else than what is counted, 2 if none.
    contradiction: 1 if the question says "not" and the passage does not, or their words are
        opposites; to a yes-or-no question these are answers.
    explained: 1 if the question asks what a term means, and the best sentence defines it or stands
        under its heading.
    """

    nearness: float
    remoteness: float
    strangeness: float
    names_missing: float
    answer_away: float
    contradiction: float
    explained: float


SIGNS = tuple(field.name for field in fields(Signs))
# Fitted by tools/fit_answerability.py, which says on what and how well.
INTERCEPT = -2.173
WEIGHTS = Signs(
    nearness=3.959,
    remoteness=-9.098,
    strangeness=-3.970,
    names_missing=-1.294,
    answer_away=-0.807,
    contradiction=-2.219,
    explained=3.580,
)


def probability(signs: Signs) -> float:
    """Return how likely a passage with these signs answers its question."""
    weighed = zip(astuple(WEIGHTS), astuple(signs), strict=True)
    return 1 / (1 + math.exp(-INTERCEPT - sum(weight * sign for weight, sign in weighed)))


@dataclass(frozen=True)
class Passage:
    """A passage, its sentences with their unit vectors (n, dimension), and which of them is best.

    `header` are its title and headings, `heading` the last of them; `text` is all of it, also
    what is no sentence.
    """

    header: str
    heading: str
    text: str
    sentences: tuple[str, ...]
    vectors: Vector
    best: int

    @cached_property
    def tokens(self) -> list[list[Token]]:
        """The words of each sentence."""
        return [tokenize(sentence) for sentence in self.sentences]

    @property
    def near(self) -> range:
        """The best sentence and its neighbours."""
        return range(max(self.best - 1, 0), min(self.best + 2, len(self.sentences)))

    @property
    def said(self) -> str:
        """The best sentence and its neighbours as text."""
        return " ".join(self.sentences[place] for place in self.near)

    def nearest(self, vector: Vector) -> Vector:
        """Return the unit vector of the best sentence, or of it and a neighbour, if nearer."""
        best = self.vectors[self.best]
        pairs = [best + self.vectors[place] for place in self.near]
        return max((pair / np.linalg.norm(pair) for pair in pairs), key=lambda v: float(v @ vector))


def read_signs(
    question: str, vector: Vector, passage: Passage, embed: Callable[[str], Vector]
) -> Signs:
    """Read the signs of a passage; `vector` is the question's, shape (dimension,).

    `embed` returns the unit vector of a text; it is called once, if the passage lacks a word.
    """
    asked = Asked.read(question)
    nearest = passage.nearest(vector)
    nearness = float(nearest @ vector)
    whole = _Said(f"{passage.header} {passage.text}")
    missing = [token for token in content_words(asked.tokens) if not whole.has(token)]
    rest = without(question, missing)
    strange = float(nearest @ embed(rest)) - nearness if missing and rest else 0.0
    return Signs(
        nearness=nearness,
        remoteness=max(0.0, FAR - nearness),
        strangeness=strange,
        names_missing=float(min(MOST_NAMES, sum(map(asked.is_name, missing)))),
        answer_away=_answer_away(asked, passage),
        contradiction=float(_contradicts(asked, passage)),
        explained=float(_explains(asked, passage)),
    )


def _answer_away(asked: Asked, passage: Passage) -> float:
    near = [passage.tokens[place] for place in passage.near]
    if asked.held_by(passage.tokens[passage.best]):
        return 0.0
    if any(map(asked.held_by, near)):
        return 1.0
    # What is counted may be called by another name.
    renamed = not any(asked.counts(token) for sentence in near for token in sentence)
    return 1.0 if renamed and any(map(asked.kind_held_by, near)) else 2.0


def _contradicts(asked: Asked, passage: Passage) -> bool:
    """Whether the passage says the contrary; to a yes-or-no question that is an answer."""
    if not asked.open:
        return False
    near = _Said(f"{passage.header} {passage.said}")
    stems = {stem(token.bare) for token in asked.tokens if not asked.is_name(token)}
    return (
        (negates(asked.text) and not negates(passage.said))
        or contradicts(stems, near.stems)
        or turns_around((token.bare for token in asked.tokens), near.bare)
        or other_prefixes(asked.text, f"{passage.header} {passage.text}")
    )


def _explains(asked: Asked, passage: Passage) -> bool:
    term = defined_term(asked.text)
    titled = {*term} <= _Said(passage.heading).stems
    return bool(term) and (titled or defines(passage.sentences[passage.best], term))


class _Said:
    """The words of a text, to look others up in."""

    def __init__(self, text: str) -> None:
        tokens = tokenize(text)
        self.bare = {token.bare for token in tokens}
        self.bare |= {_NUMERALS[word] for word in self.bare if word in _NUMERALS}
        self.stems = {stem(word) for word in self.bare}
        self._long = [word for word in self.bare if len(word) >= _SAME_BEGINNING]
        self._initials = "".join(t.bare[0] for t in tokens if t.bare and t.bare not in STOP_WORDS)

    def has(self, token: Token) -> bool:
        """Whether a word is there: as it is, in another form, misspelt, or spelt out."""
        word = _NUMERALS.get(token.bare, token.bare)
        if word in self.bare or stem(word) in self.stems:
            return True
        if token.text.isupper() and len(word) in _INITIALS:
            return word in self._initials
        return any(_alike(word, other) for other in self._long if other[0] == word[0])


def _alike(word: str, other: str) -> bool:
    if len(word) < _SAME_BEGINNING:
        return False
    begins = word[:_SAME_BEGINNING] == other[:_SAME_BEGINNING]
    return (begins and abs(len(word) - len(other)) <= _LONGER_BY) or (
        fuzz.ratio(word, other) >= _SAME_LETTERS
    )


def content_words(tokens: Sequence[Token]) -> list[Token]:
    """Return the words of a question that carry meaning."""
    return [t for t in tokens if t.bare not in _FUNCTION_WORDS and t.norm not in _FUNCTION_WORDS]


def without(text: str, tokens: Sequence[Token]) -> str:
    """Return a text without some of its words, given in order."""
    begins = [0, *(token.end for token in tokens)]
    ends = [*(token.start for token in tokens), len(text)]
    return " ".join(" ".join(text[a:b] for a, b in zip(begins, ends, strict=True)).split())
