"""Reports of measurements keep what people wrote into them."""

from __future__ import annotations

from pathlib import Path

from bench.notes import write_report


def test_notes_stay_when_a_report_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "speed.md"
    write_report(path, "# Speed\n\n12 ms\n")
    assert path.read_text() == "# Speed\n\n12 ms\n"
    path.write_text("# Speed\n\n12 ms\n\n## Notes\n\nOn a loaded machine.\n")
    for _ in range(2):
        write_report(path, "# Speed\n\n9 ms\n")
    assert path.read_text() == "# Speed\n\n9 ms\n\n## Notes\n\nOn a loaded machine.\n"
