"""What kind of thing a question asks for, and whether a sentence holds a thing of that kind.

Kinds are told by surface signs (question word, head noun; digits, months, units, capitals), after
the answer types of question answering (Li and Roth, "Learning Question Classifiers", 2002).

Not covered: kinds that no surface sign tells ("what colour", "which animal"): those are `anything`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from bot.names import Token, tokenize, words_of
from bot.text import stem
from ingest.lexical import STOP_WORDS

Kind = Literal[
    "yes or no",
    "year",
    "month",
    "age",
    "share",
    "duration",
    "amount",
    "time",
    "person",
    "place",
    "reason",
    "anything",
]

# Where a question's own question word may stand, so that "the day when I left" asks nothing.
_OPENING = r"^\W*(?:(?:so|and|but|also|hi|hello|ok|okay|please|hey)\W+)*"
_LEAD = (
    rf"(?:{_OPENING}|[,;:–—]\s*|\b(?:in|at|by|on|from|for|to|of|during|since|until|till|as|into"
    r"|with|under|about|after|before|through|is|are|was|were|tell me|know) )"
)
_AUXILIARY = r"(?:is|are|am|do|does|did|can|could|will|would|should|was|were|has|have|had|may|must)"
_YES_OR_NO = re.compile(
    rf"{_OPENING}{_AUXILIARY}\b|[,.] {_AUXILIARY} (?:i|we|my|it|they|the|he|she|you)\b", re.I
)


def _what(nouns: str) -> str:
    """Match "what" or "which" with one of the nouns, up to two words between."""
    return (
        rf"{_LEAD}(?:what|which)(?:['’]?s)?(?: is| are| was| were)?(?: the| an?)?"
        rf" (?:[\w-]+ ){{0,2}}?(?:{nouns})\b"
    )


_SIGNS: dict[Kind, str] = {
    "year": _what("years?"),
    "month": _what("months?"),
    "age": _what("century|centuries|decades?|eras?"),
    "share": _what("percent|per cent|percentage|share|fraction|proportion|portion|rates?|ratio"),
    "duration": rf"{_LEAD}how (?:long|old|soon|quickly)\b",
    "amount": rf"{_LEAD}how (?:many|much|large|big|tall|far|high|deep|fast|often|wide|heavy"
    rf"|early|late|few|little|populous|expensive|cheap)\b|"
    + _what(
        "numbers?|amount|total|population|price|cost|fee|score|maximum|minimum|limit"
        "|temperature|length|size|age|distance|height|width"
    ),
    "time": rf"{_LEAD}when (?:{_AUXILIARY})\b|\bwhen\W*$|" + _what("dates?|days?|deadlines?"),
    "person": rf"{_LEAD}(?:who|whom|whose)\b|"
    + _what("person|people|man|woman|king|queen|president|author|leader|emperor"),
    "place": rf"{_LEAD}where\b|\bwhere\W*$|"
    + _what(
        "city|cities|country|countries|states?|places?|locations?|towns?|regions?"
        "|continents?|rivers?|county|counties|islands?|streets?"
    ),
    "reason": rf"{_LEAD}why\b|" + _what("reasons?|causes?"),
}
_ASKS = {kind: re.compile(pattern, re.I) for kind, pattern in _SIGNS.items()}

_MONTHS = words_of(
    "january february march april may june july august september october november december"
)
_NUMBERS = words_of(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"
    " hundred thousand million billion trillion half third quarter dozen several once twice none no"
    " both single double few many most all majority every each"
)
_SHARES = words_of("percent percentage half third thirds quarter quarters majority all none most")
_TIME_UNITS = words_of(
    "second seconds minute minutes hour hours day days week weeks month months year years decade"
    " decades century centuries semester semesters term terms night nights"
)
_LENGTHS = words_of(
    "m km cm mm mile miles metre metres meter meters kilometre kilometres kilometer kilometers"
    " foot feet ft inch inches yard yards page pages word words"
)
_TIMES = words_of(
    "today now currently present season summer spring fall autumn winter daily weekly monthly"
    " annually yearly century centuries decade decades"
)
_PEOPLE = words_of(
    "people men women children parents parent family families citizens members person anyone"
    " everyone those you poor court courts government governments"
)
_PERSON_ENDINGS = ("er", "ers", "or", "ors", "ist", "ists", "ian", "ians", "ents", "ants", "ees")
_BEFORE_PLACES = words_of(
    "in at near on from around to outside inside across throughout under along into within"
)
_YEAR = re.compile(r"1\d\d\d|20\d\d|1\d\d0s|20\d0s|\d\d\d")
_ORDINAL = re.compile(r"\d\d?(?:st|nd|rd|th)")
_HOW_MANY = re.compile(r"\bhow many\s+((?:\w+\s+){0,2}?\w+)", re.I)
_I = re.compile(r"\b(?:i|my|we|our|me|im)\b", re.I)
_THEN_ASKS = re.compile(
    rf"[,.;!?]\s*(?:and |so |but )?(?=(?:{_AUXILIARY}|what|which|who|when|where|why|how)\b)", re.I
)
_REASONS = words_of(
    "because since due so therefore thus to for as by cause caused causes reason reasons result"
    " results resulted resulting led lead leads means help helps"
)


@dataclass(frozen=True)
class Asked:
    """What a question asks for; `counted` are the stems of what "how many" counts."""

    text: str
    tokens: tuple[Token, ...]
    kind: Kind
    counted: frozenset[str] = frozenset()

    @classmethod
    def read(cls, question: str) -> Asked:
        """Read a question; where it asks for several things, the first counts."""
        counts = _HOW_MANY.search(question)
        counted = tokenize(counts[1]) if counts else []
        return cls(
            question,
            tuple(tokenize(question)),
            kind_of(question),
            frozenset(stem(t.bare) for t in counted if t.bare not in STOP_WORDS),
        )

    @property
    def open(self) -> bool:
        """Whether it asks for more than yes or no."""
        return self.kind != "yes or no"

    def is_name(self, token: Token) -> bool:
        """Whether one of its words is a name, a number or a code.

        Not those of a person's own circumstances ("I live in Oregon, ...").
        """
        if token.start < self._aside:
            return False
        code = len(token.text) > 1 and token.text.isupper() and token.capital
        return token.text[0].isdigit() or code or (token.capital and token != self.tokens[0])

    @cached_property
    def _aside(self) -> int:
        """Where the circumstances end that a person tells before asking."""
        told = [m for m in _THEN_ASKS.finditer(self.text) if _I.search(self.text[: m.start()])]
        return told[-1].end() if told else 0

    def counts(self, token: Token) -> bool:
        """Whether a word is what "how many" counts."""
        return bool(self.counted) and stem(token.bare) in self.counted

    def held_by(self, sentence: Sequence[Token]) -> bool:
        """Whether a sentence holds a thing of the kind; a number must stand by what is counted."""
        return any(
            not self.counted or any(map(self.counts, sentence[max(0, place - 2) : place + 5]))
            for place in self._places(sentence)
        )

    def kind_held_by(self, sentence: Sequence[Token]) -> bool:
        """Whether a sentence holds a thing of the kind, whatever it is said of."""
        return any(True for _ in self._places(sentence))

    def _places(self, sentence: Sequence[Token]) -> Iterator[int]:
        """Yield where such things stand, beside the question's own words.

        A kind that no sign tells may be anywhere.
        """
        asked = {token.bare for token in self.tokens} if self.kind != "reason" else set()
        test = _TESTS.get(self.kind, _is_anything)
        yield from (
            place
            for place, token in enumerate(sentence)
            if token.bare not in asked and test(sentence, place)
        )


def kind_of(question: str) -> Kind:
    """Return what a question asks for; where it asks for several things, the first."""
    text = question.strip()
    if _YES_OR_NO.search(text):
        return "yes or no"
    asks = {kind: match.start() for kind, p in _ASKS.items() if (match := p.search(text))}
    return min(asks, key=asks.__getitem__) if asks else "anything"


def _is_anything(sentence: Sequence[Token], place: int) -> bool:
    return True


def _is_number(token: Token) -> bool:
    return token.text[0].isdigit() or token.bare in _NUMBERS


def _unit_follows(sentence: Sequence[Token], place: int, units: Collection[str]) -> bool:
    return any(token.bare in units for token in sentence[place + 1 : place + 4])


def _is_year(sentence: Sequence[Token], place: int) -> bool:
    return bool(_YEAR.fullmatch(sentence[place].text))


def _is_age(sentence: Sequence[Token], place: int) -> bool:
    token = sentence[place]
    named = token.bare in ("century", "centuries", "decade", "era", "age", "period")
    return named or bool(_ORDINAL.fullmatch(token.text)) or _is_year(sentence, place)


def _is_share(sentence: Sequence[Token], place: int) -> bool:
    return sentence[place].bare in _SHARES or sentence[place].text[0].isdigit()


def _is_duration(sentence: Sequence[Token], place: int) -> bool:
    token = sentence[place]
    measured = _is_number(token) and _unit_follows(sentence, place, _TIME_UNITS | _LENGTHS)
    follows = sentence[place + 1 : place + 2]
    one = token.bare in ("a", "an") and any(t.bare in _TIME_UNITS for t in follows)
    return measured or one or _is_year(sentence, place)


def _is_time(sentence: Sequence[Token], place: int) -> bool:
    token = sentence[place]
    dated = token.bare in _MONTHS or bool(_ORDINAL.fullmatch(token.text))
    counted = _is_number(token) and _unit_follows(sentence, place, _TIME_UNITS)
    return dated or counted or token.bare in _TIMES or _is_year(sentence, place)


def _is_person(sentence: Sequence[Token], place: int) -> bool:
    token = sentence[place]
    named = token.capital and (place > 0 or not _is_function(token))
    return named or token.bare in _PEOPLE or token.bare.endswith(_PERSON_ENDINGS)


def _is_place(sentence: Sequence[Token], place: int) -> bool:
    if place == 0:
        return False
    led = sentence[place - 1].bare in _BEFORE_PLACES and not sentence[place].text[0].isdigit()
    return sentence[place].capital or led


def _is_function(token: Token) -> bool:
    return token.bare in _FUNCTION_WORDS


_FUNCTION_WORDS = words_of(
    "the a an of in on at to for from by with and or as is are was were be it its this that these"
    " those if but not no so than then there their they he she his her you your we our i although"
    " while when after before during since because however some many most all both each"
)
_TESTS: dict[Kind, Callable[[Sequence[Token], int], bool]] = {
    "year": _is_year,
    "month": lambda sentence, place: sentence[place].bare in _MONTHS,
    "age": _is_age,
    "share": _is_share,
    "duration": _is_duration,
    "amount": lambda sentence, place: _is_number(sentence[place]),
    "time": _is_time,
    "person": _is_person,
    "place": _is_place,
    "reason": lambda sentence, place: sentence[place].bare in _REASONS,
}
