"""Questions in two parts: "What is early decision, and what is the admission rate at Rice?"

Not covered: parts that lean on each other in other ways than "it", and more than two parts.
"""

from __future__ import annotations

import re

MIN_WORDS = 3
_ASKS = (
    r"(?:what|how|which|who|when|where|why|is|are|does|do|can|could|should|will|tell|compare"
    r"|explain|show|list)(?:'s|’s)?\b"
)
_BETWEEN = re.compile(rf"(?:[?;.!]\s*(?:and|also|then)?|,?\s+and(?:\s+also)?)\s+(?={_ASKS})", re.I)


_SUBJECT = re.compile(
    r"^\W*(?:what(?: is|'s|’s| are)|explain|define)\s+(?:an? |the )?([\w\s-]{2,40}?)\W*$", re.I
)
_IT = re.compile(r"\bit\b", re.I)


def split_parts(text: str) -> list[str]:
    """Return the parts of a question that each ask something; the whole where it has only one."""
    parts = [part.strip() for part in _BETWEEN.split(text)]
    if any(len(part.split()) < MIN_WORDS for part in parts):
        return [text]
    subject = _SUBJECT.match(parts[0])
    if subject is None:
        return parts
    # "What is net price, and what is it at Rice?": the second asks for what the first explains.
    return [parts[0], *(_IT.sub(lambda _: subject[1], part, count=1) for part in parts[1:])]
