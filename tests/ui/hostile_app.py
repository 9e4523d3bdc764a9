"""The app with a FakeBot whose every text is an attack; run by the browser tests."""

from functools import partial

from bot.answer import Answer, AnswerTable, Citation, Column, Question
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

    def document_context(self, citation: Citation, chars: int = 600) -> tuple[str, str, str]:
        return ALL, citation.quote, ALL


settings = load_settings()
card = load_card(settings.domain)
info = card.domain.model_copy(
    update={"name": HOSTILE[0], "greeting": ALL, "capabilities": HOSTILE, "suggestions": HOSTILE}
)
paths = domain_paths(settings, card)
reports = paths.reports
services = Services(
    card.model_copy(update={"domain": info}),
    ReviewQueue(reports),
    Moderators(reports),
    HostileBot,
    partial(Workbench, settings, Index(card, paths, make_embeddings(settings)), silent_chat),
)
run(lambda: services)
