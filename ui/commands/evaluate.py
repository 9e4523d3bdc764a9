"""`groundskeeper eval`: the pack's own question sets on one page, or given sets one by one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.abstention_evaluation import judge_folder, read_folder
from bot.answer import Answer
from bot.cross_encoder import make_reranker
from bot.eval_history import add_run, read_history
from bot.evaluation import (
    off_topic_answered,
    read_questions,
    run_scope,
    turned_away,
)
from bot.fact_evaluation import asking, read_cases, run_cases
from bot.pack_evaluation import QuestionSet, SuiteResult, open_bench
from bot.pack_report import PackReport
from bot.pipeline import Bot, open_bot
from bot.retrieval_eval import (
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
from ui.eval_text import show_abstention, show_facts, show_retrieval, show_scope
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

OffTopic = Annotated[list[Path] | None, typer.Option(help="Questions that must not be answered.")]
SmallTalk = Annotated[
    list[Path] | None, typer.Option(help="Greetings and thanks, to be answered kindly.")
]
InScope = Annotated[list[Path] | None, typer.Option(help="Questions that must not be turned away.")]


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
    return _measure_pack(context.obj, (), _Page(as_json, verbose, fail_on_change))


@dataclass(frozen=True)
class _Page:
    """How the page on the pack's own questions is printed, and what makes it a failure."""

    as_json: bool
    verbose: bool
    fail_on_change: bool


def _measure_pack(app: AppContext, suites: Iterable[str], how: _Page) -> int:
    """Run these suites of the pack, or all of them if none is named; return the exit status."""
    sets = read_sets(app.settings.domain, suites)
    if not any(sets.values()):
        places = ", ".join(SUITES[name].place for name in sets)
        raise UsageError(
            f"{app.settings.domain} has no questions of its own for this.",
            hint=f"They would be in {places}.",
        )
    report = _run_sets(app, sets)
    if how.as_json:
        print_json(report.to_json())
    else:
        for line in page(report, verbose=how.verbose):
            say(line)
    if report.measured:
        add_run(app.paths.eval_history, report.to_record())
    return 1 if report.failed(on_change=how.fail_on_change) else 0


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
    off_topic: OffTopic = None,
    small_talk: SmallTalk = None,
    in_scope: InScope = None,
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
        return _measure_pack(state, ["scope"], _Page(as_json, verbose, fail_on_change))
    with open_bot(state.settings, state.card) as bot:
        for path in off_topic or []:
            _ask_scope(bot, path, off_topic_answered, "answered", as_json=as_json)
        for path in [*(small_talk or []), *(in_scope or [])]:
            _ask_scope(bot, path, turned_away, "turned away", as_json=as_json)
    return 0


def _ask_scope(
    bot: Bot, path: Path, is_wrong: Callable[[Answer], bool], wrong: str, *, as_json: bool
) -> None:
    questions = read_questions(path)
    with closing(progress_for_terminal()) as progress:
        progress.begin(path.name, len(questions))
        result = run_scope(bot, path.name, questions, is_wrong, progress.advance)
        progress.end()
    if as_json:
        print_json(result.to_json())
    else:
        show_scope(result, wrong)


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
        return _measure_pack(state, ["facts"], _Page(as_json, verbose, fail_on_change))
    cases = read_cases(files)
    index = Index(state.card, state.paths, make_embeddings(state.settings))
    with closing(index), closing(progress_for_terminal()) as progress, asking(index) as ask:
        progress.begin("questions", len(cases))
        results = run_cases(cases, ask, progress.advance)
        progress.end()
    if as_json:
        print_json({name: result.to_json() for name, result in results.items()})
    else:
        show_facts(results)
    return 1 if any(result.outcomes["wrong"] for result in results.values()) else 0


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
        return _measure_pack(state, ["retrieval"], _Page(as_json, verbose, fail_on_change))
    embeddings = make_embeddings(state.settings)
    reranker = make_reranker(state.settings)
    for folder in dataset:
        judged = read_dataset(folder)
        with (
            closing(progress_for_terminal()) as progress,
            temporary_index(judged.documents, embeddings, progress) as (index, ids),
        ):
            progress.begin(judged.name, len(judged.judged))
            systems = our_systems(index, lambda c: [ids[c.document]], reranker=reranker)
            result = evaluate(judged, systems, progress.advance)
            progress.end()
        if as_json:
            print_json(result.to_json())
        else:
            show_retrieval(result)
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
        return _measure_pack(state, ["abstention"], _Page(as_json, verbose, fail_on_change))
    embeddings = make_embeddings(state.settings)
    for folder in map(read_folder, dataset):
        with closing(progress_for_terminal()) as progress:
            results = judge_folder(folder, embeddings, progress)
        for result in results:
            if as_json:
                print_json(result.to_json())
            else:
                show_abstention(result)
    return 0


@app.command("regressions")
def regressions(
    context: typer.Context,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
    fail_on_change: FailOnChangeOption = False,
) -> int:
    """Ask what was once answered badly, through the whole pipeline and the answering model."""
    return _measure_pack(context.obj, ["regressions"], _Page(as_json, verbose, fail_on_change))
