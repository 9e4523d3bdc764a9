"""The pack's rules: what its questions and answers must not touch, and the file that adds to them.

The card holds the rules that the pack was made with; `rules.toml` beside it those that moderators
added since, each with who, why and when. Both are text that people review, and neither is trusted
further than that: a pattern runs in RE2, whose time is linear in the text (Cox, "Regular
Expression Matching in the Wild", 2010), so no rule can stop the bot.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import re2
from pydantic import BaseModel, Field, field_validator, model_validator

from ingest.errors import DomainCardError, UsageError
from ingest.files import locked_folder, replace_text
from ingest.toml_cards import STRICT, Slug, Text, line_in, parse_toml, read_text

RULES_NAME = "rules.toml"
Role = Literal["question", "answer"]
_HEADER = """\
# Rules that were added to this pack after a report. They are in force within seconds of a change
# to this file, as those of domain.toml are; `groundskeeper domain check` checks both.
"""


class RuleCard(BaseModel):
    """What a question or an answer of this domain must not touch.

    Exactly one of `words`, `pattern` and `examples` says when it applies: any of the words
    (whole words, any case), a regular expression (RE2's syntax, any case), or nearness in meaning
    to one of the example sentences. `refuse` ends in `message`; `redirect` shows `message` as the
    answer, for what deserves help and not a refusal; `flag` lets it pass and marks it for
    moderators. `author`, `reference` (of a report) and `added` say where a rule comes from.
    """

    model_config = STRICT

    id: Slug
    applies_to: list[Role] = Field(min_length=1)
    action: Literal["refuse", "redirect", "flag"]
    words: list[Text] = []
    pattern: str = ""
    examples: list[Text] = []
    message: str = ""
    author: str = ""
    reference: str = ""
    added: datetime.date | None = None

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            compile_pattern(pattern)
        except re2.error as error:
            reason = error.args[0].decode(errors="replace")
            raise ValueError(f"not a regular expression that RE2 takes: {reason}") from None
        return pattern

    @model_validator(mode="after")
    def _one_condition(self) -> RuleCard:
        given = [bool(self.words), bool(self.pattern), bool(self.examples)]
        if sum(given) != 1:
            raise ValueError("give exactly one of words, pattern and examples")
        if self.action != "flag" and not self.message:
            raise ValueError(f"action {self.action!r} needs a message")
        return self


class _RulesFile(BaseModel):
    model_config = STRICT

    rules: list[RuleCard] = []


def compile_pattern(pattern: str) -> re2._Regexp:
    """Compile a rule's pattern, any case; raises re2.error if RE2 does not take it."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    return re2.compile(pattern, options)


def added_rules(folder: Path, known: Sequence[RuleCard] = ()) -> tuple[RuleCard, ...]:
    """Return the rules of the pack's `rules.toml`, none if there is no such file.

    `known` are the card's, whose ids must not be used again. Raises DomainCardError with every
    mistake and its line.
    """
    path = folder / RULES_NAME
    try:
        source = read_text(path)
    except FileNotFoundError:
        return ()
    return _parse(source, path, known)


def append_rule(folder: Path, rule: RuleCard, known: Sequence[RuleCard] = ()) -> None:
    """Add a rule to the pack's `rules.toml`; what stands there, comments too, stays as it is.

    Safe between processes; a reader sees the file before or after, never a part. Raises
    UsageError if the id is taken or the folder cannot be written, DomainCardError if the file as
    it stands is broken; either way nothing is changed.
    """
    path = (folder / RULES_NAME).resolve()
    try:
        with locked_folder(path.parent):
            rules = (*known, *added_rules(folder, known))
            if rule.id in {other.id for other in rules}:
                raise UsageError(f"There is a rule {rule.id!r} already.", hint="Choose another id.")
            before = read_text(path).rstrip("\n") if path.exists() else _HEADER.rstrip("\n")
            text = f"{before}\n\n{rule_as_toml(rule)}"
            _parse(text, path, known)
            replace_text(path, text)
    except OSError as error:
        raise UsageError(f"{folder / RULES_NAME} cannot be written: {error.strerror}.") from None


def remove_rule(folder: Path, rule: RuleCard) -> bool:
    """Take a rule out of the pack's `rules.toml` again, as `append_rule` wrote it.

    All else stays as it is; a file that was made for this rule goes. Returns False where no rule
    has its id any more. Raises UsageError if the rule was changed since or the file cannot be
    written, DomainCardError if the file is broken; then nothing is changed.
    """
    path = (folder / RULES_NAME).resolve()
    try:
        with locked_folder(path.parent):
            rules = added_rules(folder)
            if rule.id not in {other.id for other in rules}:
                return False
            before, text, after = read_text(path).partition(f"\n{rule_as_toml(rule)}")
            rest = before + after
            others = tuple(other for other in rules if other.id != rule.id)
            if rule not in rules or not text or _parse(rest, path, ()) != others:
                raise UsageError(
                    f"The rule {rule.id!r} in {path.name} was changed after it was added.",
                    hint="Take it out by hand if it should go.",
                )
            _write_rest(path, rest)
            return True
    except OSError as error:
        raise UsageError(f"{folder / RULES_NAME} cannot be written: {error.strerror}.") from None


def _write_rest(path: Path, rest: str) -> None:
    if rest.strip() == _HEADER.strip():
        path.unlink()
    else:
        replace_text(path, rest)


def rules_version(rules: Sequence[RuleCard]) -> str:
    """Return what tells one set of rules from another (sha256, 12 characters)."""
    dumped = [rule.model_dump(mode="json") for rule in rules]
    return hashlib.sha256(json.dumps(dumped, sort_keys=True).encode()).hexdigest()[:12]


def _parse(source: str, path: Path, known: Sequence[RuleCard]) -> tuple[RuleCard, ...]:
    rules = parse_toml(source, path, _RulesFile).rules
    taken = {rule.id for rule in known}
    for i, rule in enumerate(rules):
        if rule.id in taken:
            line = line_in(source, ("rules", i, "id"))
            raise DomainCardError([f"{path}:{line}: rule id {rule.id!r} is used more than once"])
        taken.add(rule.id)
    return tuple(rules)


def rule_as_toml(rule: RuleCard) -> str:
    """Return a rule as the TOML text that a person would write, one key a line."""
    given = rule.model_dump(exclude_defaults=True)
    return (
        "\n".join(["[[rules]]", *(f"{key} = {_toml(value)}" for key, value in given.items())])
        + "\n"
    )


def _toml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, datetime.date):
        return value.isoformat()
    text = str(value)
    if "\\" in text and "'" not in text and text.isprintable():
        return f"'{text}'"  # a pattern is read more easily without its backslashes doubled
    # A JSON string is a TOML basic string, but that TOML wants DEL escaped too.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
