"""Questions from the command line: one argument, or a file of JSON lines."""

from __future__ import annotations

import json
from pathlib import Path

from bot.answer import Question
from ingest.errors import UsageError


def read_batch(text: str, batch: Path | None) -> list[Question]:
    """Return the questions to work on.

    `batch` holds one JSON object a line with "question" and, optionally, "id". Raises UsageError
    naming the line that is not of this form, or when there is nothing to ask.
    """
    if batch is None:
        if not text.strip():
            raise UsageError(
                "There is no question.", hint="Give one in quotes, or a file of them with --batch."
            )
        return [Question(text=text)]
    try:
        lines = batch.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{batch} cannot be read: {error}.") from None
    numbered = ((n, line) for n, line in enumerate(lines, start=1) if line.strip())
    return [_read_line(batch, n, line) for n, line in numbered]


def _read_line(batch: Path, number: int, line: str) -> Question:
    try:
        entry = json.loads(line)
        return Question(text=str(entry["question"]), id=str(entry.get("id", number)))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(
            f'{batch}:{number}: not an object with a "question".',
            hint='Each line looks like {"id": "1", "question": "…"}.',
        ) from None
