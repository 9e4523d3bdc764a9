"""What a text holds besides words: links, addresses, HTML, Markdown, hidden characters.

A model's sentence is plain prose with `[n]` markers. Whatever else it holds could lead a reader
away, load a picture from elsewhere or be run by a page, and evidence needs none of it. Not
covered: a link that is spelled out in words ("example dot com").
"""

from __future__ import annotations

import re
import unicodedata

_MARKUP = re.compile(
    r"!\[|\[(?!\d{1,3}\])|\](?=\s*\()|<[a-z!/?]|&#?\w{2,8};|`|\\[(\[]"
    r"|\b[a-z][a-z0-9+.-]{1,20}:/|\bwww\.|\b(?:javascript|vbscript|data|mailto|file|tel):(?=\S)",
    re.I,
)
_ADDRESS = re.compile(r"(?:[\w.+-]+@)?(?<![\w.-])(?:[a-z0-9][a-z0-9-]*\.)+[a-z]{2,24}\b", re.I)
_DECORATION = re.compile(
    r"\*{1,3}|^\s*(?:#{1,6}|[-*•]|\d{1,2}[.)])\s+|(?<!\w)_{1,2}(?=\w)|_{1,2}(?!\w)"
)


def has_markup(text: str) -> bool:
    """Tell whether a text holds a link, HTML, Markdown of consequence, or characters not seen."""
    return bool(_MARKUP.search(text)) or any(
        unicodedata.category(c)[0] == "C" for c in text if c not in "\n\t"
    )


def addresses(text: str) -> set[str]:
    """Return the web and mail addresses of a text, in lower case: "example.org"."""
    return {match[0].lower() for match in _ADDRESS.finditer(text)}


def undecorated(text: str) -> str:
    """Return a model's sentence on one line without emphasis, heading and list signs."""
    return " ".join(_DECORATION.sub("", text).split())
