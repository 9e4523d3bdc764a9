"""Files read in worker processes: what a worker that dies, hangs or grows costs the others."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from ingest import reading
from ingest.chunking import load_tokenizer
from ingest.errors import ModelUnsupported
from ingest.loaders.limits import USUAL_LIMITS, Limits
from ingest.reading import Readers, Worker, reading_limits
from ingest.reading_messages import Answer, Job
from ingest.settings import Settings
from ingest.token_window import TokenWindow

WINDOW = TokenWindow()


@pytest.fixture(autouse=True)
def _no_zombies(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No worker that a test starts is left as a zombie; other processes are not its business."""
    started = []
    greet = Worker._greet

    def greeted(worker: Worker, window: TokenWindow) -> None:
        started.append(worker.pid)
        greet(worker, window)

    monkeypatch.setattr(Worker, "_greet", greeted)
    yield
    assert not [pid for pid in started if _state(pid) == "Z"]


def _state(pid: int) -> str:
    """Return the state letter of a process; nothing if there is none of that number."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def job(folder: Path, name: str, content: str | bytes) -> Job:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Job(path=str(path), name=name, size=path.stat().st_size)


def answers(*jobs: Job, limits: Limits = USUAL_LIMITS, workers: int = 1) -> dict[str, Answer]:
    with Readers(limits, WINDOW, workers) as readers:
        return {job.name: answer for job, answer in readers.read(jobs)}


def gone(pid: int) -> bool:
    """Whether a process ends in due time."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if _state(pid) in ("", "Z"):
            return True
        time.sleep(0.02)
    return False


def test_files_come_in_their_order_whole(tmp_path: Path) -> None:
    jobs = [job(tmp_path, f"{n:02}.md", f"# Title {n}\n\nSentence {n}.") for n in range(40)]
    found = answers(*jobs, workers=2)
    assert list(found) == [j.name for j in jobs]
    answer = found["07.md"]
    assert answer.document is not None and answer.document["title"] == "Title 7"
    assert [chunk.text for chunk in answer.chunks] == ["Sentence 7."]
    assert answer.chunks[0].heading_path == ("Title 7",)
    assert answer.size == jobs[7].size and answer.read_at_ns > answer.mtime_ns > 0


def test_a_file_with_the_known_hash_is_not_read(tmp_path: Path) -> None:
    first = job(tmp_path, "a.txt", "Words")
    sha256 = answers(first)["a.txt"].sha256
    again = answers(Job(**{**vars(first), "known_sha256": sha256}))["a.txt"]
    assert (again.sha256, again.document, again.failure) == (sha256, None, "")


def test_text_that_is_hard_to_send_comes_through(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    path = tmp_path / name
    path.write_text("naïve 日本 \U0001f331\n" * 3000)
    (answer,) = answers(Job(path=str(path), name="café.txt")).values()
    assert answer.document is not None
    assert answer.document["text"].count("naïve 日本 \U0001f331") == 3000
    (failed,) = answers(Job(path=f"{path}x", name=name)).values()
    assert "No such file" in failed.failure


def test_a_file_that_takes_too_long_costs_itself_only(tmp_path: Path) -> None:
    a, b = (job(tmp_path, f"{name}.txt", name) for name in "ab")
    assert answers(a)["a.txt"].document
    reading._idle.keep(Worker(WINDOW))  # so that nobody waits for a worker to start
    slow = job(tmp_path, "slow.txt", "word " * 4_000_000)
    found = answers(a, slow, b, limits=Limits(seconds=1.5))
    assert found["slow.txt"].failure.startswith("slow.txt takes more than 1.5 seconds to read.")
    assert found["slow.txt"].over_limit
    assert found["a.txt"].document and found["b.txt"].document


def test_a_bomb_is_stopped_by_its_memory(tmp_path: Path) -> None:
    bomb = job(tmp_path, "bomb.txt", "x " * 30_000_000)
    limits = Limits(memory_megabytes=96, seconds=30)
    found = answers(bomb, job(tmp_path, "b.txt", "B"), limits=limits)
    assert "takes more than 96 MB of memory" in found["bomb.txt"].failure
    assert found["b.txt"].document


def pdf_with_stream(content: bytes) -> bytes:
    """A PDF of one page whose content is a packed stream."""
    packed = zlib.compress(content, 9)
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed),
    )
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n")
    for number, body in enumerate(objects, 1):
        out.write(b"%d 0 obj %s endobj\n" % (number, body))
    out.write(b"trailer <</Root 1 0 R/Size 5>>\nstartxref\n0\n%%EOF\n")
    return out.getvalue()


def test_a_pdf_that_unpacks_a_thousandfold_is_bounded(tmp_path: Path) -> None:
    bomb = job(tmp_path, "bomb.pdf", pdf_with_stream(b"q Q " * 50_000_000))
    assert bomb.size < 1_000_000
    found = answers(bomb, job(tmp_path, "b.txt", "B"), limits=Limits(memory_megabytes=256))
    assert found["bomb.pdf"].failure and found["b.txt"].document


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV])
def test_a_worker_that_is_killed_is_replaced_and_its_file_read(
    tmp_path: Path, how: signal.Signals
) -> None:
    jobs = [job(tmp_path, f"{n}.txt", "Some words in a row. " * 5_000) for n in range(3)]
    with Readers(USUAL_LIMITS, WINDOW, 1) as readers:
        results = readers.read([job(tmp_path, "first.txt", "A"), *jobs])
        next(results)
        while not readers._busy:
            time.sleep(0.001)
        for worker in list(readers._busy):
            os.kill(worker.pid, how)
        rest = list(results)
    assert all(answer.document for _, answer in rest) and len(rest) == 3


def test_a_file_that_crashes_its_reader_twice_is_given_up(tmp_path: Path) -> None:
    long = job(tmp_path, "long.txt", "Some words in a row. " * 400_000)
    with Readers(USUAL_LIMITS, WINDOW, 1) as readers:
        stop = threading.Event()

        def kill_all() -> None:
            while not stop.wait(0.05):
                for worker in list(readers._busy):
                    worker.kill()

        killer = threading.Thread(target=kill_all)
        killer.start()
        ((_, answer),) = readers.read([long])
        stop.set()
        killer.join()
    assert answer.failure.startswith("long.txt made its reader crash twice")


def test_an_idle_worker_that_died_is_not_used(tmp_path: Path) -> None:
    reading._idle.end_idle()
    assert answers(job(tmp_path, "a.txt", "A"))["a.txt"].document
    (idle,) = reading._idle._workers
    idle.kill()
    assert gone(idle.pid)
    assert answers(job(tmp_path, "a.txt", "A"))["a.txt"].document


def test_leaving_early_ends_what_is_being_read(tmp_path: Path) -> None:
    slow = [job(tmp_path, f"{n}.txt", "word " * 4_000_000) for n in range(2)]
    busy: list[Worker] = []
    main = threading.main_thread().ident or 0

    def leave() -> None:
        busy.extend(readers._busy)
        signal.pthread_kill(main, signal.SIGINT)

    with pytest.raises(KeyboardInterrupt), Readers(USUAL_LIMITS, WINDOW, 2) as readers:
        results = readers.read([job(tmp_path, "a.txt", "A"), *slow])
        next(results)
        threading.Timer(0.3, leave).start()
        list(results)
    assert busy and all(worker.end() == -signal.SIGKILL for worker in busy)


PARENT = """
import sys
from ingest.loaders.limits import Limits
from ingest.reading import Readers
from ingest.reading_messages import Job
from ingest.token_window import TokenWindow
with Readers(Limits(seconds=600), TokenWindow(), 1) as readers:
    for path in sys.argv[1:]:
        results = readers.read([Job(path, path)])
        import threading
        def tell():
            while not readers._busy: pass
            print(next(iter(readers._busy)).pid, flush=True)
        threading.Thread(target=tell).start()
        next(results)
"""


def test_no_worker_outlives_a_parent_that_is_killed(tmp_path: Path) -> None:
    slow = job(tmp_path, "slow.txt", "word " * 8_000_000)
    command = [sys.executable, "-c", PARENT, slow.path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        time.sleep(0.3)
        parent.kill()
    assert gone(worker)


def test_another_tokenizer_reaches_the_worker(tmp_path: Path) -> None:
    tokenizer = Tokenizer.from_str(load_tokenizer().to_str())
    window = TokenWindow("another", 64, "", load=lambda: tokenizer)
    long = job(tmp_path, "a.txt", "One sentence of words. " * 100)
    with Readers(USUAL_LIMITS, window, 1) as readers:
        ((_, answer),) = readers.read([long])
    assert len(answer.chunks) > len(answers(long)["a.txt"].chunks)
    assert not window.too_long([chunk.index_text for chunk in answer.chunks])


def test_what_is_wrong_with_every_file_is_raised(tmp_path: Path) -> None:
    window = TokenWindow("narrow", 10, load=load_tokenizer)
    with Readers(USUAL_LIMITS, window, 1) as readers, pytest.raises(ModelUnsupported, match="10"):
        list(readers.read([job(tmp_path, "a.txt", "A")]))


def test_a_fault_of_ours_costs_one_file_and_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Job(**{**vars(job(tmp_path, "a.csv", "a,b\n1,2")), "table": "no JSON"})
    found = answers(broken, job(tmp_path, "b.txt", "B"))
    assert "by a fault of ours (" in found["a.csv"].failure and found["b.txt"].document
    assert "Traceback" in caplog.text and "a.csv" in caplog.text


def test_a_worker_imports_nothing_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "selectors.py").write_text("raise SystemExit('taken over')")
    (tmp_path / "csv.py").write_text("raise SystemExit('taken over')")
    monkeypatch.chdir(tmp_path)
    reading._idle.end_idle()
    assert answers(job(tmp_path, "t.csv", "a,b\n1,2"))["t.csv"].document


def test_limits_come_from_the_settings() -> None:
    settings = Settings(document_seconds=3, document_passwords=("a", "b"), archive_depth=1)
    assert reading_limits(settings) == Limits(seconds=3, passwords=("a", "b"), archive_depth=1)
    assert reading_limits(Settings()) == USUAL_LIMITS
    assert "'a'" not in repr(settings)
