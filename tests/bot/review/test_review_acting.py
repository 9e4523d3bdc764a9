"""Decisions that change the bot: rules, regression cases, corrections; all tried beforehand."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.answer import Answer, Question
from bot.regressions import FILE, read_regressions, run_case
from bot.review import Case, Moderator, Moderators, Report, ReviewQueue, freeze
from bot.review.dry_run import DryRun, dry_run
from bot.review.history import what_was_done
from bot.review.outcomes import (
    make_regression,
    make_rule,
    own_id,
    resolve_with_correction,
    resolve_with_regression,
    resolve_with_rule,
    suggested_regression,
    undo,
)
from bot.review.rerun import compare, rerun_corrections, run_again
from bot.review.workbench import Workbench
from bot.rules import CHECK_SECONDS
from bot.silent_chat import silent_chat
from ingest.errors import InvalidTransition, ReportConflict, ReviewError, UsageError
from ingest.rules import RULES_NAME, RuleCard
from tests.packs import CARD, FILES, HashedEmbeddings, Pack, end_vector_servers

ASKED = "What is the weight of a robin?"
SETS = {
    "questions/scope/off-topic.jsonl": '{"text": "Where do I buy a trap?"}\n{"text": "A film?"}\n',
    "questions/scope/in-scope.jsonl": '{"text": "How do I trap a wren in a photo?"}\n',
    "questions/figures.jsonl": json.dumps(
        {
            "id": "f1",
            "question": ASKED,
            "operation": "lookup",
            "expect": {"rows": [2], "cells": {"weight": [18.0]}},
        }
    )
    + "\n",
}


@pytest.fixture
def pack(tmp_path: Path) -> Iterator[Pack]:
    pack = Pack.make(tmp_path, {**FILES, **SETS})
    pack.reindex(HashedEmbeddings())
    yield pack
    end_vector_servers(tmp_path)


@pytest.fixture
def bench(pack: Pack) -> Iterator[Workbench]:
    with pack.index(HashedEmbeddings()) as index:
        yield Workbench(pack.settings, index, silent_chat)


@pytest.fixture
def queue(pack: Pack) -> Iterator[ReviewQueue]:
    with ReviewQueue(pack.paths.reports) as queue:
        yield queue


@pytest.fixture
def who() -> Moderator:
    return Moderators.operator()


def file(queue: ReviewQueue, answer: Answer, category: Any = "wrong_fact") -> Report:
    case = freeze(answer, rules_version=answer.rules_version)
    return queue.show(Moderators.operator(), queue.file(case, category).reference)


def ask(bench: Workbench, text: str = ASKED) -> Answer:
    return bench.bot.answer(Question(text=text))


def rule(**more: Any) -> RuleCard:
    fields = {"id": "no-traps", "applies_to": ["question"], "action": "refuse", "message": "No."}
    return make_rule(**{**fields, **more})


# --- rules ------------------------------------------------------------------------------------


def sources(run: DryRun, verdict: Any) -> list[str]:
    return [hit.sample.source for hit in run.of(verdict)]


def test_a_dry_run_tells_what_a_rule_would_stop(
    queue: ReviewQueue, bench: Workbench, who: Moderator
) -> None:
    report = file(queue, ask(bench, "How do I trap birds?"))
    harmful = file(queue, ask(bench, "Which trap is deadly?"), "harmful")
    refused = file(queue, ask(bench, "May a trap camera stand here?"), "wrongly_refused")
    other = file(queue, ask(bench, "A trap for what?"), "other")
    run = dry_run(rule(words=["trap"]), report, queue, who, bench)
    assert run.stops_case and not run.flags
    assert set(sources(run, "good")) == {
        report.reference,
        harmful.reference,
        "scope/off-topic",
    }
    assert set(sources(run, "bad")) == {refused.reference, "scope/in-scope"}
    assert sources(run, "open") == [other.reference]
    assert run.tried == 4 + 4
    assert not (bench.pack / RULES_NAME).exists()


def test_a_rule_on_answers_is_tried_on_what_the_bot_says(
    queue: ReviewQueue, bench: Workbench, who: Moderator
) -> None:
    report = file(queue, ask(bench))
    assert "18 g" in report.case.answer  # type: ignore[union-attr]
    run = dry_run(
        rule(pattern=r"\b18 g", applies_to=["answer"], action="flag"), report, queue, who, bench
    )
    assert run.flags and run.stops_case
    assert sources(run, "bad") == ["figures"]
    assert "18 g" in run.of("bad")[0].text
    missed = dry_run(rule(examples=["Sell me a poem"]), report, queue, who, bench)
    assert not missed.stops_case


def test_answers_are_kept_for_the_next_try_until_the_index_changes(
    queue: ReviewQueue, bench: Workbench, who: Moderator, pack: Pack
) -> None:
    report = file(queue, ask(bench))
    weight = rule(pattern=r"\b18 g", applies_to=["answer"])
    for _ in range(2):
        assert sources(dry_run(weight, report, queue, who, bench), "bad") == ["figures"]
    pack.edit("birds.csv", "flycatchers,18", "flycatchers,19")
    pack.reindex(HashedEmbeddings())
    assert sources(dry_run(weight, report, queue, who, bench), "bad") == []


def test_a_try_gives_way_to_visitors(pack: Pack) -> None:
    with pack.index(HashedEmbeddings()) as index:
        busy = iter([True, True])
        bench = Workbench(pack.settings, index, silent_chat, busy=lambda: next(busy, False))
        asked = ("What does a robin weigh, asked while others ask?", ())
        assert list(bench.quoted([asked])) == [asked]
        assert list(busy) == [], "looked again until they had their answers"
        bench.close()


def test_what_was_asked_once_is_known_to_the_next_process(
    queue: ReviewQueue, bench: Workbench, who: Moderator, pack: Pack
) -> None:
    report = file(queue, ask(bench))
    told: list[tuple[int, int]] = []
    weight = rule(pattern=r"\b18 g", applies_to=["answer"])

    def stop_after_one(done: int, _of: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dry_run(weight, report, queue, who, bench, stop_after_one)
    first = dry_run(weight, report, queue, who, bench, lambda *done: told.append(done))
    assert told == [(1, 2)], "what was asked before it was stopped is known"
    with pack.index(HashedEmbeddings()) as index:
        other = Workbench(pack.settings, index, silent_chat)
        assert dry_run(weight, report, queue, who, other, lambda *_: pytest.fail()) == first
        model = HashedEmbeddings()
        other.pack_vectors(["a", "b", "a"])
        other.close()
    with pack.index(model) as index:
        again = Workbench(pack.settings, index, silent_chat)
        assert set(again.pack_vectors(["a", "b"])) == {"a", "b"}
        assert model.texts == []
        again.close()


def test_a_rule_of_meaning_embeds_a_text_once(
    queue: ReviewQueue, who: Moderator, pack: Pack
) -> None:
    model = HashedEmbeddings()
    with pack.index(model) as index:
        bench = Workbench(pack.settings, index, silent_chat)
        report = file(queue, ask(bench))
        model.texts.clear()
        run = dry_run(rule(examples=["Where do I buy a trap?"]), report, queue, who, bench)
        bench.close()
    assert "scope/off-topic" in sources(run, "good")
    assert model.texts.count("A film?") == 1


def test_a_rule_is_saved_with_its_author_and_holds_at_once(
    queue: ReviewQueue, bench: Workbench, who: Moderator, pack: Pack
) -> None:
    report = file(queue, ask(bench))
    assert ask(bench).status == "answered"
    kept = rule(words=["weight"], message="Not about weight.")
    done = resolve_with_rule(queue, who, report.reference, 1, kept, pack=pack.folder, note="why")
    assert (done.status, done.outcome, done.outcome_detail) == (
        "resolved",
        "rule_added",
        "no-traps",
    )
    [saved] = tomllib.loads((pack.folder / RULES_NAME).read_text())["rules"]
    assert (saved["author"], saved["reference"]) == ("operator", report.reference)
    _wait_for_rules()
    now = ask(bench)
    assert (now.status, now.reason, now.text) == ("blocked", "rule:no-traps", "Not about weight.")


def _wait_for_rules() -> None:
    import time

    time.sleep(CHECK_SECONDS)


def test_where_the_rule_cannot_be_saved_the_report_stays_open(
    queue: ReviewQueue, bench: Workbench, who: Moderator, pack: Pack
) -> None:
    report = file(queue, ask(bench))
    pack.write("domain.toml", CARD + "\n[[rules]]\nid = 'no-traps'\napplies_to = ['question']\n"
               "action = 'flag'\nwords = ['x']\n")  # fmt: skip
    with pytest.raises(UsageError, match="There is a rule 'no-traps' already"):
        resolve_with_rule(queue, who, report.reference, 1, rule(words=["weight"]), pack=pack.folder)
    with pytest.raises(ReportConflict):
        resolve_with_rule(
            queue, who, report.reference, 9, rule(id="b", words=["weight"]), pack=pack.folder
        )
    assert queue.show(who, report.reference).status == "new"
    assert not (pack.folder / RULES_NAME).exists()


def test_a_rule_is_taken_back_and_the_report_open_again(
    queue: ReviewQueue, bench: Workbench, who: Moderator, pack: Pack
) -> None:
    report = file(queue, ask(bench))
    kept = rule(pattern=r"\bweights?\b", message='Not about "weight".')
    done = resolve_with_rule(queue, who, report.reference, 1, kept, pack=pack.folder)
    with pytest.raises(ReportConflict):
        undo(queue, who, report.reference, 1, pack=pack.folder)
    assert (pack.folder / RULES_NAME).exists()
    back = undo(queue, who, report.reference, done.version, pack=pack.folder, note="too broad")
    assert (back.status, back.outcome, back.outcome_detail) == ("triaged", None, "")
    assert what_was_done(back.events[-1]) == (
        "moved it from resolved to triaged: rule no-traps taken out of the pack"
    )
    assert back.events[-1].text == "too broad"
    assert not (pack.folder / RULES_NAME).exists()
    assert queue.verify(who) == []
    with pytest.raises(InvalidTransition):
        undo(queue, who, report.reference, back.version, pack=pack.folder)
    again = resolve_with_rule(queue, who, report.reference, back.version, kept, pack=pack.folder)
    (pack.folder / RULES_NAME).unlink()
    back = undo(queue, who, report.reference, again.version, pack=pack.folder)
    assert "no longer in the pack" in back.events[-1].detail


def test_a_rule_that_was_changed_since_keeps_the_report_closed(
    queue: ReviewQueue, bench: Workbench, who: Moderator, pack: Pack
) -> None:
    report = file(queue, ask(bench))
    done = resolve_with_rule(
        queue, who, report.reference, 1, rule(words=["weight"]), pack=pack.folder
    )
    path = pack.folder / RULES_NAME
    path.write_text(path.read_text(encoding="utf-8").replace('"No."', '"Never."'), "utf-8")
    with pytest.raises(UsageError, match="was changed after it was added"):
        undo(queue, who, report.reference, done.version, pack=pack.folder)
    assert queue.show(who, report.reference).status == "resolved"
    assert "Never." in path.read_text(encoding="utf-8")
    reopened = queue.move(who, report.reference, done.version, "triaged")
    assert reopened.status == "triaged", "the rule can also stay"


def test_a_case_is_taken_back(
    queue: ReviewQueue, bench: Workbench, who: Moderator, pack: Pack
) -> None:
    report = file(queue, ask(bench))
    case = make_regression(id="c", question=ASKED, must=("18 g",))
    done = resolve_with_regression(queue, who, report.reference, 1, case, pack=pack.folder)
    assert undo(queue, who, report.reference, done.version, pack=pack.folder).outcome is None
    assert read_regressions(pack.folder / FILE) == []


def test_what_added_nothing_is_reopened_and_not_undone(
    queue: ReviewQueue, bench: Workbench, who: Moderator, pack: Pack
) -> None:
    report = file(queue, ask(bench))
    done = queue.resolve(who, report.reference, 1, "rule_added", detail="written-by-hand")
    with pytest.raises(InvalidTransition, match="Nothing was added") as caught:
        undo(queue, who, report.reference, done.version, pack=pack.folder)
    assert "Reopen" in caught.value.hint


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "exactly one of words, pattern and examples"),
        ({"words": ["a"], "pattern": "b"}, "exactly one"),
        ({"pattern": "("}, "not a regular expression"),
        ({"words": ["a"], "message": ""}, "needs a message"),
        ({"words": ["a"], "id": "No Slug"}, "id"),
    ],
)
def test_what_is_no_rule_is_said_in_a_sentence(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        rule(**fields)


# --- regression cases -------------------------------------------------------------------------


def test_a_case_is_suggested_and_appended(
    queue: ReviewQueue, bench: Workbench, who: Moderator, pack: Pack
) -> None:
    report = file(queue, ask(bench))
    suggested = suggested_regression(report)
    assert suggested is not None
    assert (suggested.question, suggested.id) == (ASKED, own_id(report.reference))
    assert "18" in suggested.must_not
    assert run_case(bench.bot, suggested) != (), "the answer is as it was reported"
    case = make_regression(**{**suggested.model_dump(), "must_not": (), "must": ("18 g",)})
    assert run_case(bench.bot, case) == ()
    done = resolve_with_regression(queue, who, report.reference, 1, case, pack=pack.folder)
    assert (done.outcome, done.outcome_detail) == ("regression_added", case.id)
    [saved] = read_regressions(pack.folder / FILE)
    assert (saved.source, saved.author, saved.must) == (report.reference, "operator", ("18 g",))
    other = file(queue, ask(bench, "What is the weight of a wren?"))
    with pytest.raises(UsageError, match="already"):
        resolve_with_regression(queue, who, other.reference, 1, case, pack=pack.folder)
    assert queue.show(who, other.reference).status == "new"


def test_what_was_refused_should_be_answered(queue: ReviewQueue, who: Moderator) -> None:
    refused = Answer(question="What do finches eat?", status="refused", text="Not about birds.")
    suggested = suggested_regression(file(queue, refused, "wrongly_refused"))
    assert suggested is not None
    assert (suggested.status, suggested.must_not) == ("answered", ())
    report = file(queue, Answer(question="q", status="answered", text="Wrens sing [1]. Loud."))
    assert suggested_regression(report).must_not == ("Wrens sing.",)  # type: ignore[union-attr]
    queue.purge_report(Moderators.operator(), report.reference)
    assert suggested_regression(queue.show(who, report.reference)) is None


def test_a_case_that_asks_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="asks nothing of its answer"):
        make_regression(id="a", question="q")


# --- running again ----------------------------------------------------------------------------


def test_the_same_answer_is_no_difference(bench: Workbench) -> None:
    case = freeze(ask(bench))
    difference = run_again(bench.bot, case)
    assert difference.same
    assert "same text" in difference.to_text()


def test_what_differs_is_marked(bench: Workbench, pack: Pack) -> None:
    asked = "Compare the weight of a robin and a wren"
    case = freeze(ask(bench, asked))
    assert case.table is not None
    pack.edit("birds.csv", "flycatchers,18", "flycatchers,19")
    pack.reindex(HashedEmbeddings())
    difference = run_again(bench.bot, case)
    assert difference.cells == ("European robin, Weight: 18 → 19",)
    assert not difference.same
    assert difference.status == ("answered", "answered")


def test_sentences_sources_and_endings_are_compared() -> None:
    first = Answer(question="q", status="answered", text="It is 1.5 km [1]. It is old [1].")
    now = Answer(question="q", status="abstained", reason="no_evidence", text="It is old [2].")
    difference = compare(freeze(first), now)
    assert difference.sentences_gone == ("It is 1.5 km.",)
    assert difference.sentences_new == ()
    assert difference.status == ("answered", "abstained (no_evidence)")
    assert "± answered → left open: the sources do not say" in difference.to_text()


def test_a_follow_up_is_run_after_what_came_before(bench: Workbench) -> None:
    case = Case(question="And its wingspan?", answer="", status="answered", asked_before=(ASKED,))
    assert "21 cm" in run_again(bench.bot, case).now.answer


# --- corrections ------------------------------------------------------------------------------


def test_a_corrected_document_runs_its_case_again(
    queue: ReviewQueue, bench: Workbench, who: Moderator, pack: Pack
) -> None:
    reference = file(queue, ask(bench)).reference
    resolve_with_correction(queue, who, reference, 1, "birds.csv", index=bench.index)
    assert rerun_corrections(queue, who, bench) == []
    pack.reindex(HashedEmbeddings(), rebuild=True)
    assert rerun_corrections(queue, who, bench) == [], "indexed anew, but the same"
    pack.edit("birds.csv", "flycatchers,18", "flycatchers,19")
    pack.reindex(HashedEmbeddings())
    [done] = rerun_corrections(queue, who, bench)
    assert done.reference == reference
    event = queue.show(who, reference).events[-1]
    assert (event.kind, event.detail) == ("rerun", "birds.csv")
    assert "19 g" in event.text and "18 g" in event.text
    assert rerun_corrections(queue, who, bench) == [], "each version once"
    assert "in use" in queue.look_up(reference).told
    assert queue.verify(Moderators.operator()) == []


def test_a_document_that_was_corrected_before_the_report_was_closed(
    queue: ReviewQueue, bench: Workbench, who: Moderator, pack: Pack
) -> None:
    reference = file(queue, ask(bench)).reference
    pack.edit("birds.csv", "flycatchers,18", "flycatchers,19")
    pack.reindex(HashedEmbeddings())
    resolve_with_correction(queue, who, reference, 1, "birds.csv", index=bench.index)
    assert len(rerun_corrections(queue, who, bench)) == 1
    assert rerun_corrections(queue, who, bench) == []


def test_a_document_that_was_taken_out_counts_as_corrected(
    queue: ReviewQueue, bench: Workbench, who: Moderator, pack: Pack
) -> None:
    reference = file(queue, ask(bench)).reference
    resolve_with_correction(queue, who, reference, 1, "guides/watching.txt", index=bench.index)
    (pack.folder / "guides/watching.txt").unlink()
    pack.reindex(HashedEmbeddings())
    assert len(rerun_corrections(queue, who, bench)) == 1
    assert rerun_corrections(queue, who, bench) == []


def test_a_document_that_nobody_knows_is_refused(
    queue: ReviewQueue, bench: Workbench, who: Moderator
) -> None:
    reference = file(queue, ask(bench)).reference
    with pytest.raises(ReviewError, match=r"no document 'fish\.md'") as refused:
        resolve_with_correction(queue, who, reference, 1, "fish.md", index=bench.index)
    assert "birds.csv" in refused.value.hint
    with pytest.raises(ReviewError, match="Say which document"):
        resolve_with_correction(queue, who, reference, 1, " ", index=bench.index)
    assert queue.show(who, reference).status == "new"
