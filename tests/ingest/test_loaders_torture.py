"""Real files that have broken readers before: each loads or is refused with a reason."""

from __future__ import annotations

import time
import warnings
from pathlib import Path

import pytest

from ingest.chunking import chunk_document, load_tokenizer
from ingest.errors import DocumentError
from ingest.loaders import load

TORTURE = Path(__file__).parents[3] / "shared" / "data" / "torture"
SLOWEST_SECONDS = 60.0


@pytest.mark.slow
def test_every_file_loads_or_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    if not TORTURE.is_dir():
        pytest.skip("../shared/data/torture is not here")
    tokenizer = load_tokenizer()
    loaded: dict[str, int] = {}
    total: dict[str, int] = {}
    slowest = (0.0, "")
    for path in sorted(p for p in TORTURE.rglob("*") if p.is_file()):
        total[path.suffix] = total.get(path.suffix, 0) + 1
        started = time.perf_counter()
        try:
            document = load(path)
        except DocumentError as error:
            assert path.name in error.message
            continue
        finally:
            slowest = max(slowest, (time.perf_counter() - started, path.name))
        loaded[path.suffix] = loaded.get(path.suffix, 0) + 1
        assert all(document.text[b.start : b.end] == b.text for b in document.blocks)
        assert chunk_document(document, path.name, tokenizer)
    assert capfd.readouterr() == ("", "")
    with capfd.disabled():
        print(f"\nloaded {loaded} of {total}; slowest {slowest[1]}: {slowest[0]:.2f} s")
    assert slowest[0] < SLOWEST_SECONDS
    # pdftotext finds text in 131 of the 206 PDFs; 1 of these needs AES, the rest are forms.
    assert loaded[".pdf"] >= 0.6 * total[".pdf"]


@pytest.mark.slow
def test_files_cut_short_or_scrambled_load_or_are_refused(tmp_path: Path) -> None:
    if not TORTURE.is_dir():
        pytest.skip("../shared/data/torture is not here")
    path = tmp_path / "broken"
    for source in sorted(TORTURE.rglob("*"))[::4]:
        if not source.is_file():
            continue
        data = source.read_bytes()
        third = len(data) // 3
        for broken in (
            data[: 2 * third],
            data[:third] + data[third : 2 * third][::-1] + data[-third:],
        ):
            path.write_bytes(broken)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                try:
                    load(path)
                except DocumentError as error:
                    assert "broken" in error.message
