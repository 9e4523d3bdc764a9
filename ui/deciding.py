"""`groundskeeper reports resolve` and `rerun`, as far as they try, ask back and act on the pack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import typer

from bot.regressions import ask_after
from bot.review import Moderator, Moderators, Report, ReviewQueue
from bot.review.dry_run import DryRun, Verdict, dry_run
from bot.review.outcomes import (
    make_regression,
    make_rule,
    own_id,
    resolve_with_correction,
    resolve_with_regression,
    resolve_with_rule,
    suggested_regression,
)
from bot.review.rerun import Difference, rerun_corrections, run_again
from bot.review.workbench import Workbench, open_workbench
from ingest.errors import GroundskeeperError, ReviewError
from ui.context import AppContext
from ui.output import note, print_json, say
from ui.rerunning import run_corrections_again

SHOWN_HITS = 20
SHOWN_CHARS = 100
_VERDICTS: dict[Verdict, str] = {
    "bad": "wrongly stopped",
    "good": "rightly stopped",
    "open": "stopped, for you to judge",
}


@dataclass(frozen=True)
class Deciding:
    """A decision on one report from the command line: what is added is tried and asked for first.

    Each way to decide returns the report as it is then, or None where it was only tried.
    """

    state: AppContext
    queue: ReviewQueue
    who: Moderator
    reference: str
    version: int
    note: str
    only_try: bool
    yes: bool
    as_json: bool

    def correct(self, document: str) -> Report:
        """Close the report with a corrected document; if it is indexed, ask the question again."""
        with open_workbench(self.state.settings, self.state.card) as bench:
            done = resolve_with_correction(
                self.queue,
                self.who,
                self.reference,
                self.version,
                document,
                index=bench.index,
                note=self.note,
            )
            self._ask_again(bench)
        return done

    def add_rule(self, identity: str, given: Mapping[str, Any]) -> Report | None:
        """Tell what a rule would have stopped, and add it."""
        report = self.queue.show(self.who, self.reference)
        fields = {name: value for name, value in given.items() if value}
        fields.setdefault("applies_to", ["question"])
        fields.setdefault("message", self.state.card.domain.refusal)
        rule = make_rule(id=identity or own_id(self.reference), **fields)
        with open_workbench(self.state.settings, self.state.card) as bench:
            found = dry_run(rule, report, self.queue, self.who, bench)
        self._tell_dry_run(found)
        if not self._go_on("Add this rule?"):
            return None
        return resolve_with_rule(
            self.queue,
            self.who,
            self.reference,
            self.version,
            rule,
            pack=self.state.settings.domain,
            note=self.note,
        )

    def add_case(self, identity: str, given: Mapping[str, Any]) -> Report | None:
        """Tell whether a case passes today, and add it."""
        suggested = suggested_regression(self.queue.show(self.who, self.reference))
        if suggested is None:
            raise ReviewError(f"{self.reference} was purged, so its question is gone.")
        asked = {name: value for name, value in given.items() if value}
        if not asked:
            asked = {"must_not": suggested.must_not, "status": suggested.status}
        case = make_regression(
            id=identity or suggested.id,
            question=suggested.question,
            history=suggested.history,
            **asked,
        )
        with open_workbench(self.state.settings, self.state.card) as bench:
            objections = case.objections(ask_after(bench.bot, case.question, case.history))
        told = f"does not pass today: {'; '.join(objections)}" if objections else "passes today"
        if self.only_try and self.as_json:
            print_json({"case": case.model_dump(mode="json"), "objections": objections})
        else:
            note(f"The case {told}.")
        if not self._go_on("Add this case?"):
            return None
        return resolve_with_regression(
            self.queue,
            self.who,
            self.reference,
            self.version,
            case,
            pack=self.state.settings.domain,
            note=self.note,
        )

    def _ask_again(self, bench: Workbench) -> None:
        """Run what waits for a correction that is indexed already; the report is closed anyhow."""
        try:
            for one in rerun_corrections(self.queue, self.who, bench):
                note(f"{one.reference} was run again, for {one.document} has changed")
        except GroundskeeperError as error:
            note(f"The question was not asked again yet: {error}")

    def _go_on(self, question: str) -> bool:
        if not self.only_try and not self.yes:
            typer.confirm(question, abort=True, err=True)
        return not self.only_try

    def _tell_dry_run(self, found: DryRun) -> None:
        if self.only_try and self.as_json:
            print_json(_dry_run_json(found))
            return
        stops = "flags" if found.flags else "stops"
        case = stops if found.stops_case else f"does not {stops[:-1]}"
        note(f"Tried on {found.tried:,} questions and reports; the rule {case} the reported case.")
        for verdict, label in _VERDICTS.items():
            hits = found.of(verdict)
            note(f"{label}: {len(hits):,}")
            for hit in hits[:SHOWN_HITS]:
                note(f"  {hit.sample.source}: {_one_line(hit.text)}")
            if len(hits) > SHOWN_HITS:
                note(f"  and {len(hits) - SHOWN_HITS:,} more")


def rerun_one(
    state: AppContext, queue: ReviewQueue, reference: str, *, keep: bool, as_json: bool
) -> None:
    """Run a report's case again; print the difference, and keep it as a note if wanted."""
    operator = Moderators.operator()
    report = queue.show(operator, reference)
    if report.case is None:
        raise ReviewError(f"{report.reference} was purged, so its question is gone.")
    with open_workbench(state.settings, state.card) as bench:
        difference = run_again(bench.bot, report.case)
    if as_json:
        print_json({"reference": report.reference, **_difference_json(difference)})
    else:
        for line in difference.lines():
            say(line)
    if keep:
        queue.note(operator, reference, difference.to_text())


def rerun_all(state: AppContext, *, as_json: bool) -> None:
    """Run all cases again whose corrected document is indexed in another version than before."""
    done = run_corrections_again(state.settings, state.card)
    if as_json:
        print_json({"rerun": [one.reference for one in done]})
        return
    for one in done:
        say(f"{one.reference} was run again, for {one.document} has changed")
    if not done:
        note("No report waits for a document that has changed.")


def _dry_run_json(found: DryRun) -> dict[str, Any]:
    hits = [
        {
            "source": hit.sample.source,
            "verdict": hit.sample.verdict,
            "role": hit.role,
            "text": hit.text,
        }
        for hit in found.hits
    ]
    return {"tried": found.tried, "stops_case": found.stops_case, "hits": hits}


def _difference_json(difference: Difference) -> dict[str, Any]:
    return {
        "same": difference.same,
        "status": list(difference.status),
        "sentences_gone": list(difference.sentences_gone),
        "sentences_new": list(difference.sentences_new),
        "citations_gone": list(difference.citations_gone),
        "citations_new": list(difference.citations_new),
        "cells": list(difference.cells),
        "answer": difference.now.answer,
    }


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return f"{line[:SHOWN_CHARS]}…" if len(line) > SHOWN_CHARS else line
