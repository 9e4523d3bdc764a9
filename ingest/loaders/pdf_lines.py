"""What both readers of PDFs give: lines of text with their places on the page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A line of text, or one cell's line: place of its start in points, y upwards from below.

    `end` is the x where it ends, 0 where the reader does not tell.
    """

    text: str
    page: int
    x: float
    y: float
    size: float
    bold: bool = False
    end: float = 0.0

    @property
    def right(self) -> float:
        """Where it ends, told or guessed: letters are about half as wide as high."""
        return self.end or self.x + 0.5 * self.size * len(self.text)

    @property
    def centre(self) -> float:
        """The x of its middle."""
        return (self.x + self.right) / 2


class EncryptedFile(Exception):
    """A PDF that none of the given passwords opens."""
