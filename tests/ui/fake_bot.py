"""FakeBot: the pipeline's events without an index or a model, under the test's control."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.answer import (
    Answer,
    AnswerTable,
    Citation,
    Column,
    Event,
    Evidence,
    EvidenceFound,
    Finished,
    Question,
    Sentence,
)
from ingest.index import DocumentInfo

DIGEST = "sha256:" + "ab" * 32
RULES_VERSION = "0a1b2c3d4e5f"
EVIDENCE = Evidence(
    n=1, kind="passage", document="a.md", title="Guide", quote="Wrens sing.", key="c1", end=11
)
TABLE = AnswerTable(
    columns=(Column(label="Bird"), Column(label="Weight", unit="g", type="number")),
    rows=(("Wren", 9), ("Robin", None)),
    display=(("Wren", "9 g"), ("Robin", "not reported")),
    citations=(1, 1),
)


def answered(question: str, text: str = "Wrens sing [1].", **more: object) -> Answer:
    fields = {
        "question": question,
        "status": "answered",
        "text": text,
        "citations": (Citation(n=1, document="a.md", quote="Wrens sing.", title="Guide", end=11),),
        "evidence": (EVIDENCE,),
        "model": "fake-model",
        "digest": DIGEST,
        "rules_version": RULES_VERSION,
        "index_generation": 7,
    }
    return Answer.model_validate({**fields, **more})


@dataclass
class FakeBot:
    """Answers what `answers` says, or with one sentence; waits before each while `hold` is set.

    `asked` are the questions as they came, `ended` counts the generators that were ended.
    """

    answers: dict[str, Answer | Exception] = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)
    next_questions: tuple[str, ...] = ()
    ended: int = 0

    def __post_init__(self) -> None:
        self.go_on.set()

    def hold(self) -> None:
        self.go_on.clear()

    def stream(self, question: Question) -> Iterator[Event]:
        self.asked.append(question)
        try:
            answer = self.answer_to(question)
            if isinstance(answer, Exception):
                raise answer
            yield EvidenceFound(evidence=answer.evidence)
            assert self.go_on.wait(20)
            for sentence in answer.text.split("\n"):
                yield Sentence(text=sentence)
            yield Finished(answer=answer)
        finally:
            self.ended += 1

    def answer_to(self, question: Question) -> Answer | Exception:
        return self.answers.get(question.text) or answered(question.text)

    def documents(self) -> list[DocumentInfo]:
        return [
            DocumentInfo(
                "a.md", "Guide", "document", "text/markdown", None, "", "indexed", "", False, ()
            ),
            DocumentInfo(
                "b.pdf", "*Notes*", "document", "application/pdf", 2, "", "indexed", "", False, ()
            ),
            DocumentInfo(
                "c.md", "Broken", "document", "text/markdown", None, "", "failed", "", False, ()
            ),
        ]

    def follow_ups(self, answer: Answer) -> tuple[str, ...]:
        return self.next_questions
