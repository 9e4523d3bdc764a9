"""The suites of a pack's own question sets: where each is kept, how it is asked and measured.

The sets lie in the pack's folder `questions`; a suite that has none there is left out. They are
asked of the live index, through the very classes that answer people.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from bot.abstention_evaluation import AbstentionCase, judge_pack
from bot.abstention_evaluation import read_cases as read_abstention_cases
from bot.answer import Question
from bot.eval_history import set_hash
from bot.evaluation import off_topic_answered, read_questions, turned_away
from bot.evidence import evidence_of
from bot.extract import rank_sentences, windows
from bot.fact_evaluation import FactCase, asking, fact_sets, read_cases, run_case
from bot.intervals import bootstrap, wilson
from bot.json_lines import numbered_lines
from bot.pack_evaluation import Bench, Better, Findings, Measure, Outcome, QuestionSet, Told
from bot.passages import gather
from bot.pipeline import PASSAGES
from bot.regressions import FILE as REGRESSIONS
from bot.regressions import RegressionCase, read_regressions
from bot.regressions import run_case as run_regression
from bot.retrieval_eval import Dataset, score
from bot.retriever import Hit
from bot.section_questions import SectionedPack, read_section_questions
from ingest.embedding_cache import unit
from ingest.errors import UsageError
from ingest.index import Index, Snapshot

log = logging.getLogger(__name__)

Value = TypeVar("Value")


def read_sets(pack: Path, suites: Iterable[str] = ()) -> dict[str, QuestionSet | None]:
    """Read the sets of a pack by suite, of all suites if none are named; None where it has none.

    Raises UsageError naming the file and line that is not well.
    """
    return {name: SUITES[name].read(pack) for name in suites or SUITES}


# --- facts ------------------------------------------------------------------------------------


def _read_facts(pack: Path) -> QuestionSet | None:
    paths = fact_sets(pack / "questions")
    if not paths:
        return None
    cases = _unique([(f"{path.stem}:{c.id}", c) for path in paths for c in read_cases([path])])
    return QuestionSet("facts", _hash(paths), len(cases), partial(_ask_facts, cases), hard=True)


def _ask_facts(cases: Mapping[str, FactCase], bench: Bench, told: Told) -> Findings:
    outcomes = []
    with asking(bench.index) as ask:
        for key, case in cases.items():
            label, said = run_case(case, ask)
            fine = label == "right"
            outcomes.append(
                Outcome(key, case.question, case.operation, label, fine, "" if fine else said)
            )
            told()
    labels = [outcome.label for outcome in outcomes]
    return Findings(
        (
            _share("exactly right", labels.count("right"), len(labels)),
            _share("nothing said", labels.count("abstained"), len(labels), "lower"),
            _share("wrong figure", labels.count("wrong"), len(labels), "lower"),
        ),
        tuple(outcomes),
    )


# --- retrieval --------------------------------------------------------------------------------


def _read_retrieval(pack: Path) -> QuestionSet | None:
    paths = sorted((pack / "questions" / "retrieval").glob("*.jsonl"))
    if not paths:
        return None
    documents = SectionedPack(pack)
    sets = [read_section_questions(path, documents) for path in paths]
    dataset = Dataset(
        "retrieval",
        (),
        _unique([(f"{s.name}:{key}", text) for s in sets for key, text in s.queries.items()]),
        {f"{s.name}:{key}": judged for s in sets for key, judged in s.qrels.items()},
    )
    ask = partial(_ask_retrieval, dataset, documents)
    return QuestionSet("retrieval", _hash(paths), len(dataset.queries), ask)


def _ask_retrieval(
    dataset: Dataset, documents: SectionedPack, bench: Bench, told: Told
) -> Findings:
    """Search and quote as the pipeline does; a passage counts for every section that it shows."""
    run: dict[str, list[str]] = {}
    outcomes, quoted = [], 0
    with bench.index.snapshot() as snapshot:
        _check_unchanged(snapshot, dataset, documents)
        for key, query in dataset.queries.items():
            wanted = dataset.qrels[key].keys()
            hits = bench.quoting_bot.find_passages(snapshot, query)
            chosen = gather(snapshot, hits, PASSAGES)
            found = not wanted.isdisjoint(_sections(chosen, documents))
            outcomes.append(_found(key, query, found))
            quoted += not wanted.isdisjoint(_quoted(bench.index, query, chosen, documents))
            run[key] = _sections(hits, documents)
            told()
    shares = (
        _share("section in evidence", sum(outcome.fine for outcome in outcomes), len(outcomes)),
        _share("section quoted", quoted, len(outcomes)),
    )
    return Findings((*_ndcg(dataset, run), *shares), tuple(outcomes))


def _quoted(
    index: Index, query: str, hits: Sequence[Hit], documents: SectionedPack
) -> Sequence[str]:
    """Return the sections that would be quoted, if the evidence were taken to answer the query."""
    evidence = [evidence_of(n, hit) for n, hit in enumerate(hits, start=1)]
    vector = unit(index.embeddings.embed_query(query))
    for quotation in windows(rank_sentences(index, query, vector, evidence))[:1]:
        source = quotation.evidence
        start, end = source.start + quotation.start, source.start + quotation.end
        return documents[source.document].sections_of(start, end)
    return ()


def _ndcg(dataset: Dataset, run: Mapping[str, Sequence[str]]) -> tuple[Measure, ...]:
    """Measure the order of what was found; nothing where ir-measures is not installed."""
    keys = list(dataset.queries)
    try:
        values = score(dataset.qrels, run, keys)["nDCG@10"]
    except UsageError as error:
        log.warning("nDCG@10 is left out. %s", error)
        return ()
    return (Measure("nDCG@10", bootstrap(values), len(keys), is_share=False),)


def _sections(hits: Iterable[Hit], documents: SectionedPack) -> list[str]:
    """Return the sections that passages show, each where it is first shown."""
    chunks = [hit.chunk for hit in hits]
    shown = (documents[c.document].sections_of(c.start, c.end) for c in chunks)
    return list(dict.fromkeys(section for sections in shown for section in sections))


def _check_unchanged(snapshot: Snapshot, dataset: Dataset, documents: SectionedPack) -> None:
    """Where the index has another text than the file, sections would be looked for elsewhere."""
    for name in {key.partition("#")[0] for judged in dataset.qrels.values() for key in judged}:
        if snapshot.document_text(name) != documents[name].document.text:
            raise UsageError(
                f"{name} has changed since it was indexed.", hint="Run `groundskeeper reindex`."
            )


def _found(key: str, query: str, found: bool) -> Outcome:
    return Outcome(key, query, key.partition(":")[0], "found" if found else "missed", found)


# --- abstention -------------------------------------------------------------------------------

ABSTENTION = Path("questions") / "abstention.jsonl"


def _read_abstention(pack: Path) -> QuestionSet | None:
    path = pack / ABSTENTION
    if not path.is_file():
        return None
    cases = _unique([(case.id, case) for case in read_abstention_cases(path)])
    ask = partial(_ask_abstention, tuple(cases.values()))
    return QuestionSet("abstention", _hash([path]), len(cases), ask)


def _ask_abstention(cases: Sequence[AbstentionCase], bench: Bench, told: Told) -> Findings:
    """Judge what is found for each question: is it answered, or only near?"""
    result = judge_pack(bench.index, cases, "abstention", told)
    answerable = sum(case.answerable for case in cases)
    misses = len(cases) - answerable
    measures = (
        Measure("near misses answered", result.near_misses_answered, misses, "lower"),
        Measure("answerable turned down", result.answerable_turned_down, answerable, "lower"),
        Measure("AUROC", result.auroc(), len(cases), is_share=False),
    )
    outcomes = (
        Outcome(
            one.case.id,
            one.case.question,
            "answerable" if one.case.answerable else "near miss",
            "answered" if one.enough else "abstained",
            one.enough == one.case.answerable,
        )
        for one in result.judged
    )
    return Findings(measures, tuple(outcomes))


# --- scope ------------------------------------------------------------------------------------

# The kind of question that a file holds, and what would be wrong with it.
SCOPE = {
    "off-topic": ("off-topic answered", off_topic_answered),
    "in-scope": ("fair turned away", turned_away),
    "small-talk": ("small talk turned away", turned_away),
}


def _read_scope(pack: Path) -> QuestionSet | None:
    paths = [pack / "questions" / "scope" / f"{kind}.jsonl" for kind in SCOPE]
    paths = [path for path in paths if path.is_file()]
    if not paths:
        return None
    questions = _unique([(f"{p.stem}:{text}", text) for p in paths for text in read_questions(p)])
    return QuestionSet("scope", _hash(paths), len(questions), partial(_ask_scope, questions))


def _ask_scope(questions: Mapping[str, str], bench: Bench, told: Told) -> Findings:
    outcomes = []
    for key, text in questions.items():
        kind = key.partition(":")[0]
        answer = bench.quoting_bot.answer(Question(text=text))
        outcomes.append(Outcome(key, text, kind, answer.status, not SCOPE[kind][1](answer)))
        told()
    measures = []
    for kind, (name, _) in SCOPE.items():
        fine = [outcome.fine for outcome in outcomes if outcome.group == kind]
        if fine:
            measures.append(_share(name, fine.count(False), len(fine), "lower"))
    return Findings(tuple(measures), tuple(outcomes))


# --- regressions ------------------------------------------------------------------------------


def _read_regressions(pack: Path) -> QuestionSet | None:
    path = pack / REGRESSIONS
    cases = read_regressions(path)
    if not cases:
        return None
    ask = partial(_ask_regressions, cases)
    return QuestionSet("regressions", _hash([path]), len(cases), ask, hard=True)


def _ask_regressions(cases: Sequence[RegressionCase], bench: Bench, told: Told) -> Findings:
    outcomes = []
    for case in cases:
        objections = run_regression(bench.bot, case)
        label = "failed" if objections else "passed"
        said = "; ".join(objections)
        outcomes.append(Outcome(case.id, case.question, case.source, label, not objections, said))
        told()
    passed = sum(outcome.fine for outcome in outcomes)
    return Findings((_share("passed", passed, len(outcomes)),), tuple(outcomes))


# --- what they share --------------------------------------------------------------------------


@dataclass(frozen=True)
class Suite:
    """Where a pack keeps a suite's questions, and what reads them; None where it has none."""

    place: str
    read: Callable[[Path], QuestionSet | None]


SUITES = {
    "facts": Suite("questions/*.jsonl with operation and expect", _read_facts),
    "retrieval": Suite("questions/retrieval/*.jsonl", _read_retrieval),
    "abstention": Suite(str(ABSTENTION), _read_abstention),
    "scope": Suite("questions/scope/{off-topic,in-scope,small-talk}.jsonl", _read_scope),
    "regressions": Suite(str(REGRESSIONS), _read_regressions),
}


def _share(name: str, count: int, n: int, better: Better = "higher") -> Measure:
    return Measure(name, wilson(count, n), n, better)


def _hash(paths: Iterable[Path]) -> str:
    return set_hash(f"{p.stem}\t{line.strip()}" for p in paths for _, line in numbered_lines(p))


def _unique(pairs: Sequence[tuple[str, Value]]) -> dict[str, Value]:
    """Return the questions by key; raises UsageError if two have the same."""
    [(key, times)] = Counter(key for key, _ in pairs).most_common(1) or [("", 0)]
    if times > 1:
        raise UsageError(f"Two questions of the pack are called {key!r}.")
    return dict(pairs)
