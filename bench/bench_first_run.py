"""What a newcomer waits for: `make chat` on a fresh clone until the first answer is on the page.

Clones this repository into a new folder (with a space in its name), gives pip an empty cache,
runs `make chat`, opens the page in chromium and asks. Then the same again, to see what the second
call costs. Prints seconds for each step. Needs chromium and this project's own .venv (make test).

    .venv/bin/python bench/bench_first_run.py
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "Compare in-state tuition at UCLA and UT Austin"
EXPECTED = ("$13,747", "$11,678")
MARKS = {"installed": re.compile(r"^Reading"), "indexed": re.compile(r"http://")}


def main() -> None:
    """Measure a first and a second call and print both."""
    with tempfile.TemporaryDirectory(prefix="fresh clone ") as folder:
        clone = Path(folder) / "ground skeeper"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        environment = {**os.environ, "HOME": folder, "XDG_CACHE_HOME": str(Path(folder) / "cache")}
        environment.pop("PYTHONPATH", None)
        for call in ("first", "second"):
            for step, seconds in measure(clone, environment).items():
                print(f"{call} call, {step}: {seconds:.1f} s", flush=True)


def measure(clone: Path, environment: dict[str, str]) -> dict[str, float]:
    """Return the seconds from the command to each step."""
    port = free_port()
    started = time.perf_counter()
    server = subprocess.Popen(
        ["make", "chat", f"ARGS=--headless --port {port}"],
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        steps = {}
        for line in server.stdout or ():
            print(f"  {line.rstrip()}", file=sys.stderr)
            for step, mark in MARKS.items():
                if step not in steps and mark.search(line):
                    steps[step] = time.perf_counter() - started
            if "indexed" in steps:
                break
        wait_for(port)
        steps["page served"] = time.perf_counter() - started
        steps["answer shown"] = ask(port, started)
        return steps
    finally:
        os.killpg(server.pid, signal.SIGINT)
        server.wait(timeout=60)


def ask(port: int, started: float) -> float:
    """Ask on the page; return the seconds from the command to the figures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.goto(f"http://localhost:{port}")
        box = page.get_by_placeholder("Ask a question")
        box.fill(QUESTION, timeout=120_000)
        asked = time.perf_counter()
        box.press("Enter")
        for figure in EXPECTED:
            page.get_by_text(figure).first.wait_for(timeout=120_000)
        done = time.perf_counter()
        print(f"  question to answer: {done - asked:.1f} s", file=sys.stderr)
        browser.close()
        return done - started


def wait_for(port: int) -> None:
    """Wait until the app answers."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The app did not start.")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
