"""What the pages work with, opened once for each process and shared by all visitors."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import streamlit as st

from bot.cross_encoder import make_reranker
from bot.library import Library, ModelInUse
from bot.pipeline import Bot, open_bot
from bot.privacy import Masker, log_privately
from bot.retriever import HybridRetriever
from bot.review import Access, CurrentAccess, Moderator, Moderators, ReviewQueue
from bot.review.delivery import deliver_in_background
from bot.review.notify import Notices
from bot.review.reach import AskedCounts
from bot.review.workbench import Workbench
from ingest.domain import DomainCard, load_card
from ingest.errors import GroundskeeperError, IndexMissing, NotSignedIn, SettingsError
from ingest.paths import domain_paths
from ingest.settings import Settings, load_settings
from ui import provider
from ui.conversation import ChatBot
from ui.in_hand import in_hand
from ui.opening import Opening

_TOKEN = "moderator_token"  # noqa: S105  the name of a place in the session


def _no_library() -> Library:
    raise IndexMissing("There is no index to look into.", hint="Run `groundskeeper reindex`.")


@dataclass(frozen=True)
class Services:
    """The card, the review queue and the way to the bot, which may fail without the others.

    `open_bench` gives what moderators try their decisions on, `open_library` the corpus to look
    into; both need the bot's index. `access` says who may sign in at this moment.
    """

    card: DomainCard
    reports: ReviewQueue
    moderators: Moderators
    open_bot: Callable[[], ChatBot]
    open_bench: Callable[[], Workbench]
    question_max_chars: int = 2_000
    address_header: str = ""
    access: Callable[[], Access] = Access
    open_library: Callable[[], Library] = _no_library
    settings: Settings = field(default_factory=load_settings)


@st.cache_resource(show_spinner=False)
def shared_services() -> Services:
    """Return the services that the settings describe; what is told of reports goes out from here.

    Raises UsageError.
    """
    settings = load_settings()
    masker = Masker(settings.phone_region)
    log_privately(masker)
    card = load_card(settings.domain)
    reports = domain_paths(settings, card).reports
    access = CurrentAccess(settings)
    deliver_in_background(settings, card.domain.name, reports)
    opening = Opening(partial(_shared_bot, settings, card))
    opening.begin()
    return Services(
        card=card,
        reports=ReviewQueue(
            reports,
            masker=masker,
            access=access,
            notices=Notices.of(settings),
            address_reports_per_hour=settings.address_reports_per_hour,
            claim_minutes=settings.claim_minutes,
        ),
        moderators=Moderators(reports, session_minutes=settings.session_minutes, access=access),
        open_bot=opening.get,
        open_bench=opening.then(partial(_shared_bench, settings, card)),
        question_max_chars=settings.question_max_chars,
        address_header=settings.address_header,
        access=access,
        open_library=opening.then(partial(_shared_library, settings, card)),
        settings=settings,
    )


def _release(bot: Bot) -> None:
    bot.close()
    gc.unfreeze()


@st.cache_resource(show_spinner=False, on_release=_release)
def _shared_bot(_settings: Settings, _card: DomainCard) -> Bot:
    """Return the one bot of this process; what fails is not kept, so the next visit tries again."""
    asked = AskedCounts(domain_paths(_settings, _card).reports, Masker(_settings.phone_region))
    bot = open_bot(_settings, _card, counted=True, counters=[asked])
    bot.load_model()
    # What was imported and loaded by now stays: each look of the garbage collector through it
    # would make every visitor wait for 0.2 s.
    gc.collect()
    gc.freeze()
    _in_background(bot.read_ahead)
    return bot


@st.cache_resource(show_spinner=False)
def _shared_bench(_settings: Settings, _card: DomainCard) -> Workbench:
    """Return the one workbench of this process, over the bot's own index and model."""
    bot = _shared_bot(_settings, _card)
    return Workbench(_settings, bot.index, lambda: bot.chat, busy=lambda: bot.busy)


@st.cache_resource(show_spinner=False)
def _shared_library(_settings: Settings, _card: DomainCard) -> Library:
    """Return the one library of this process, over the bot's own index."""
    bot = _shared_bot(_settings, _card)
    retriever = HybridRetriever(bot.index, reranker=make_reranker(_settings))
    models = (
        ModelInUse("answers", bot.chat.name, bot.chat.digest),
        ModelInUse("search", bot.index.embeddings.name, bot.index.embeddings.digest),
    )
    library = Library(bot.index, _settings.domain, retriever, models)
    _in_background(library.warm_up)
    return library


def _in_background(warm_up: Callable[[], None]) -> None:
    """Do what somebody would wait for later on."""

    def run() -> None:
        # Whatever keeps the index from being read, the page that wants it says.
        with suppress(GroundskeeperError):
            warm_up()

    threading.Thread(target=run, name="warming up", daemon=True).start()


def visitor_address(header: str) -> str:
    """Return the visitor's address, for the limit of questions a minute; empty if nobody knows.

    Behind a proxy Streamlit sees only the proxy; `header` names what the proxy writes. Of a list
    the last entry is the proxy's own; those before it anybody may have written.
    """
    if header:
        return st.context.headers.get(header, "").rpartition(",")[2].strip()
    address = st.context.ip_address  # under AppTest it is no text
    return address if isinstance(address, str) else ""


# --- who is signed in -------------------------------------------------------------------------


def signed_in(services: Services) -> Moderator | None:
    """Return the moderator of this browser session as the database knows them at this moment."""
    try:
        token = in_hand(_TOKEN) or _token_by_provider(services)
        return services.moderators.moderator(token) if token else None
    except NotSignedIn:
        st.session_state.pop(_TOKEN, None)
        return None
    except SettingsError:
        # While the settings cannot be read nobody moderates; everybody else goes on asking.
        return None


def sign_in(services: Services, name: str, password: str) -> None:
    """Keep a new session's token in this browser session. Raises NotSignedIn, LimitExceeded."""
    address = visitor_address(services.address_header)
    session = services.moderators.sign_in(name, password, address=address)
    st.session_state[_TOKEN] = session.token


def sign_out(services: Services) -> None:
    """End this browser session's sign-in: in the database, so in its other tabs, and there."""
    token = st.session_state.pop(_TOKEN, None)
    if token is not None:
        services.moderators.sign_out(token)
    provider.leave()


def refusal(services: Services) -> GroundskeeperError | None:
    """Return why whom the identity provider vouches for is not signed in, None for nobody."""
    try:
        _token_by_provider(services)
    except NotSignedIn as refused:
        return refused
    return None


def _token_by_provider(services: Services) -> str | None:
    identity = provider.vouched_for(services.access())
    if identity is None:
        return None
    session = services.moderators.sign_in_by_provider(identity)
    st.session_state[_TOKEN] = session.token
    return session.token
