"""Regression cases: questions that were once answered badly, and what an answer must hold.

A pack keeps them in `questions/regressions.jsonl`; a moderator who resolves a report adds one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from bot.answer import Answer, Answerer, Question, Status, Turn
from bot.json_lines import append_line, numbered_lines
from bot.text import normalise
from ingest.errors import UsageError
from ingest.files import locked_folder, replace_text
from ingest.filters import EVERYTHING, Filter

FILE = Path("questions") / "regressions.jsonl"
_MARKER = re.compile(r"\s*\[\d{1,3}\]")


class RegressionCase(BaseModel):
    """A question and what is asked of its answer.

    `must` are words that have to be shown, `must_not` words that must not be, whole and in any
    case; shown is the text with its table. `status`, if given, is how it has to end. `history`
    are the questions asked before it, oldest first. `source` is the report that it comes from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    id: str = Field(min_length=1)
    question: str = Field(min_length=1)
    history: tuple[str, ...] = ()
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    status: Status | None = None
    source: str = ""
    author: str = ""

    @field_validator("must", "must_not")
    @classmethod
    def _says_something(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if not all(word.strip() for word in words):
            raise ValueError("holds empty words, which every answer has")
        return words

    @model_validator(mode="after")
    def _can_fail(self) -> RegressionCase:
        if not (self.must or self.must_not or self.status):
            raise ValueError("asks nothing of its answer: give must, must_not or status")
        return self

    def objections(self, answer: Answer) -> tuple[str, ...]:
        """Return what is wrong with an answer, in words; nothing if the case is passed."""
        shown = shown_text(answer)
        found = [f"lacks {words!r}" for words in self.must if not _holds(shown, words)]
        found += [f"says {words!r}" for words in self.must_not if _holds(shown, words)]
        if answer.status != (self.status or answer.status):
            found.append(f"is {answer.status}, not {self.status}")
        if answer.status == "failed" and self.status != "failed":
            found.append(f"failed: {answer.text}")
        return tuple(found)


def run_case(bot: Answerer, case: RegressionCase) -> tuple[str, ...]:
    """Ask a case's questions in order; returns what is wrong with the last answer."""
    return case.objections(ask_after(bot, case.question, case.history))


def ask_after(
    bot: Answerer, question: str, history: Iterable[str], within: Filter = EVERYTHING
) -> Answer:
    """Ask the questions of a conversation in order; returns the answer to the last one.

    All are asked of the same part of the corpus.
    """
    turns: tuple[Turn, ...] = ()
    for earlier in history:
        answer = bot.answer(Question(text=earlier, history=turns, within=within))
        turns = (*turns, Turn(question=earlier, answer=answer.text, plan=answer.plan))
    return bot.answer(Question(text=question, history=turns, within=within))


def read_regressions(path: Path) -> list[RegressionCase]:
    """Read the cases of a pack; none if there is no such file.

    Raises UsageError naming the line that is no case, or that has the id of another.
    """
    if not path.exists():
        return []
    cases: dict[str, RegressionCase] = {}
    for number, line in numbered_lines(path):
        try:
            case = RegressionCase.model_validate(json.loads(line))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "it"
            raise UsageError(f"{path}:{number}: {where}: {first['msg']}.") from None
        except ValueError:
            raise UsageError(f"{path}:{number}: is no JSON.") from None
        if case.id in cases:
            raise UsageError(f"{path}:{number}: the id {case.id!r} is taken.")
        cases[case.id] = case
    return list(cases.values())


def add_regression(pack: Path, case: RegressionCase) -> None:
    """Append a case to the file of a pack's folder, whoever else does so at the same time.

    Raises UsageError if the file as it stands is not well, has the id, or cannot be written.
    """
    path = pack / FILE
    try:
        path.parent.mkdir(exist_ok=True)
        with locked_folder(path.parent):
            if case.id in {known.id for known in read_regressions(path)}:
                raise UsageError(f"{path} has a case {case.id!r} already.")
            append_line(path, case.model_dump(mode="json", exclude_defaults=True))
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None


def remove_regression(pack: Path, case: RegressionCase) -> bool:
    """Take a case out of the file of a pack's folder again, as `add_regression` wrote it.

    All other lines stay as they are; a file with no other goes. Returns False where no case has
    its id any more. Raises UsageError if the case was changed since, or if the file is not well or
    cannot be written; then nothing is changed.
    """
    path = pack / FILE
    try:
        with locked_folder(path.parent):
            known = {one.id: one for one in read_regressions(path)}
            if case.id not in known:
                return False
            if known[case.id] != case:
                raise UsageError(
                    f"The case {case.id!r} in {path.name} was changed after it was added.",
                    hint="Take its line out by hand if it should go.",
                )
            lines = path.read_text(encoding="utf-8").split("\n")
            rest = "\n".join(line for line in lines if not _is_case(line, case.id))
            replace_text(path, rest) if rest.strip() else path.unlink()
            return True
    except FileNotFoundError:
        return False
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None


def _is_case(line: str, identity: str) -> bool:
    return bool(line.strip()) and json.loads(line)["id"].strip() == identity


def shown_text(answer: Answer) -> str:
    """Return what a person reads: the text without its markers, and the cells of the table."""
    return "\n".join([_MARKER.sub("", answer.text), *_cells(answer)])


def _cells(answer: Answer) -> Iterable[str]:
    if answer.table is not None:
        yield from (column.label for column in answer.table.columns)
        yield from (cell for row in answer.table.display for cell in row)


def _holds(text: str, words: str) -> bool:
    """Whether words stand in a text, whole: 13 is neither in 130 nor in 13.5 nor in 4,013."""
    wanted = normalise(words).casefold()
    before = r"(?<!\w)(?<!\d[.,])" if re.match(r"\w", wanted) else ""
    after = r"(?!\w|[.,]\d)" if re.search(r"\w\Z", wanted) else ""
    found = re.search(f"{before}{re.escape(wanted)}{after}", normalise(text).casefold())
    return found is not None
