"""Plain text: paragraphs by blank lines, list items by their bullets."""

from __future__ import annotations

import re

from ingest.documents import LoadedDocument
from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.decoding import decode

MEDIA_TYPE = "text/plain"
_BLANK_LINE = re.compile(r"\n[ \t\f\v]*(?:\n[ \t\f\v]*)*\n|\f")
_BULLET = re.compile(r"[ \t]*(?:[-*•‣◦▪–]|\d{1,3}[.)])[ \t]+(?=\S)")
# Lines of a wrapped paragraph are about equally long; shorter ones were broken on purpose.
_WRAPPED_FROM = 50
_WRAPPED_SHARE = 0.6


def load_text(data: bytes, name: str) -> LoadedDocument:
    """Read plain text; raises UnsupportedDocument if the bytes are no text."""
    text = decode(data, name).replace("\r\n", "\n").replace("\r", "\n")
    builder = DocumentBuilder(MEDIA_TYPE)
    for paragraph in _BLANK_LINE.split(text):
        _add_paragraph(builder, paragraph)
    return builder.build("")


def _add_paragraph(builder: DocumentBuilder, paragraph: str) -> None:
    lead: list[str] = []
    items: list[list[str]] = []
    for line in paragraph.split("\n"):
        bullet = _BULLET.match(line)
        if bullet:
            items.append([line[bullet.end() :]])
        elif items:
            items[-1].append(line)
        else:
            lead.append(line)
    builder.paragraph(join_wrapped(lead))
    for item in items:
        builder.list_item(" ".join(item))


def join_wrapped(lines: list[str]) -> str:
    """Join lines that were wrapped to a width; keep breaks that look meant (verse, addresses)."""
    lengths = [len(line.strip()) for line in lines[:-1]]
    longest = max(lengths, default=0)
    wrapped = longest >= _WRAPPED_FROM and min(lengths) >= _WRAPPED_SHARE * longest
    return (" " if wrapped else "\n").join(lines)
