"""Questions in two parts: "What is early decision, and what is the admission rate at Rice?"

Not covered: parts that lean on each other ("... and what is it at Rice?" of a thing that only the
guides know), and more than two parts.
"""

from __future__ import annotations

import re

MIN_WORDS = 3
_ASKS = (
    r"(?:what|how|which|who|when|where|why|is|are|does|do|can|could|should|will|tell|compare"
    r"|explain|show|list)(?:'s|’s)?\b"
)
_BETWEEN = re.compile(rf"(?:[?;.!]\s*(?:and|also|then)?|,?\s+and(?:\s+also)?)\s+(?={_ASKS})", re.I)


def split_parts(text: str) -> list[str]:
    """Return the parts of a question that each ask something; the whole where it has only one."""
    parts = [part.strip() for part in _BETWEEN.split(text)]
    if any(len(part.split()) < MIN_WORDS for part in parts):
        return [text]
    return parts
