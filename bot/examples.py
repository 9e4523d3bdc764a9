"""The texts that stages compare questions with: embedded by a reindex, so a bot opens at once."""

from __future__ import annotations

from bot.scope import everyday_requests
from bot.smalltalk import example_messages
from ingest.domain import DomainCard


def compared_texts(card: DomainCard) -> list[str]:
    """Return what questions are compared with, besides the card's own examples."""
    return [*everyday_requests(), *example_messages(), *card.domain.suggestions]
