"""Write docs/map.md: every module and what it is for, from the first line of its docstring.

Run as `python tools/write_map.py`; a test fails when the map is not current.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAP = ROOT / "docs" / "map.md"
FOLDERS = {
    "ingest": "documents in, index out",
    "ingest/loaders": "files to documents, one loader for each format",
    "bot": "question in, grounded answer out",
    "bot/review": "the review queue",
    "ui": "the app",
    "ui/views": "its pages",
    "ui/commands": "the command line",
    "bench": "what measures",
    "tools": "what makes and keeps the project",
}
OPENING = """\
# Where everything is

`ui` imports `bot`, `bot` imports `ingest`, nothing imports backwards. `tests/` mirrors the
packages. This page is written by `tools/write_map.py` from the modules' own first lines.
"""


def written_map(root: Path = ROOT) -> str:
    """Return the text of the map; modules without a docstring are left out."""
    sections = (_section(root, folder, purpose) for folder, purpose in FOLDERS.items())
    return OPENING + "".join(sections)


def _section(root: Path, folder: str, purpose: str) -> str:
    rows = [
        f"| [{path.name}](../{folder}/{path.name}) | {summary} |\n"
        for path in sorted((root / folder).glob("*.py"))
        if (summary := _summary(path))
    ]
    return f"\n## {folder}: {purpose}\n| module | what it is for |\n| --- | --- |\n{''.join(rows)}"


def _summary(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0].rstrip(".").replace("|", "\\|")


def main() -> int:
    """Write the map."""
    MAP.write_text(written_map(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
