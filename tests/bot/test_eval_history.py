"""The history of evaluations: what is kept, what is skipped, and what counts as a change."""

from __future__ import annotations

from pathlib import Path

from bot.eval_history import (
    RunRecord,
    SuiteRecord,
    add_run,
    compare,
    last_run_of,
    read_history,
    set_hash,
)

BEFORE = SuiteRecord(
    set="a", n=5, measures={"right": 0.4, "gone": 1.0}, missed={"1": "wrong", "2": "abstained"}
)


def run_of(at: str, **suites: SuiteRecord) -> RunRecord:
    return RunRecord(at=at, ran_on={"index": "generation 1"}, suites=suites)


def now(**missed: str) -> SuiteRecord:
    measures = {"right": 0.6, "new": 0.5}
    return SuiteRecord(
        set="a", n=5, measures=measures, missed={k[1:]: v for k, v in missed.items()}
    )


def test_runs_come_back_as_they_were_added(tmp_path: Path) -> None:
    path = tmp_path / "data" / "eval-history.jsonl"
    runs = [run_of("2026-01-01", facts=BEFORE), run_of("2026-01-02")]
    said: list[str] = []

    assert read_history(path, said.append) == []
    for run in runs:
        add_run(path, run)

    assert read_history(path, said.append) == runs
    assert said == []


def test_a_broken_line_is_told_and_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "eval-history.jsonl"
    add_run(path, run_of("2026-01-01"))
    with path.open("ab") as file:
        file.write(b'{"at": "2026\n\xff\xfe\n[]\n\n{"at": 1}\n{"cut off')
    add_run(path, run_of("2026-01-02"))
    said: list[str] = []

    assert [run.at for run in read_history(path, said.append)] == ["2026-01-01", "2026-01-02"]
    assert [line.split(":")[1] for line in said] == ["2", "3", "4", "6", "7"]


def test_a_history_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    said: list[str] = []
    assert read_history(tmp_path, said.append) == []
    assert "cannot be read" in said[0]


def test_each_suite_has_its_own_last_run() -> None:
    history = [run_of("1", facts=BEFORE), run_of("2", scope=BEFORE), run_of("3", facts=BEFORE)]
    assert [
        getattr(last_run_of(history, name), "at", None) for name in ("facts", "scope", "x")
    ] == [
        "3",
        "2",
        None,
    ]


def test_worse_is_what_was_fine_or_only_not_said() -> None:
    change = compare(now(_1="wrong", _2="wrong", _3="abstained"), BEFORE, "then")
    assert (change.worse, change.better) == (("2", "3"), ())


def test_better_is_what_is_fine_or_no_longer_a_mistake() -> None:
    change = compare(now(_1="abstained"), BEFORE, "then")
    assert (change.worse, change.better) == ((), ("1", "2"))
    assert change.since == "then"


def test_only_measures_that_both_runs_have_are_compared() -> None:
    change = compare(now(), BEFORE, "then")
    assert set(change.measures) == {"right"}
    assert round(change.measures["right"], 9) == 0.2


def test_another_set_is_not_compared() -> None:
    change = compare(now(_4="wrong").model_copy(update={"set": "b"}), BEFORE, "then")
    assert not change.same_set
    assert (change.measures, change.worse, change.better) == ({}, (), ())


def test_a_set_is_its_questions_in_any_order() -> None:
    assert set_hash(["a", "b"]) == set_hash(["b", "a"]) != set_hash(["a", "b", "b"])
    assert set_hash(["ab"]) != set_hash(["a", "b"])
