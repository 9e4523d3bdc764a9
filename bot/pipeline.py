"""The way of a question through the bot, top to bottom.

guard → small talk → plan → scope → retrieve → answer → verify → guard. Each stage may end the
way with a reason; a stage that breaks or hangs ends it with a refusal and a line in the log, never
with an unchecked answer. With no evidence the model is not called at all.

Before it a question waits for its turn, and it is in no stage longer than an answer may take.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import lru_cache, partial
from typing import NoReturn

from langchain_core.runnables import Runnable, RunnableLambda

from bot.answer import (
    Answer,
    Event,
    Evidence,
    EvidenceFound,
    Finished,
    Question,
    Sentence,
    Status,
    Waiting,
)
from bot.answer_times import AnswerTimes
from bot.chat_models import NamedChatModel, make_chat_model
from bot.condense import MAX_TURNS, condense, content_words
from bot.cross_encoder import make_reranker
from bot.draft import Draft, Stop
from bot.embedded_chat import EmbeddedChat
from bot.evidence import evidence_of, may_be_evidence, place_of, shown_of
from bot.extract import term_coverage, windows
from bot.facts import Facts
from bot.follow_ups import Section, follow_ups
from bot.guard import Guards, Objection, Passed
from bot.guard_model import GuardModel, make_guard_model
from bot.limits import Limits, within
from bot.narrowing import look
from bot.open_topics import OpenTopics
from bot.parts import Part, parts_of, split_parts
from bot.passages import covers, gather, guaranteed, spread
from bot.planning import Planning
from bot.read_ahead import read_ahead
from bot.reason_counts import AnswerCounter, ReasonCounts
from bot.retriever import Hit, HybridRetriever
from bot.scope import ScopeGate
from bot.selection import asks_for_more
from bot.smalltalk import SmallTalk
from bot.support import THRESHOLD, Support, judge_support
from bot.text import normalise
from bot.writer import Writer, quote
from ingest.domain import DomainCard, load_card
from ingest.embeddings import make_embeddings
from ingest.errors import (
    GroundskeeperError,
    LimitExceeded,
    ModelIntegrityError,
)
from ingest.filters import EVERYTHING, Filter
from ingest.index import DocumentInfo, Index, Snapshot, Vector
from ingest.paths import domain_paths
from ingest.settings import Settings

log = logging.getLogger(__name__)

CANDIDATES = 20
PASSAGES = 4
PASSAGES_OF_PART = 3
NEAREST_SHOWN = 2
PERHAPS = "This may not be quite what you asked, but it is the nearest that I find."
REHEARSED = 4_096
COURTESY_SECONDS = 0.3


class Bot:
    """Answers questions about one domain; safe to share between threads. Close it when done.

    Each of `counters` is told how a question ended, and closed with the bot.
    """

    def __init__(
        self,
        index: Index,
        chat: NamedChatModel,
        settings: Settings,
        counters: Sequence[AnswerCounter] = (),
        guard_model: GuardModel | None = None,
    ) -> None:
        self.index = index
        self.card: DomainCard = index.card
        self.chat = chat
        self._counters = counters
        self._limits = Limits(settings)
        self._guards = Guards(index, settings, guard_model)
        self._small_talk = SmallTalk(index)
        self._scope = ScopeGate(index)
        self._retriever = HybridRetriever(index, reranker=make_reranker(settings))
        self._writer = Writer(self.card.domain.name, chat)
        self._planning = Planning(self.card)
        self._rehearsed = lru_cache(maxsize=REHEARSED)(self._rehearse)

    @property
    def busy(self) -> bool:
        """Whether a question is being answered at this moment."""
        return self._limits.line.busy or self._limits.writing_line.busy

    def __enter__(self) -> Bot:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what was counted, and close the index."""
        for counter in self._counters:
            counter.close()
        self.index.close()

    def warm_up(self) -> None:
        """Do now what the first question would wait for; raises IndexUnavailable."""
        with self.index.snapshot() as snapshot:
            self._planning.planner(snapshot)
            self._scope.prepare(snapshot)

    def read_ahead(self) -> None:
        """Embed what is quoted from, whenever nobody asks; the first questions are quicker then."""
        read_ahead(self.index, self._give_way)

    def _give_way(self) -> None:
        self._limits.line.wait_until_free(COURTESY_SECONDS)

    def load_model(self) -> None:
        """Load an embedded model now, which the first question would wait for."""
        if isinstance(self.chat.model, EmbeddedChat):
            self.chat.model.load()

    def answer(self, question: Question) -> Answer:
        """Return the whole answer."""
        *_, last = self.stream(question)
        if not isinstance(last, Finished):
            raise AssertionError("the pipeline ended without an answer")
        return last.answer

    def as_runnable(self) -> Runnable[Question | str, Answer]:
        """Return the bot as a LangChain runnable, to stand in other people's chains."""
        return RunnableLambda(
            lambda q: self.answer(Question(text=q) if isinstance(q, str) else q),
            name="groundskeeper",
        )

    def stream(self, question: Question) -> Iterator[Event]:
        """Yield what can be shown as soon as it may be; the last event is Finished."""
        draft = Draft(question, normalise(question.text))
        status: Status = "answered"
        reason, text = "", ""
        try:
            self._admit(draft)
            yield from self._in_turn(draft)
            text = " ".join(draft.sentences)
        except Stop as stop:
            status, reason, text = stop.status, stop.reason, stop.text
        except GroundskeeperError as error:
            status, reason, text = "failed", _reason_of(error), str(error)
            log.warning("A question was not answered (%s): %s", reason, error)
        except Exception:
            # Fails closed: whatever broke, nothing unchecked is shown.
            log.exception("A question could not be answered")
            status, reason, text = "failed", "error", "Something went wrong on our side. Sorry!"
        answer = draft.finish(self.chat, status, reason, text)
        for counter in self._counters:
            counter.add(answer)
        yield Finished(answer=answer)

    # --- before the way -----------------------------------------------------------------------

    def _admit(self, draft: Draft) -> None:
        if not self._limits.admits(draft.question):
            raise Stop("blocked", "limit", "That was quick! Please wait a minute and ask again.")
        if not draft.text:
            raise Stop("blocked", "limit", "Please type a question.")

    def _in_turn(self, draft: Draft) -> Iterator[Event]:
        """Go the way when it is this question's turn, for as long as an answer may take.

        Once there is evidence the next question's turn has come: nobody waits with empty hands
        while a model writes, for which there is a line of its own.
        """
        with ExitStack() as in_line:
            places = in_line.enter_context(self._limits.line.turn())
            with draft.timed("wait"):
                for place in places:
                    yield Waiting(place=place)
            seconds = self._limits.answer_seconds
            draft.deadline = time.perf_counter() + seconds
            for event in within(seconds, self._way_through_index(draft), idle=Waiting(place=0)):
                if isinstance(event, EvidenceFound):
                    in_line.close()
                yield event

    # --- the way ------------------------------------------------------------------------------

    def _way_through_index(self, draft: Draft) -> Generator[Event, None, None]:
        draft.guard = self._guards.current()
        draft.rules_version = draft.guard.rules_version
        with self.index.snapshot() as draft.snapshot:
            draft.generation = draft.snapshot.generation
            yield from self._approved(draft) if draft.guard.checks_answers else self._way(draft)

    def _approved(self, draft: Draft) -> Iterator[Event]:
        """Go the way, and keep its sentences back until the guard model has seen them all."""
        held = []
        for event in self._way(draft):
            if isinstance(event, Sentence):
                held.append(event)
            else:
                yield event
        with draft.timed("guard"):
            outcome = draft.guard.answer(draft.text, " ".join(draft.sentences))
        self._heed(draft, outcome)
        yield from held

    def _way(self, draft: Draft) -> Iterator[Event]:
        self._guard(draft)
        self._answer_small_talk(draft)
        self._look_where_asked(draft)
        self._plan(draft)
        if draft.facts is not None and draft.facts.found:
            yield from self._tell_facts(draft, draft.facts)
        elif (mixed := self._find_mixed(draft)) is not None:
            yield from self._tell_both(draft, *mixed)
        else:
            yield from self._tell_passages(draft)

    def _guard(self, draft: Draft) -> None:
        with draft.timed("guard"):
            outcome = draft.guard.question(draft.question.text)
        self._heed(draft, outcome)

    def _answer_small_talk(self, draft: Draft) -> None:
        with draft.timed("embed"):
            draft.vector = self._retriever.embed_query(draft.text)
        history = draft.question.history
        if history and history[-1].plan and asks_for_more(draft.text):
            return  # after a list this is a question, however much it sounds like small talk
        reply = self._small_talk.reply(draft.text, draft.vector)
        if reply is not None:
            raise Stop("answered", "", reply)

    def _look_where_asked(self, draft: Draft) -> None:
        """Search only the documents that were chosen, or that the question itself names."""
        draft.where = look(draft.question, draft.text, draft.snapshot)
        if draft.where.text != draft.text:
            draft.text = draft.where.text
            draft.vector = self._retriever.embed_query(draft.text)
        if note := draft.where.note:
            self._inspect(draft, note)
            draft.note = note

    def _plan(self, draft: Draft) -> None:
        """Let the planner try; a plan that finds records needs neither retrieval nor a model."""
        draft.facts = self._find_facts(draft, draft.text)
        if draft.facts is not None:
            draft.evidence = draft.facts.evidence

    def _find_facts(self, draft: Draft, text: str) -> Facts | None:
        if not draft.where.has_tables:
            return None
        plans = [turn.plan for turn in reversed(draft.question.history[-MAX_TURNS:])]
        with draft.timed("plan"):
            planner = self._planning.planner(draft.snapshot)
            plan = planner.plan(text, plans[0] if plans else None)
            plan = plan or planner.resume(text, filter(None, plans[1:]))
        if plan is None:
            return None
        with draft.timed("records"):
            facts = self._planning.run(plan, draft.snapshot)
        return facts if draft.where.holds([piece.document for piece in facts.evidence]) else None

    def _find_mixed(self, draft: Draft) -> tuple[Facts, str] | None:
        """Return the facts of one part of a question, and the other part, which is prose."""
        parts = split_parts(draft.text)
        if len(parts) != 2:
            return None
        found = [self._find_facts(draft, part) for part in parts]
        for facts, other, prose in ((found[0], found[1], parts[1]), (found[1], found[0], parts[0])):
            if facts is None or (other is not None and other.found):
                continue
            if facts.found or facts.asks_beyond:
                return facts, prose
        return None

    def _tell_facts(self, draft: Draft, facts: Facts) -> Iterator[Event]:
        """Say what the records hold, in sentences that code wrote from cells."""
        yield EvidenceFound(evidence=facts.evidence)
        for sentence in facts.sentences:
            yield self._show(draft, sentence)

    def _tell_both(self, draft: Draft, facts: Facts, prose: str) -> Iterator[Event]:
        """Answer one part from the records, and the other from the guides if they know it."""
        draft.facts, draft.evidence = facts, facts.evidence
        yield from self._tell_facts(draft, facts)
        vector = self._retriever.embed_query(prose)
        if not self._scope.score(draft.snapshot, vector).in_scope:
            yield self._show(draft, f"I leave “{prose}” aside: {self.card.domain.refusal}")
            return
        support = self._retrieve(draft, prose, vector)
        if not support.enough:
            yield self._show(draft, f"My sources do not answer “{prose}”.")
            return
        yield EvidenceFound(evidence=shown_of(draft.evidence))
        yield from self._write(draft, prose, support)

    def _tell_passages(self, draft: Draft) -> Iterator[Event]:
        """Say what the documents hold; where they do not, what the records have nearest."""
        facts = draft.facts
        query = condense(draft.question, draft.text)
        vector = draft.vector if query == draft.text else self._retriever.embed_query(query)
        if facts is None or facts.near_miss:
            self._check_scope(draft, vector)
        elif not (facts.asks_beyond or _strange_names(facts)):
            self._say_unknown(draft, " ".join(facts.sentences))
        draft.evidence = ()
        told = self._find_answers(draft, query, vector)
        if query != draft.text and not _takes_up(draft.evidence, draft.text):
            self._check_scope(draft, draft.vector)  # the last question must not vouch for this one
        known = facts is None or _takes_up(draft.evidence, _strange_names(facts), whole=True)
        if not known or not any(support.enough for _, support in told):
            self._abstain(draft)
        draft.facts = None
        yield EvidenceFound(evidence=shown_of(draft.evidence))
        if not (self.chat.composes or any(support.likely for _, support in told)):
            yield self._show(draft, PERHAPS)
        for part, support in told:
            if support.enough and (len(told) == 1 or self.chat.composes):
                yield from self._write(draft, part.query, support)
            elif support.enough:
                said = quote(windows(support.extracts)[0])
                if said not in draft.sentences:
                    yield self._show(draft, said)
            else:
                yield self._show(
                    draft, f"My sources do not answer what you ask about “{part.name}”."
                )
        if not draft.sentences:
            raise Stop("abstained", "unsupported", "My sources do not say that clearly enough.")

    def _find_answers(self, draft: Draft, query: str, vector: Vector) -> list[tuple[Part, Support]]:
        """Return what supports an answer to a question, or to each of its parts.

        A quotation that speaks of all the parts answers them in one, and so does a model that
        composes; then only those parts follow by themselves that have no answer.
        """
        parts = parts_of(query) if query == draft.text else []
        found = [
            self.find_passages(draft.snapshot, part.query, within=draft.where.within)
            for part in parts
        ]
        whole = self._retrieve(draft, query, vector, found)
        in_one = [(Part(query, query), whole)]
        if not parts or (whole.enough and _speaks_of(whole, parts)):
            return in_one
        told = [
            (part, self._judge_part(draft, part, hits))
            for part, hits in zip(parts, found, strict=True)
        ]
        known = [support for _, support in told if support.enough]
        if not known:
            return in_one
        if self.chat.composes:
            extracts = tuple(extract for support in known for extract in support.extracts)
            missing = [(part, support) for part, support in told if not support.enough]
            return [(Part(query, query), replace(known[0], extracts=extracts)), *missing]
        return told

    def _check_scope(self, draft: Draft, vector: Vector) -> None:
        with draft.timed("scope"):
            score = self._scope.score(draft.snapshot, vector)
        draft.scores |= {"scope": score.margin, "scope_threshold": score.threshold}
        if not score.in_scope:
            draft.suggestions = self._scope.suggest(draft.vector)
            raise Stop("refused", "scope", self.card.domain.refusal)

    def find_passages(
        self,
        snapshot: Snapshot,
        query: str,
        vector: Vector | None = None,
        within: Filter = EVERYTHING,
    ) -> list[Hit]:
        """Return what may be evidence for a query, best first; the first `PASSAGES` become it."""
        passages = replace(within, kind="passage")
        hits = self._retriever.search(snapshot, query, CANDIDATES, vector, passages)
        return spread([hit for hit in hits if may_be_evidence(hit)], query)

    def _retrieve(
        self, draft: Draft, query: str, vector: Vector, parts: Sequence[Sequence[Hit]] = ()
    ) -> Support:
        """Add passages to the evidence in hand, and judge whether they answer the query.

        `parts` is what was found for parts of it, each of which gets a passage.
        """
        with draft.timed("retrieve"):
            hits = self.find_passages(draft.snapshot, query, vector, draft.where.within)
            if parts:
                hits = guaranteed(parts, hits)
            chosen = gather(draft.snapshot, hits, PASSAGES + max(0, len(parts) - 2))
        first = len(draft.evidence) + 1
        passages = [evidence_of(n, hit) for n, hit in enumerate(chosen, start=first)]
        draft.evidence = (*draft.evidence, *passages)
        return self._judge(draft, query, vector, passages)

    def _judge_part(self, draft: Draft, part: Part, hits: Sequence[Hit]) -> Support:
        """Judge what the evidence in hand says on one part of a question."""
        chunks = [hit.chunk for hit in hits[:PASSAGES_OF_PART]]
        own = [piece for piece in draft.evidence if any(covers(piece, chunk) for chunk in chunks)]
        if not _takes_up(own, part.name):
            return Support(0.0, ())
        return self._judge(draft, part.query, self._retriever.embed_query(part.query), own)

    def _judge(
        self, draft: Draft, query: str, vector: Vector, passages: Sequence[Evidence]
    ) -> Support:
        with draft.timed("support"):
            support = judge_support(self.index, query, vector, passages)
        best = max(support.score, draft.scores.get("support", 0.0))
        draft.scores |= {"support": best, "support_threshold": THRESHOLD}
        return support

    def _abstain(self, draft: Draft) -> NoReturn:
        if draft.facts is not None:
            draft.evidence = draft.facts.evidence
            self._say_unknown(draft, " ".join(draft.facts.sentences))
        nearest = [e for e in draft.evidence if not e.orders][:NEAREST_SHOWN]
        if not nearest:
            self._say_unknown(draft, "My sources do not answer that.")
        lines = "\n".join(f"- {place_of(e)} [{e.n}]" for e in nearest)
        text = f"My sources do not answer that. These places in them come nearest:\n{lines}"
        self._say_unknown(draft, text)

    def _say_unknown(self, draft: Draft, text: str) -> NoReturn:
        """Abstain; what is said instead passes the pack's rules on answers too."""
        self._inspect(draft, text)
        raise Stop("abstained", "no_evidence", text)

    def _write(self, draft: Draft, text: str, support: Support) -> Iterator[Event]:
        passages = [piece for piece in draft.evidence if piece.kind == "passage"]
        if not self.chat.composes and self._limits.writing_line.busy:
            # A model that only chooses is worth no wait: what it would choose from is quoted.
            yield self._show(draft, quote(windows(support.extracts)[0]))
            return
        with self._limits.writing_line.turn() as places:
            with draft.timed("wait"):
                for place in places:
                    yield Waiting(place=place)
            with draft.timed("write"):
                for written in self._writer.write(text, passages, support.extracts):
                    if written.dropped:
                        log.info("Dropped a sentence: %s", written.dropped)
                        draft.dropped += 1
                    else:
                        yield self._show(draft, written.text)

    def _show(self, draft: Draft, sentence: str) -> Sentence:
        """Let a sentence out, if the pack's rules on answers allow it."""
        self._inspect(draft, sentence)
        draft.sentences.append(sentence)
        return Sentence(text=sentence)

    def _inspect(self, draft: Draft, text: str) -> None:
        with draft.timed("guard"):
            outcome = draft.guard.sentence(text)
        self._heed(draft, outcome)

    def _heed(self, draft: Draft, outcome: Objection | Passed) -> None:
        """Stop where a guard objects, else keep what it flags."""
        if isinstance(outcome, Objection):
            draft.scores |= outcome.scores
            raise Stop("blocked", outcome.reason, outcome.message)
        draft.flags = (*draft.flags, *outcome.flags)

    # --- what the page asks besides --------------------------------------------------------------

    def follow_ups(self, answer: Answer) -> tuple[str, ...]:
        """Return what can be asked after an answer, and has an answer itself."""
        with self.index.snapshot() as snapshot:
            version = self._guards.current().rules_version
            rehearse = partial(self._rehearsed, snapshot.generation, version)
            return follow_ups(answer, self.card, self._planning, snapshot, rehearse)

    def _rehearse(self, _generation: int, _rules: str, text: str) -> frozenset[Section] | None:
        """Return the sections that a question would be answered from, None if it would not be.

        No model is asked and nothing is counted; what came of it holds as long as index and rules.
        Those who asked come first.
        """
        self._give_way()
        draft = Draft(Question(text=text), normalise(text))
        draft.guard = self._guards.current(asks_model=False)
        with self.index.snapshot() as draft.snapshot:
            try:
                # The first event of a way that leads to an answer is what it is made from.
                event = next(self._way(draft), None)
            except (Stop, GroundskeeperError):
                return None
        if not isinstance(event, EvidenceFound):
            return None
        return frozenset((piece.document, piece.heading_path) for piece in event.evidence)

    def documents(self) -> list[DocumentInfo]:
        """Return all documents that there are to search, by name."""
        with self.index.snapshot() as snapshot:
            return snapshot.documents()


def open_bot(
    settings: Settings,
    card: DomainCard | None = None,
    *,
    counted: bool = False,
    counters: Sequence[AnswerCounter] = (),
) -> Bot:
    """Open the bot that the settings describe.

    `counted`: real questions are asked, so how they end goes into the daily counts, beside what
    the `counters` make of them.

    Raises UsageError if the pack cannot be used, ModelError if a model is missing or not the
    pinned one, IndexUnavailable if there is no index that it can answer from.
    """
    card = card or load_card(settings.domain)
    index = Index(card, domain_paths(settings, card), make_embeddings(settings))
    try:
        daily = _daily_counters(settings, card) if counted else ()
        guard_model = make_guard_model(settings)
        chat = make_chat_model(settings)
        bot = Bot(index, chat, settings, (*daily, *counters), guard_model)
        bot.warm_up()
        return bot
    except BaseException:
        index.close()
        raise


def _daily_counters(settings: Settings, card: DomainCard) -> tuple[AnswerCounter, ...]:
    path = domain_paths(settings, card).counts
    topics = OpenTopics(path, card, settings.open_topics_days)
    return ReasonCounts(path), AnswerTimes(path), topics


def _reason_of(error: GroundskeeperError) -> str:
    if isinstance(error, ModelIntegrityError):
        return "integrity"
    return "limit" if isinstance(error, LimitExceeded) else "unavailable"


def _takes_up(evidence: Sequence[Evidence], said: str, *, whole: bool = False) -> bool:
    """Whether the evidence has half of the content words of what was said, or all of them."""
    own = " ".join(content_words(said))
    text = " ".join(" ".join((e.title, *e.heading_path, e.quote)) for e in evidence)
    return not own or term_coverage(own, text) >= (1.0 if whole else 0.5)


def _strange_names(facts: Facts) -> str:
    """Return what is asked about and is in no record: no entities, but perhaps things explained."""
    plan = facts.plan_json
    if plan["operation"] not in ("compare", "overview") or plan["entities"]:
        return ""
    return " ".join(name["words"] for name in plan["unknown"])


def _speaks_of(support: Support, parts: Sequence[Part]) -> bool:
    """Whether what would be quoted has the words of every part."""
    best = windows(support.extracts)[0]
    return all(term_coverage(part.name, best.text) == 1.0 for part in parts)
