"""Write the file tree of README.md: one line a module, from the first line of its docstring.

Run as `python tools/readme_tree.py`; a test fails when the tree is not current.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {
    "ingest": "documents in, index out",
    "bot": "question in, grounded answer out",
    "ui": "the app and the command line",
    "bench": "what measures",
    "tools": "what makes and keeps the project",
}
BLOCK = re.compile(r"(<!-- tree:[^>]*-->\n```\n).*?(```\n<!-- end of tree -->)", re.DOTALL)


def tree(root: Path = ROOT) -> str:
    """Return the lines of the tree; modules without a docstring are left out."""
    lines: list[str] = []
    for folder, purpose in FOLDERS.items():
        modules = {
            path.relative_to(root).as_posix(): summary
            for path in sorted((root / folder).rglob("*.py"))
            if (summary := _summary(path))
        }
        if modules:
            lines += [f"{folder + '/':<30}{purpose}"]
            lines += [f"  {name.partition('/')[2]:<28}{text}" for name, text in modules.items()]
    return "\n".join(lines) + "\n"


def _summary(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0].rstrip(".")


def updated(readme: str, root: Path = ROOT) -> str:
    """Return the README's text with a current tree."""
    return BLOCK.sub(lambda found: found[1] + tree(root) + found[2], readme)


def main() -> int:
    """Rewrite README.md."""
    path = ROOT / "README.md"
    path.write_text(updated(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
