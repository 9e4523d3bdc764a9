"""Cells of CSV that a spreadsheet shows instead of running.

A spreadsheet takes a cell that opens with = + - @ (or their full-width forms) for a formula; an
apostrophe in front says that it is text (OWASP, CSV Injection). Where the semicolon parts cells, as
in half of Europe, a comma file is cut elsewhere, and quotation marks and line ends make cells, too;
so what follows one of these is treated as if it stood at the beginning.

Not covered: a program that takes the apostrophe off again before it looks for formulas.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

_OPENING = re.compile(r"""(?:^|(?<=[;,|"'\t\r\n]))( *[=+\-@＝＋－＠])""")
_SEPARATORS = ("\t", "\r", "\n")


def harmless(text: str) -> str:
    """Return text that no spreadsheet takes for a formula, wherever it cuts the line."""
    safe = _OPENING.sub(r"'\1", text)
    return f"'{safe}" if safe.lstrip(" ").startswith(_SEPARATORS) else safe


def csv_line(cells: Iterable[object]) -> str:
    """Return one line of CSV (RFC 4180), every cell in quotation marks; None is empty."""
    out = io.StringIO()
    shown = (
        "" if cell is None else harmless(cell) if isinstance(cell, str) else cell for cell in cells
    )
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow(shown)
    return out.getvalue()
