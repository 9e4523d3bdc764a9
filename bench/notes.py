"""What people wrote into a report of measurements stays there when it is written anew."""

from __future__ import annotations

from pathlib import Path

HEADING = "## Notes"


def write_report(path: Path, report: str) -> None:
    """Write a report, and below it the notes that the one before had: all from `HEADING` on."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    _, heading, notes = before.partition(f"\n{HEADING}\n")
    kept = f"\n{HEADING}\n{notes}" if heading else ""
    path.write_text(report.rstrip("\n") + "\n" + kept, encoding="utf-8")
