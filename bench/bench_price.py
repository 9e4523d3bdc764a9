"""What the protections cost: the milliseconds that guard, scope gate and verifier add to an answer.

Asks the pack's own questions through the whole pipeline, with a model that repeats three sentences
of its prompt, so that every answer in prose passes through the verifier and writing takes no time.
Prints the median and 99th percentile of each part, of all together, and of the whole answer.

    .venv/bin/python bench/bench_price.py [--domain PACK] [--questions N]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import bot.writer  # noqa: E402
from bot.answer import Question  # noqa: E402
from bot.chat_models import NamedChatModel  # noqa: E402
from bot.evaluation import read_questions  # noqa: E402
from bot.pipeline import Bot  # noqa: E402
from bot.silent_chat import SilentChat  # noqa: E402
from bot.text import sentences  # noqa: E402
from ingest.domain import load_card  # noqa: E402
from ingest.embeddings import make_embeddings  # noqa: E402
from ingest.index import Index  # noqa: E402
from ingest.paths import domain_paths  # noqa: E402
from ingest.settings import load_settings  # noqa: E402

REPEATED = 3


class RepeatingChat(SilentChat):
    """Answers with sentences that stand in its prompt, and cites the first evidence for each."""

    def _generate(self, messages: list[BaseMessage], *arguments: Any, **kwargs: Any) -> ChatResult:
        shown = str(messages[-1].content)
        said = [shown[a:b] for a, b in sentences(shown) if 60 <= b - a <= 200][:REPEATED]
        text = " ".join(f"{sentence} [1]" for sentence in said)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=text))])


GUARDS = ("guard", "scope", "verify")
spent_verifying: list[float] = []


def timed_verify(*arguments: Any) -> Any:
    """Verify, and remember the milliseconds."""
    started = time.perf_counter()
    try:
        return VERIFY(*arguments)
    finally:
        spent_verifying.append(1000 * (time.perf_counter() - started))


VERIFY = bot.writer.verify


def main() -> None:
    """Ask, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--domain", type=Path, default=ROOT / "corpus" / "colleges")
    parser.add_argument("--questions", type=int, default=70)
    given = parser.parse_args()
    settings = load_settings(domain=given.domain)
    card = load_card(given.domain)
    index = Index(card, domain_paths(settings, card), make_embeddings(settings))
    asked = read_questions(given.domain / "questions" / "retrieval" / "guides.jsonl")
    bot.writer.verify = timed_verify  # type: ignore[assignment]  # the bot's own, with a clock
    found: dict[str, list[float]] = defaultdict(list)
    try:
        chat = NamedChatModel(RepeatingChat(), "repeating", "", 8_192, composes=True)
        measured = Bot(index, chat, settings)
        measured.warm_up()
        measured.answer(Question(text=asked[0]))
        for text in asked[: given.questions]:
            spent_verifying.clear()
            told = measured.answer(Question(text=text)).timings_ms
            timings = {**told, "verify": sum(spent_verifying)}
            for part in (*GUARDS, "embed", "plan", "retrieve", "support", "total"):
                found[part].append(timings.get(part, 0.0))
            found["all guards"].append(sum(timings.get(part, 0.0) for part in GUARDS))
    finally:
        index.close()
    print(f"{'':12} {'p50 ms':>8} {'p99 ms':>8}   over {len(found['total'])} questions")
    for part, times in found.items():
        print(f"{part:12} {np.median(times):8.2f} {np.percentile(times, 99):8.2f}")


if __name__ == "__main__":
    main()
