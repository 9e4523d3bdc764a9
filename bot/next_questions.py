"""How the questions that are offered are worded: about figures and about sections, as one asks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.wording import lower_label
from ingest.domain import FieldCard

ASKABLE_TYPES = frozenset({"money", "count", "number", "percent"})

_QUESTION_WORD = re.compile(r"(?:what|how|when|where|who|which|why|whether)\b", re.I)
# Half a sentence, which does not follow "Tell me about"; and what numbers a heading.
_CLAUSE = re.compile(r"(?:if|after|before|while|until|unless|because|to)\b|\S+ \d+$", re.I)
_WHAT_IS = re.compile(r"what (?P<topic>.+) (?P<verb>is|are|means?)$", re.I)
_HOW_TO = re.compile(r"(?P<word>how|when|where|what) to (?P<rest>.+)$", re.I)
_WHAT_YOU = re.compile(
    r"(?P<word>what|how|when|where|why) you (?!can|could|will|would|should|must|may|might|are|were)"
    r"(?P<rest>.+)$",
    re.I,
)
# What follows the noun that a label is about: "Graduation rate within 4 years".
_AFTER_NOUN = re.compile(r" (?:within|for|after|before|of|in|per|at|from|to|by|on|\d)(?: |$)")
_NUMBER_OF = re.compile(r"(?:total )?number of ", re.I)


def figure_question(names: Sequence[str], field: FieldCard) -> str:
    """Return a question about a numeric field of one entity, or of two."""
    label = lower_label(field)
    # A unit that is not what the label counts measures: a guarantee of 24 months.
    counted = field.type == "count" and field.unit.lower() in label.lower()
    things = _NUMBER_OF.sub("", label) if counted else label
    if len(names) > 1:
        more = f"more {things}" if counted else f"the higher {label}"
        return f"Which has {more}: {' or '.join(names)}?"
    if counted:
        return f"How many {things} does {names[0]} have?"
    return f"What {'are' if _is_plural(label) else 'is'} the {label} for {names[0]}?"


def _is_plural(label: str) -> bool:
    noun = _AFTER_NOUN.split(label)[0]
    return noun.endswith("s") and not noun.endswith(("ss", "us", "is"))


def section_question(heading: str) -> str:
    """Return a question about a section by its heading; empty if none can be made of it.

    "What a moult is" becomes "What is a moult?". Of one common word ("Sources") none is.
    """
    question, mark, _ = heading.partition("?")
    if mark:
        return f"{question}?"
    topic = heading.partition(": ")[0].strip()
    if _QUESTION_WORD.match(topic):
        return _turned(topic)
    first, _, rest = topic.partition(" ")
    if (not rest and not topic.isupper()) or _CLAUSE.match(topic):
        return ""
    title_case = any(word[:1].isupper() and not word.isupper() for word in rest.split())
    keeps = title_case or not first[1:].islower()
    return f"Tell me about {topic if keeps else topic[:1].lower() + topic[1:]}"


def _turned(clause: str) -> str:
    """Turn a clause into the question that it answers, where its words say how."""
    if found := _WHAT_IS.match(clause):
        topic, verb = found["topic"], found["verb"].lower()
        if verb.startswith("mean"):
            return f"What {'does' if verb == 'means' else 'do'} {topic} mean?"
        return f"What {verb} {topic}?"
    if found := _HOW_TO.match(clause) or _WHAT_YOU.match(clause):
        return f"{found['word'].capitalize()} do you {found['rest']}?"
    return f"Explain {clause[:1].lower()}{clause[1:]}"
