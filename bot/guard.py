"""Guards: what must not be asked, and what must not be said, whatever the model does.

A guard is a list of small checks that are tried in order; the first that objects decides. Checks
fail closed: one that breaks counts as an objection, and is logged. Guards never look at the
model, so weights with their refusals cut out change nothing here.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ingest.domain import DomainCard, RuleCard
from ingest.index import Index

log = logging.getLogger(__name__)

RULE_COSINE = 0.60
INJECTION_MESSAGE = (
    "That looks like an instruction to change how I work, which I do not take. "
    "Ask me a plain question about {name} and I will gladly answer."
)
BROKEN_MESSAGE = "Something went wrong while I checked your question, so I leave it unanswered."


@dataclass(frozen=True)
class Objection:
    """Why a text is not let through, from the one vocabulary of reasons, and what to say."""

    reason: str
    message: str


Check = Callable[[str], Objection | None]


@dataclass(frozen=True)
class Passed:
    """A text that no check objected to, and the ids of the rules that only flag it."""

    flags: tuple[str, ...] = ()


class Guard:
    """Checks in order; the first objection counts."""

    def __init__(self, checks: Sequence[Check], flags: Sequence[tuple[str, Check]] = ()) -> None:
        self._checks = checks
        self._flags = flags

    def inspect(self, text: str) -> Objection | Passed:
        """Return the first objection, or the flags that the text raised."""
        for check in self._checks:
            try:
                objection = check(text)
            except Exception:
                # Fails closed: an unchecked text is never let through.
                log.exception("A guard broke; the text was not let through")
                return Objection("rule:broken-guard", BROKEN_MESSAGE)
            if objection is not None:
                return objection
        return Passed(tuple(name for name, check in self._flags if check(text) is not None))


def question_guard(index: Index, max_chars: int) -> Guard:
    """Return the guard of questions: length, injection signs, then the pack's rules."""
    card = index.card
    checks: list[Check] = [_length_check(max_chars), _injection_check(card)]
    return _with_rules(index, checks, "question")


def answer_guard(index: Index) -> Guard:
    """Return the guard of answers: the pack's rules on what is about to be shown."""
    return _with_rules(index, [], "answer")


def _with_rules(index: Index, checks: list[Check], role: Literal["question", "answer"]) -> Guard:
    flags: list[tuple[str, Check]] = []
    for rule in index.card.rules:
        if role not in rule.applies_to:
            continue
        if rule.action == "flag":
            flags.append((rule.id, _rule_check(index, rule)))
        else:
            checks.append(_rule_check(index, rule))
    return Guard(checks, flags)


def _length_check(max_chars: int) -> Check:
    message = f"That is longer than I can read. Please ask in at most {max_chars:,} characters."

    def check(text: str) -> Objection | None:
        return Objection("limit", message) if len(text) > max_chars else None

    return check


# Signs of an attempt to change the rules. Kept narrow: the safety of an answer rests on its
# evidence, and a fair question with a suspicious word in it must not be turned away.
_INJECTION = re.compile(
    r"""
    \b(?:ignore|disregard|forget|override|bypass)\b .{0,40}
        \b(?:previous|prior|above|earlier|all|your|system|these|any)\b .{0,30}
        \b(?:instructions?|prompts?|rules?|guidelines?|restrictions?|directives?|programming)\b
    | \b(?:reveal|show|print|repeat|output|tell\ me|give\ me|what\ (?:is|are))\b .{0,30}
        \b(?:your|the)\ (?:system|hidden|initial|secret|original)
            \ (?:prompt|instructions?|message)\b
    | \byou\ are\ (?:now|going\ to\ be|no\ longer)\b .{0,60}
        \b(?:dan|jailbroken|unrestricted|unfiltered|uncensored|evil|amoral|an?\ ai\ without)\b
    | \bdo\ anything\ now\b | \bjailbreak(?:ed|ing)?\ (?:mode|prompt)\b
    | \b(?:developer|dan|god|sudo|unrestricted)\ mode\ (?:enabled|on|activated)\b
    | \b(?:no|without(?:\ any)?)\ (?:ethical|moral|content|safety)
        \ (?:guidelines?|restrictions?|filters?|limits?|limitations?)\b
    | <\|(?:im_start|im_end|system|endoftext)\|> | \[/?INST\] | <<\/?SYS>>
    | (?:^|\n)\s*\#{2,}\s*(?:system|instruction)s?\s*:
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)


def _injection_check(card: DomainCard) -> Check:
    """Object to signs of prompt injection and jailbreaks.

    Not covered: anything reworded or in another language. It saves a model call and tells
    moderators; what protects is that an answer can only say what its evidence holds.
    """
    message = INJECTION_MESSAGE.format(name=card.domain.name)

    def check(text: str) -> Objection | None:
        return Objection("injection", message) if _INJECTION.search(text) else None

    return check


def _rule_check(index: Index, rule: RuleCard) -> Check:
    """Return the check of one of the pack's rules.

    Not covered: a pattern of the pack that takes exponential time (questions are short, cards
    are reviewed), and words misspelt on purpose.
    """
    matches = _matcher(index, rule)
    objection = Objection(f"rule:{rule.id}", rule.message)
    return lambda text: objection if matches(text) else None


def _matcher(index: Index, rule: RuleCard) -> Callable[[str], bool]:
    if rule.words:
        either = "|".join(re.escape(word) for word in rule.words)
        words = re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)
        return lambda text: words.search(text) is not None
    if rule.pattern:
        pattern = re.compile(rule.pattern, re.IGNORECASE)
        return lambda text: pattern.search(text) is not None
    examples = index.embed(rule.examples)

    def near(text: str) -> bool:
        vector = np.asarray(index.embeddings.embed_query(text), dtype=np.float32)
        return float(np.max(examples @ vector)) >= RULE_COSINE

    return near
