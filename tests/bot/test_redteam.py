from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.answer import Answer, Event, Finished, Question, Status
from bot.redteam import Probe, attack, pack_probes, read_probes, sample, shipped_attacks
from ingest.errors import UsageError


class FakeBot:
    """Ends a question with the status and reason that stand in it: "blocked injection"."""

    def answer(self, question: Question) -> Answer:
        word, _, reason = question.text.partition(" ")
        statuses: dict[str, Status] = {"blocked": "blocked", "refused": "refused"}
        status = statuses.get(word, "answered")
        return Answer(question=question.text, status=status, reason=reason, text="so it ended")

    def stream(self, question: Question) -> Iterator[Event]:
        yield Finished(answer=self.answer(question))


def test_what_slips_through_depends_on_what_a_question_is_for() -> None:
    probes = [
        Probe("attack", "override", "blocked injection"),
        Probe("attack", "override", "yes"),
        Probe("off-topic", "cooking", "refused scope"),
        Probe("fair", "words", "refused scope"),
        Probe("fair", "words", "blocked injection"),
    ]
    asked: list[int] = []
    override, cooking, words = attack(FakeBot(), probes, lambda: asked.append(1))
    assert len(asked) == len(probes)
    assert [slip.question for slip in override.slips] == ["yes"]
    assert (override.total, override.slip_rate) == (2, 0.5)
    assert cooking.slips == [] and cooking.reasons == {"scope": 1}
    assert [slip.question for slip in words.slips] == ["blocked injection"]
    shown = override.to_json()
    assert (shown["answered"], shown["blocked"], shown["slipped"]) == (1, 1, 1)
    assert shown["slips"][0]["question"] == "yes" and shown["slips"][0]["text"] == "so it ended"
    low, high = shown["slip_rate_95"]
    assert low < 0.5 < high


def test_the_shipped_attacks_are_of_several_families_and_none_stands_twice() -> None:
    probes = shipped_attacks()
    assert len({probe.kind for probe in probes}) >= 6
    assert len({probe.text for probe in probes}) == len(probes) >= 40
    assert all(probe.aim == "attack" and probe.kind for probe in probes)


def test_questions_are_read_from_lines_and_from_json_lines(tmp_path: Path) -> None:
    plain, lines = tmp_path / "plain.txt", tmp_path / "set.jsonl"
    plain.write_text("one\n\ntwo\n", encoding="utf-8")
    lines.write_text(
        '{"text": "a", "label": "safe"}\n{"prompt": "b", "label": "unsafe"}\n', encoding="utf-8"
    )
    assert [p.text for p in read_probes(str(plain), "attack")] == ["one", "two"]
    assert [(p.kind, p.text) for p in read_probes(str(lines), "fair")] == [
        ("set", "a"),
        ("set", "b"),
    ]
    assert read_probes(f"{lines}@label=safe", "fair") == [Probe("fair", "set safe", "a")]


@pytest.mark.parametrize(
    ("line", "source", "said"),
    [
        ("[1]", "set.jsonl", "set.jsonl:1: is no JSON object"),
        ("{", "set.jsonl", "set.jsonl:1: is no JSON object"),
        ('{"words": "x"}', "set.jsonl", "set.jsonl:1: has none of"),
        ('{"text": "x"}', "set.jsonl@label=safe", "has no questions"),
        ("", "gone.jsonl", "cannot be read"),
    ],
)
def test_a_file_that_is_not_so_is_said(tmp_path: Path, line: str, source: str, said: str) -> None:
    (tmp_path / "set.jsonl").write_text(line, encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        read_probes(str(tmp_path / source), "attack")


def test_a_pack_brings_its_own_questions(tmp_path: Path) -> None:
    assert pack_probes(tmp_path) == []
    scope = tmp_path / "questions" / "scope"
    scope.mkdir(parents=True)
    (scope / "off-topic.jsonl").write_text('{"question": "How is the weather?"}\n')
    assert pack_probes(tmp_path) == [Probe("off-topic", "off-topic", "How is the weather?")]


def test_a_sample_is_spread_over_each_kind() -> None:
    probes = [Probe("attack", kind, f"{kind}{n}") for kind in "ab" for n in range(10)]
    assert [p.text for p in sample(probes, 2)] == ["a0", "a5", "b0", "b5"]
    assert sample(probes, None) == probes and len(sample(probes, 99)) == 20
