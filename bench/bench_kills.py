"""Kill reindexes at random moments while one process asks and one searches all the time.

    .venv/bin/python bench/bench_kills.py --times 200

Each is a reindex of a new edition of a small pack, in a process of its own, which is killed
(SIGKILL); every third is a rebuild. After each the index must hold one edition in SQL, in Chroma,
in the file of vectors and in the full-text index, and in the end one undisturbed run must bring the
newest and leave nothing else behind. Anything else raises. What came of it is a section of
bench/ingest.md. `pytest -m slow` does the same (tests/ingest/test_concurrency.py).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from bench_ingest import put


def measure_kills(times: int) -> str:
    """Kill so many reindexes; returns in which phases they died and what the readers saw."""
    from tests.kills import fork_server, kill_at_random_moments, readers
    from tests.packs import HashedEmbeddings, Pack, end_vector_servers
    from tests.workers import write_edition

    hashed, processes = HashedEmbeddings(), fork_server()
    with tempfile.TemporaryDirectory() as folder:
        pack = Pack.make(Path(folder))
        write_edition(pack, 1)
        pack.reindex(hashed)
        started = time.monotonic()
        try:
            with readers(processes, pack, pack.root) as told:
                died = kill_at_random_moments(pack, hashed, processes, times)
        finally:
            end_vector_servers(pack.root)
        minutes = (time.monotonic() - started) / 60
    lines = [
        f"{times} reindexes were killed within {minutes:.1f} minutes. Each time the index was the "
        "old one or the new one, whole, and the last run finished the job. Beside them "
        f"{'; '.join(told)}; none met an error or a mixture of two editions.",
        "",
        "| phase in which it was killed | times |",
        "| --- | ---: |",
        *(f"| {phase} | {count} |" for phase, count in died.most_common()),
    ]
    return "\n".join(lines)


def main() -> None:
    """Kill, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    put("kills", measure_kills(parser.parse_args().times))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    main()
