"""The verifier: a sentence is shown only if the evidence that it cites holds what it says.

Whatever a model writes is a claim. Here each claim is checked against the cited evidence by
code: it must cite, cite only what is there, and bring in no number, no name and hardly a word
that the evidence does not have; and it must not turn a "not" around.

Not covered: a sentence that puts the evidence's own words together wrongly (who did what to
whom), and figures of one row given to another where both rows are cited; facts from records are
therefore written by code and not by a model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.answer import Evidence
from bot.text import sentences, stem, words
from ingest.lexical import STOP_WORDS

MIN_COVERAGE = 0.75
MIN_CLAIM_WORDS = 3
_MARKER = re.compile(r"\[(\d{1,3})\]")
_NUMBER = re.compile(
    r"(?<![\w.])\$?\d[\d,]*(?:\.\d+)?\s?(?:k\b|thousand\b|million\b|billion\b|%)?", re.I
)
_NAME = re.compile(r"(?<![.!?:“\"]\s)(?<!^)\b(?:[A-Z][\w’'-]*[A-Za-z0-9]|[A-Z]{2,}\d*)\b")
_NEGATION = frozenset(
    {"not", "no", "never", "none", "cannot", "without", "neither", "nor", "isn't"}
)
_NEGATION |= {"don't", "doesn't", "didn't", "can't", "won't", "aren't", "wasn't", "shouldn't"}
_SCALES = {"k": 1e3, "thousand": 1e3, "million": 1e6, "billion": 1e9}
_WORD_NUMBERS = dict(
    zip(
        "two three four five six seven eight nine ten eleven twelve".split(),  # noqa: SIM905
        range(2, 13),
        strict=True,
    )
)


@dataclass(frozen=True)
class Verdict:
    """Whether a sentence stands, and if not, why: for operators and tests, not for readers."""

    supported: bool
    why: str = ""


def verify(sentence: str, evidence: Mapping[int, Evidence]) -> Verdict:
    """Check one sentence with its `[n]` markers against the evidence of this turn."""
    cited = {int(n) for n in _MARKER.findall(sentence)}
    if not cited:
        return Verdict(False, "cites nothing")
    if not cited <= evidence.keys():
        return Verdict(False, "cites what is not there")
    claim = _MARKER.sub("", sentence).strip()
    source = "\n".join(_source_text(evidence[n]) for n in sorted(cited))
    for problem in (
        _strange_numbers(claim, source),
        _strange_names(claim, source),
        _strange_words(claim, source),
        _turned_around(claim, source),
    ):
        if problem:
            return Verdict(False, problem)
    return Verdict(True)


def numbers(text: str) -> set[float]:
    """Return the numbers in a text as values: "$12k", "12,000" and "12 thousand" are one."""
    found = set()
    for match in _NUMBER.findall(text):
        bare = match.strip().lower().lstrip("$").replace(",", "")
        digits = re.match(r"\d+(?:\.\d+)?", bare)
        if digits:
            scale = bare[digits.end() :].strip()
            found.add(round(float(digits[0]) * _SCALES.get(scale, 1.0), 4))
    return found | {float(_WORD_NUMBERS[word]) for word in words(text) if word in _WORD_NUMBERS}


def _source_text(evidence: Evidence) -> str:
    facts = " ".join(f"{fact.label} {fact.display} {fact.vintage}" for fact in evidence.facts)
    return "\n".join([evidence.title, " ".join(evidence.heading_path), evidence.quote, facts])


def _strange_numbers(claim: str, source: str) -> str:
    strange = numbers(claim) - numbers(source)
    return f"number {min(strange):g} is not in the evidence" if strange else ""


def _strange_names(claim: str, source: str) -> str:
    known = {stem(word) for word in words(source)}
    for name in _NAME.findall(claim):
        if any(stem(word) not in known for word in words(name)):
            return f"name {name!r} is not in the evidence"
    return ""


def _strange_words(claim: str, source: str) -> str:
    known = {stem(word) for word in words(source)}
    content = [stem(word) for word in words(claim) if word not in STOP_WORDS]
    if len(words(claim)) < MIN_CLAIM_WORDS or not content:
        return "says nothing"
    coverage = sum(word in known for word in content) / len(content)
    return (
        "" if coverage >= MIN_COVERAGE else f"only {coverage:.0%} of its words are in the evidence"
    )


def _turned_around(claim: str, source: str) -> str:
    """Compare negation with the sentence of the source that shares most words with the claim."""
    claimed = set(words(claim))
    nearest = max(
        (source[a:b] for a, b in sentences(source)),
        key=lambda text: len(claimed & set(words(text))),
        default="",
    )
    if bool(claimed & _NEGATION) != bool(set(words(nearest)) & _NEGATION):
        return "negation differs from the evidence"
    return ""
