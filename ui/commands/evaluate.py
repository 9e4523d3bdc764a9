"""`groundskeeper eval`: question sets through the whole pipeline."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.evaluation import (
    ScopeResult,
    off_topic_answered,
    read_questions,
    run_scope,
    turned_away,
)
from bot.fact_evaluation import OperationResult, Outcome, fact_sets, read_cases, run_cases
from bot.facts import Facts
from bot.intervals import Interval
from bot.pipeline import open_bot
from bot.planning import Planning
from bot.retrieval_eval import (
    MEASURES,
    Evaluation,
    evaluate,
    our_systems,
    read_dataset,
    temporary_index,
)
from ingest.embeddings import make_embeddings
from ingest.errors import UsageError
from ingest.index import Index
from ui.context import AppContext
from ui.output import print_json, say
from ui.progress import progress_for_terminal

app = typer.Typer(help="Measure answers on question sets.", no_args_is_help=True)


@app.command("scope")
def scope(
    context: typer.Context,
    off_topic: Annotated[
        list[Path] | None, typer.Option(help="Questions that must not be answered.")
    ] = None,
    small_talk: Annotated[
        list[Path] | None, typer.Option(help="Greetings and thanks, to be answered kindly.")
    ] = None,
    in_scope: Annotated[
        list[Path] | None, typer.Option(help="Questions that must not be turned away.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
) -> None:
    """Count off-topic questions answered, and small talk and fair questions turned away.

    Each file holds JSON lines with "text" or "question", or plain lines.
    """
    state: AppContext = context.obj
    sets = [
        *((path, off_topic_answered) for path in off_topic or []),
        *((path, turned_away) for path in [*(small_talk or []), *(in_scope or [])]),
    ]
    with open_bot(state.settings, state.card) as bot:
        for path, is_wrong in sets:
            questions = read_questions(path)
            progress = progress_for_terminal()
            progress.begin(path.name, len(questions))
            result = run_scope(bot, path.name, questions, is_wrong, progress.advance)
            progress.end()
            if as_json:
                print_json(result.to_json())
            else:
                _show(result, "answered" if is_wrong is off_topic_answered else "turned away")


def _show(result: ScopeResult, wrong: str) -> None:
    statuses = ", ".join(f"{count} {status}" for status, count in result.by_status.most_common())
    say(f"{result.name}: {len(result.wrong)} of {result.total} {wrong} ({result.wrong_rate:.1%})")
    say(f"  {statuses}")


@app.command("facts")
def facts(
    context: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(help="Question sets; by default all of the pack.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Ask questions about records whose truth is known; no model takes part.

    Ends with status 1 if a figure was shown as the answer that is not the one expected.
    """
    state: AppContext = context.obj
    paths = files or fact_sets(state.settings.domain / "questions")
    if not paths:
        raise UsageError(f"{state.settings.domain} has no questions with known figures.")
    cases = read_cases(paths)
    progress = progress_for_terminal()
    progress.begin("questions", len(cases))
    index = Index(state.card, state.paths, make_embeddings(state.settings))
    planning = Planning(state.card)
    try:
        with index.snapshot() as snapshot:
            planner = planning.planner(snapshot)

            def ask(question: str, previous: dict[str, Any] | None) -> Facts | None:
                plan = planner.plan(question, previous)
                return None if plan is None else planning.run(plan, snapshot)

            results = run_cases(cases, ask, progress.advance)
    finally:
        index.close()
    progress.end()
    if as_json:
        print_json({name: result.to_json() for name, result in results.items()})
    else:
        _show_facts(results)
    if any(result.outcomes["wrong"] for result in results.values()):
        raise typer.Exit(1)


def _show_facts(results: dict[str, OperationResult]) -> None:
    for name, result in results.items():
        for miss in result.missed:
            said = f": {miss['text'][:200]}" if miss["text"] else ""
            say(f"{name} {miss['outcome']}: {miss['id']} {miss['question']}{said}")
    say(f"{'':18} {'n':>5} {'right':>6} {'abstained':>10} {'wrong figure':>13}")
    for name, result in results.items():
        _show_row(name, result.total, result.outcomes)
    _show_row(
        "all",
        sum(result.total for result in results.values()),
        sum((result.outcomes for result in results.values()), Counter()),
    )


def _show_row(name: str, total: int, outcomes: Counter[Outcome]) -> None:
    right = outcomes["right"] / total if total else 0.0
    say(f"{name:18} {total:5} {right:6.1%} {outcomes['abstained']:10} {outcomes['wrong']:13}")


@app.command("retrieval")
def retrieval(
    context: typer.Context,
    dataset: Annotated[
        list[Path], typer.Option(help="A folder in BEIR's layout; may be given several times.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
) -> None:
    """Measure retrieval on judged question sets, part by part and as a whole."""
    state: AppContext = context.obj
    embeddings = make_embeddings(state.settings)
    for folder in dataset:
        judged = read_dataset(folder)
        progress = progress_for_terminal()
        with temporary_index(judged.documents, embeddings, progress) as (index, ids):
            progress.begin(judged.name, len(judged.judged))
            result = evaluate(
                judged, our_systems(index, lambda chunk: [ids[chunk.document]]), progress.advance
            )
            progress.end()
        if as_json:
            print_json(result.to_json())
        else:
            _show_retrieval(result)


def _show_retrieval(result: Evaluation) -> None:
    *others, ours = result.values
    queries = len(result.milliseconds[ours])
    say(f"{result.dataset}: {queries} queries; mean and 95% interval over them")
    for name in result.values:
        _show_intervals(name, {m: result.mean(name, m) for m in MEASURES})
    for other in others:
        differences = {m: result.difference(ours, other, m) for m in MEASURES}
        _show_intervals(f"{ours} - {other}", differences, sign="+")


def _show_intervals(name: str, intervals: dict[str, Interval], sign: str = "") -> None:
    cells = (
        f"{measure} {i.mean:{sign}.3f} [{i.low:{sign}.3f}, {i.high:{sign}.3f}]"
        for measure, i in intervals.items()
    )
    say(f"  {name:16} {'  '.join(cells)}")
