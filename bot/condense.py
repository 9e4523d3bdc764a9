"""Making a follow-up self-contained, so that it can be retrieved for.

Follow-ups about records are the planner's business: it edits the last plan. This is for prose:
"and for international students?" after "how do I apply for aid?".
"""

from __future__ import annotations

import re

from bot.answer import Question
from bot.text import words

MAX_FOLLOW_UP_WORDS = 9
_OPENING = re.compile(r"^(?:and|but|so|or|what about|how about|what if|also|then|why|ok)\b", re.I)
_POINTING = frozenset(
    {"it", "its", "they", "them", "their", "that", "those", "these", "this", "one"}
)


def condense(question: Question, text: str) -> str:
    """Return the text to retrieve for: a follow-up gets the question before it in front.

    Only a short question that opens like a follow-up or points at something counts as one;
    anything else stands for itself, so that a change of subject is never mixed with the last.
    """
    if not question.history:
        return text
    spoken = words(text)
    follows = bool(_OPENING.match(text)) or bool(_POINTING & set(spoken))
    if not follows or len(spoken) > MAX_FOLLOW_UP_WORDS:
        return text
    return f"{question.history[-1].question} {text}"
