"""Injection and jailbreaks in questions: who gives orders instead of asking is told so, kindly."""

from __future__ import annotations

from bot.checks import Check, Objection
from ingest.domain import DomainCard
from ingest.injection_signs import ENOUGH, Found, find_signs

ORDERS = (
    "That looks like an instruction to change how I work, which I do not take. "
    "Ask me a plain question about {name} and I will gladly answer."
)
OPENNESS = (
    "I have nothing secret: I am told to answer from my sources alone, to say where each answer "
    "comes from, and to say so when they do not know. What I am for: {description}"
)
ASKS_FOR_PROMPT = "prompt"


def injection_check(card: DomainCard) -> Check:
    """Object to questions with enough signs of orders to the model (`ingest.injection_signs`).

    Who only asks for the system prompt gets what there is to tell, the card's own description.

    Not covered: orders in words that show no sign, or in other languages. This check saves a
    model call and tells moderators; what protects is that an answer can only say what its
    evidence holds.
    """
    find_signs("", "question")  # compiles the signs, which the first question would wait for
    orders = ORDERS.format(name=card.domain.name)
    nothing_secret = OPENNESS.format(description=card.domain.description)

    def check(text: str) -> Objection | None:
        found = find_signs(text, "question")
        if not found.attack:
            return None
        message = nothing_secret if _only_asks(found) else orders
        measured = {"injection": found.points, "injection_threshold": ENOUGH}
        return Objection("injection", message, measured)

    return check


def _only_asks(found: Found) -> bool:
    """Whether the only sign that is enough by itself is that the prompt is asked for."""
    return ASKS_FOR_PROMPT in found.signs and found.points < 2 * ENOUGH
