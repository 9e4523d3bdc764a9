"""Guards: what must not be asked, and what must not be said, whatever the model does.

A guard is a list of small checks that are tried in order; the first that objects decides. Checks
fail closed: one that breaks counts as an objection, and is logged. None of them looks at the
answering model, so weights with their refusals cut out change nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bot.checks import Check, Objection, Passed, inspect
from bot.guard_model import GuardModel
from bot.injection import injection_check
from bot.rules import LiveRules, RuleSet
from ingest.index import Index
from ingest.settings import Settings

__all__ = ["Guard", "Guards", "Objection", "Passed"]


class Guard:
    """The guard of one question and its answer, by the rules that are in force when it is asked."""

    def __init__(self, checks: Sequence[Check], rules: RuleSet, model: GuardModel | None) -> None:
        self.rules_version = rules.version
        self.checks_answers = model is not None
        self._checks = checks
        self._rules = rules
        self._model = model

    def question(self, text: str) -> Objection | Passed:
        """Judge a question as it was typed: length, orders to the model, rules, guard model."""
        rules = partial(self._rules.inspect, role="question")
        model = [self._model.question] if self._model else []
        return inspect(text, [*self._checks, rules, *model])

    def sentence(self, text: str) -> Objection | Passed:
        """Judge a sentence that is about to be shown, by the pack's rules on answers."""
        return inspect(text, [partial(self._rules.inspect, role="answer")])

    def answer(self, question: str, text: str) -> Objection | Passed:
        """Judge a finished answer by the guard model, if there is one (`checks_answers`)."""
        model = [partial(self._model.answer, question)] if self._model else []
        return inspect(text, model)


class Guards:
    """Makes the guard of each question; follows the pack's rules as they change."""

    def __init__(self, index: Index, settings: Settings, model: GuardModel | None = None) -> None:
        """Raises DomainCardError if the pack's rules are broken: no rules, no answers."""
        self._rules = LiveRules(settings.domain, index)
        self._checks = [length_check(settings.question_max_chars), injection_check(index.card)]
        self._model = model

    def current(self, *, asks_model: bool = True) -> Guard:
        """Return the guard by the rules that are in force now, with its model if it has one."""
        return Guard(self._checks, self._rules.current(), self._model if asks_model else None)


def length_check(max_chars: int) -> Check:
    """Object to a question that is longer than so many characters, without the space around it.

    It comes first, so that no other check is made to read at length.
    """
    message = f"That is longer than I can read. Please ask in at most {max_chars:,} characters."

    def check(text: str) -> Objection | None:
        if len(text.strip()) <= max_chars:
            return None
        measured = {"length": float(len(text.strip())), "length_threshold": float(max_chars)}
        return Objection("limit", message, measured)

    return check
