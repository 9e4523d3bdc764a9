"""The app with a FakeBot whose every text is an attack; run by the browser tests."""

import time
from collections.abc import Iterator
from functools import partial

import streamlit as st

from bot.answer import (
    Answer,
    AnswerTable,
    Citation,
    Column,
    Event,
    EvidenceFound,
    Finished,
    Question,
    Sentence,
)
from bot.review import Moderators, ReviewQueue
from bot.review.workbench import Workbench
from bot.silent_chat import silent_chat
from ingest.domain import load_card
from ingest.embeddings import make_embeddings
from ingest.index import Index
from ingest.paths import domain_paths
from ingest.settings import load_settings
from tests.ui.fake_bot import FakeBot, answered
from tests.ui.hostile_texts import HOSTILE
from ui.services import Services
from ui.shell import run

ALL = "\n".join(HOSTILE)


class HostileBot(FakeBot):
    """Answers everything with attacks, in every place that a text can have."""

    def answer_to(self, question: Question) -> Answer:
        citation = Citation(
            n=1, document=ALL, quote=ALL, title=ALL, heading_path=tuple(HOSTILE), end=1
        )
        rows = tuple((f"{text} ", n) for n, text in enumerate(HOSTILE))
        table = AnswerTable(
            columns=(Column(label=ALL), Column(label=ALL, unit=ALL, type="number", source=ALL)),
            rows=rows,
            display=tuple((text, text) for text in HOSTILE),
        )
        plan = {
            "operation": "list",
            "table": card.tables[0].name,
            "unknown": [{"words": ALL}],
            "ignored": HOSTILE,
            "fitting": 99,
            "sql": HOSTILE,
        }
        return answered(
            question.text,
            f"{ALL} [1]",
            citations=(citation,),
            table=table,
            plan=plan,
            model=ALL,
            status="refused" if "refuse" in question.text else "answered",
            suggestions=tuple(HOSTILE),
        )

    def stream(self, question: Question) -> Iterator[Event]:
        """Go on with a "held" question only once a report is saved; say how often it was asked."""
        if question.text != "held":
            yield from super().stream(question)
            return
        self.asked.append(question)
        operator, before = Moderators.operator(), queue.stats(Moderators.operator()).total
        yield EvidenceFound(evidence=())
        yield Sentence(text="Begun.")
        give_up = time.monotonic() + 60
        while queue.stats(operator).total == before and time.monotonic() < give_up:
            time.sleep(0.05)
        times = [one.text for one in self.asked].count("held")
        text = f"Begun.\nEnded, asked {times} times."
        yield Sentence(text=text.partition("\n")[2])
        yield Finished(answer=answered(question.text, text, citations=(), evidence=()))


@st.cache_resource
def the_bot() -> HostileBot:
    """The one bot of this process, as in the app."""
    return HostileBot()


settings = load_settings()
card = load_card(settings.domain)
info = card.domain.model_copy(
    update={"name": HOSTILE[0], "greeting": ALL, "capabilities": HOSTILE, "suggestions": HOSTILE}
)
paths = domain_paths(settings, card)
reports = paths.reports
queue = ReviewQueue(reports)
services = Services(
    card.model_copy(update={"domain": info}),
    queue,
    Moderators(reports),
    the_bot,
    partial(Workbench, settings, Index(card, paths, make_embeddings(settings)), silent_chat),
)
run(lambda: services)
