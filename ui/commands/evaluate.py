"""`groundskeeper eval`: the pack's own question sets on one page, or given sets one by one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.abstention_evaluation import AbstentionResult, judge_folder, read_folder
from bot.cross_encoder import make_reranker
from bot.eval_history import add_run, read_history
from bot.evaluation import (
    ScopeResult,
    off_topic_answered,
    read_questions,
    run_scope,
    turned_away,
)
from bot.fact_evaluation import OperationResult, Outcome, asking, read_cases, run_cases
from bot.intervals import Interval
from bot.pack_evaluation import QuestionSet, SuiteResult, open_bench
from bot.pack_report import PackReport
from bot.pipeline import open_bot
from bot.retrieval_eval import (
    MEASURES,
    Evaluation,
    evaluate,
    our_systems,
    read_dataset,
    temporary_index,
)
from bot.suites import SUITES, read_sets
from ingest.embeddings import make_embeddings
from ingest.errors import UsageError
from ingest.index import Index
from ui.commands.eval_grounding import grounding
from ui.context import AppContext
from ui.eval_page import page
from ui.output import note, print_json, say
from ui.progress import progress_for_terminal

app = typer.Typer(invoke_without_command=True)
app.command("grounding")(grounding)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", help="List every question that did not end well.")
]
FailOnChangeOption = Annotated[
    bool, typer.Option("--fail-on-change", help="Status 1 also if any question is newly wrong.")
]


@app.callback()
def pack(
    context: typer.Context,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
    fail_on_change: FailOnChangeOption = False,
) -> int:
    """Measure the pack's own question sets, all of them or those of one suite.

    Prints one page with what has changed since the last run, and keeps the run in the history.
    Ends with status 1 if a figure was wrong, a regression case failed, a suite could not be run,
    or, with --fail-on-change, a question ended worse than the last time.
    """
    if context.invoked_subcommand is not None:
        given = {"as_json": as_json, "verbose": verbose, "fail_on_change": fail_on_change}
        context.default_map = dict.fromkeys(SUITES, given)
        return 0
    return _measure_pack(
        context.obj, (), as_json=as_json, verbose=verbose, fail_on_change=fail_on_change
    )


def _measure_pack(
    app: AppContext,
    suites: Iterable[str],
    *,
    as_json: bool,
    verbose: bool,
    fail_on_change: bool,
) -> int:
    sets = read_sets(app.settings.domain, suites)
    if not any(sets.values()):
        places = ", ".join(SUITES[name].place for name in sets)
        raise UsageError(
            f"{app.settings.domain} has no questions of its own for this.",
            hint=f"They would be in {places}.",
        )
    report = _run_sets(app, sets)
    if as_json:
        print_json(report.to_json())
    else:
        for line in page(report, verbose=verbose):
            say(line)
    if report.measured:
        add_run(app.paths.eval_history, report.to_record())
    return 1 if report.failed(on_change=fail_on_change) else 0


def _run_sets(app: AppContext, sets: dict[str, QuestionSet | None]) -> PackReport:
    at, started = datetime.now(UTC), time.monotonic()
    history = read_history(app.paths.eval_history, note)
    with open_bench(app.settings, app.card) as bench, closing(progress_for_terminal()) as progress:
        ran_on = bench.ran_on()
        results: dict[str, SuiteResult | None] = {}
        for name, questions in sets.items():
            results[name] = None
            if questions is not None:
                progress.begin(name, questions.n)
                results[name] = questions.run(bench, progress.advance)
                progress.end()
    return PackReport(
        pack=app.card.domain.name,
        at=at.isoformat(timespec="seconds"),
        ran_on=ran_on,
        results=results,
        history=history,
        seconds=time.monotonic() - started,
    )


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
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
    fail_on_change: FailOnChangeOption = False,
) -> int:
    """Count off-topic questions answered, and small talk and fair questions turned away.

    Each file holds JSON lines with "text" or "question", or plain lines. Without files: the
    pack's own, on the page that `groundskeeper eval` prints.
    """
    state: AppContext = context.obj
    if not (off_topic or small_talk or in_scope):
        return _measure_pack(
            state, ["scope"], as_json=as_json, verbose=verbose, fail_on_change=fail_on_change
        )
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
    return 0


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
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
    fail_on_change: FailOnChangeOption = False,
) -> int:
    """Ask questions about records whose truth is known; no model takes part.

    Ends with status 1 if a figure was shown as the answer that is not the one expected.
    """
    state: AppContext = context.obj
    if not files:
        return _measure_pack(
            state, ["facts"], as_json=as_json, verbose=verbose, fail_on_change=fail_on_change
        )
    cases = read_cases(files)
    index = Index(state.card, state.paths, make_embeddings(state.settings))
    with closing(index), closing(progress_for_terminal()) as progress, asking(index) as ask:
        progress.begin("questions", len(cases))
        results = run_cases(cases, ask, progress.advance)
        progress.end()
    if as_json:
        print_json({name: result.to_json() for name, result in results.items()})
    else:
        _show_facts(results)
    return 1 if any(result.outcomes["wrong"] for result in results.values()) else 0


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
        list[Path] | None,
        typer.Option(help="A folder in BEIR's layout; may be given several times."),
    ] = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
    fail_on_change: FailOnChangeOption = False,
) -> int:
    """Measure retrieval: on the pack's own questions, or part by part on judged sets.

    A judged set is indexed in a temporary folder; the pack's own questions use the live index.
    """
    state: AppContext = context.obj
    if not dataset:
        return _measure_pack(
            state, ["retrieval"], as_json=as_json, verbose=verbose, fail_on_change=fail_on_change
        )
    embeddings = make_embeddings(state.settings)
    reranker = make_reranker(state.settings)
    for folder in dataset:
        judged = read_dataset(folder)
        progress = progress_for_terminal()
        with temporary_index(judged.documents, embeddings, progress) as (index, ids):
            progress.begin(judged.name, len(judged.judged))
            systems = our_systems(index, lambda c: [ids[c.document]], reranker=reranker)
            result = evaluate(judged, systems, progress.advance)
            progress.end()
        if as_json:
            print_json(result.to_json())
        else:
            _show_retrieval(result)
    return 0


@app.command("abstention")
def abstention(
    context: typer.Context,
    dataset: Annotated[
        list[Path] | None,
        typer.Option(help="A folder of paragraphs and near misses; may be given several times."),
    ] = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
    fail_on_change: FailOnChangeOption = False,
) -> int:
    """Measure whether near misses are told from what the evidence does answer.

    A folder holds corpus.jsonl and queries.jsonl with "gold" and "is_impossible", as made from
    SQuAD 2.0; without one, the pack's own questions are asked of the live index.
    """
    state: AppContext = context.obj
    if not dataset:
        return _measure_pack(
            state, ["abstention"], as_json=as_json, verbose=verbose, fail_on_change=fail_on_change
        )
    embeddings = make_embeddings(state.settings)
    for folder in map(read_folder, dataset):
        with closing(progress_for_terminal()) as progress:
            results = judge_folder(folder, embeddings, progress)
        for result in results:
            if as_json:
                print_json(result.to_json())
            else:
                _show_abstention(result)
    return 0


def _show_abstention(result: AbstentionResult) -> None:
    say(f"{result.name}: {len(result.judged)} questions")
    shares = {
        "near misses answered": result.near_misses_answered,
        "answerable turned down": result.answerable_turned_down,
        "right": result.accuracy,
    }
    for name, share in shares.items():
        say(f"  {name:24} {share.mean:6.1%}  [{share.low:.1%}, {share.high:.1%}]")
    for system in ("support", "cosine", "bm25"):
        area = result.auroc(system)
        say(f"  AUROC of {system:15} {area.mean:6.3f}  [{area.low:.3f}, {area.high:.3f}]")


@app.command("regressions")
def regressions(
    context: typer.Context,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
    fail_on_change: FailOnChangeOption = False,
) -> int:
    """Ask what was once answered badly, through the whole pipeline and the answering model."""
    return _measure_pack(
        context.obj,
        ["regressions"],
        as_json=as_json,
        verbose=verbose,
        fail_on_change=fail_on_change,
    )


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
