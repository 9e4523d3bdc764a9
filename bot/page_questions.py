"""Questions whose truth is a page: a document of a pack, and the pages of it that answer."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.json_lines import numbered_lines
from ingest.documents import LoadedDocument
from ingest.errors import UsageError


class PageQuestion(BaseModel):
    """A question, and the pages (from 1) any one of which answers it by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    question: str = Field(min_length=1)
    document: str
    pages: tuple[Annotated[int, Field(ge=1)], ...] = Field(min_length=1)

    def rank(self, found: Sequence[Shown]) -> int | None:
        """Return where the first that shows the right page stands, from 1; None if none does."""
        right = frozenset(self.pages)
        return next(
            (
                rank
                for rank, shown in enumerate(found, start=1)
                if shown.document == self.document and right & shown.pages
            ),
            None,
        )


@dataclass(frozen=True)
class Shown:
    """What a passage shows of a document: its pages."""

    document: str
    pages: frozenset[int]


@dataclass(frozen=True)
class PagedDocument:
    """Which page each character of a document is on."""

    name: str
    starts: tuple[int, ...]
    pages: tuple[int, ...]

    @classmethod
    def of(cls, name: str, document: LoadedDocument) -> PagedDocument:
        """Return where the pages of a document begin."""
        blocks = [block for block in document.blocks if block.page is not None]
        starts = tuple(block.start for block in blocks)
        return cls(name, starts, tuple(block.page or 0 for block in blocks))

    def shown(self, start: int, end: int) -> Shown:
        """Return what a passage shows, given by its offsets (characters, end exclusive)."""
        first = max(bisect_right(self.starts, start) - 1, 0)
        last = max(bisect_right(self.starts, end - 1), first + 1)
        return Shown(self.name, frozenset(self.pages[first:last]))


def read_page_questions(path: Path) -> list[PageQuestion]:
    """Read one question a line (JSON).

    Raises UsageError if the file cannot be read or a line is not a question.
    """
    questions = []
    for number, line in numbered_lines(path):
        try:
            questions.append(PageQuestion.model_validate_json(line))
        except ValidationError as error:
            problem = error.errors()[0]
            place = ".".join(map(str, problem["loc"])) or "line"
            raise UsageError(f"{path}:{number}: {place}: {problem['msg']}.") from None
    return questions
