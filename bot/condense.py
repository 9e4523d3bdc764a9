"""Making a follow-up self-contained, so that it can be retrieved for.

Follow-ups about records are the planner's business: it edits the last plan. This is for prose:
"and for international students?" after "how do I apply for aid?". It goes by English grammar
words alone: how a question opens, whether it points at something, whether it says what it is about.

Not covered: "he" and "she", and a few words that could as well be a search of their own
("deadline dates").
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.answer import Question, Turn
from bot.text import words
from ingest.lexical import STOP_WORDS

MAX_FOLLOW_UP_WORDS = 12
# A question with more content words than this says itself what it is about.
MAX_CONTENT_WORDS = 4
# How far back a chain of follow-ups is followed.
MAX_TURNS = 4
_OPENING = re.compile(
    r"^\W*(?:and|but|so|or|then|also|ok|okay|what about|how about|same for|what else|anything else"
    r"|how so|(?:why(?: not| so| is that)?|how come|since when)(?=\W*$))\b",
    re.I,
)
# Words without a verb that add to what was said: "for adults?", "the deadline?", "only in May?"
_ADDING = re.compile(
    r"^\W*(?:for|in|at|with|without|during|after|before|from|to|by|on|off|if|as|of|about|until|the"
    r"|an?|any|only|just|not)\b",
    re.I,
)
_VERBS = frozenset(
    words(
        "is are was were am be do does did can could must shall should will would has "
        "have had need needs get gets got mean means tell explain show list compare apply find"
    )
)
_MEASURES = frozenset(words("how much many long often late early soon old far big good bad same"))
_POINTING = re.compile(
    r"\b(?:"
    # not "it takes a year to …", which is about the year
    r"its?(?! (?:takes?|costs?|helps?|hurts?|matters?|pays?|is|be)(?: \w+){0,3} (?:to|if|that)\b)"
    r"|they|them|theirs?|mine|yours|both|either|such|ones|(?:which|good|new) one|one(?=\W*$)"
    # not "those who …", nor "this year"
    r"|(?:this|these|those)(?! (?:who|year|month|week|summer|fall|winter|spring|term|day))"
    # not "show that I live here"
    r"|(?:is|was|does|do|did|of|about|for|with|to|from|like|in|on) that(?! (?:i|you|we|a|the|my)\b)"
    r"|(?:that|there)(?=\W*$)"
    r")\b",
    re.I,
)
_EARLIER = re.compile(r"\b(?:if|when|while|because|after|before|until|unless|so that)\b", re.I)
_DEFINED = re.compile(r"^\W*(?:what|who)(?:'s|’s| is| are| does) (?!the\b|my\b)|\btell me\b", re.I)


def condense(question: Question, text: str) -> str:
    """Return the text to retrieve for: a follow-up gets what it goes on from in front.

    That is the last question that stood for itself, and the follow-ups between. Anything else
    stands for itself, so that a change of subject is never mixed with the last.
    """
    if not follows(text):
        return text
    return " ".join([*_goes_on_from(question.history), text])


def follows(text: str) -> bool:
    """Whether a question only makes sense after another one."""
    said = words(text)
    if not said or len(said) > MAX_FOLLOW_UP_WORDS:
        return False
    content = content_words(text)
    if len(content) > MAX_CONTENT_WORDS:
        return False
    fragment = bool(_ADDING.match(text)) and not _VERBS & set(said)
    # A name or a code says what a question is about.
    named = any(word not in text or not word.isalpha() for word in content)
    about_little = len(content) <= 1 and not named and not _DEFINED.search(text)
    return (
        not content or fragment or about_little or bool(_OPENING.match(text)) or points_back(text)
    )


def content_words(text: str) -> list[str]:
    """Return the words by which a question says what it is about."""
    said = (re.split(r"['’]", word)[0] for word in words(text))
    return [word for word in said if word not in STOP_WORDS | _MEASURES]


def points_back(text: str) -> bool:
    """Whether a question points at something that was said before it, not earlier in itself."""
    pointing = _POINTING.search(text)
    if pointing is None:
        return False
    before = text[: pointing.start()]
    return not (_EARLIER.search(before) and len(content_words(before)) >= 2)


def _goes_on_from(history: Sequence[Turn]) -> list[str]:
    """Return the last question that stands for itself and the follow-ups after it."""
    turns: list[str] = []
    for turn in reversed(history[-MAX_TURNS:]):
        turns.insert(0, turn.question)
        if not follows(turn.question):
            break
    return turns
