"""Full-text search of reports: words in any order, the last one perhaps only begun.

Texts are kept folded to words between spaces, so that plain LIKE finds whole words and both
databases do the same. Measured at 100,000 reports in bench/moderation.md. Not covered: scripts
written without spaces, where only the beginning of a run of letters is found.
"""

from __future__ import annotations

import re
import unicodedata

import sqlalchemy as sa

_WORD = re.compile(r"\w+")
MOST_WORDS = 20
MOST_LETTERS = 100  # SQLite refuses a LIKE of 50,000 bytes; a longer word is known by its beginning


def searchable(*texts: str) -> str:
    """Return texts as they are searched: " words without case and accents "."""
    words = _words(" ".join(texts))
    return f" {' '.join(words)} " if words else ""


def has_words(column: sa.ColumnElement[str], text: str) -> list[sa.ColumnElement[bool]]:
    """Return the conditions that a searchable column has each word of `text`.

    Of the last word the beginning is enough, so that a search can be typed. Words beyond the
    twentieth are not looked for.
    """
    *whole, last = _words(text)[:MOST_WORDS] or [""]
    wanted = [f" {word} " for word in whole] + ([f" {last}"] if last else [])
    return [column.contains(each, autoescape=True) for each in wanted]


def _words(text: str) -> list[str]:
    """Return words without case and accents (Unicode's NFKD, less its combining marks)."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    words = _WORD.findall("".join(c for c in apart if not unicodedata.combining(c)))
    return [word[:MOST_LETTERS] for word in words]
