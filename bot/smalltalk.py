"""Small talk: greetings, thanks and "what can you do" are answered kindly, not refused.

What counts as small talk is the same in every domain, so the examples stand here; what is said
comes from the domain card. Only short messages qualify: a greeting in front of a question does
not swallow the question.
"""

from __future__ import annotations

import numpy as np

from bot.text import words
from ingest.domain import DomainCard
from ingest.index import Index

MIN_COSINE = 0.62
MAX_WORDS = 14

EXAMPLES: dict[str, list[str]] = {
    "greeting": [
        "hi",
        "hello there",
        "hey",
        "hey, how's it going",
        "good morning",
        "good evening to you",
        "how are you today",
        "what's up",
        "nice to meet you",
        "howdy, how have you been",
    ],
    "thanks": [
        "thanks",
        "thank you so much",
        "thanks a lot, that helped",
        "I appreciate it",
        "great, that was useful, cheers",
        "awesome, thanks for your help",
    ],
    "goodbye": [
        "bye",
        "goodbye for now",
        "see you later",
        "have a nice day",
        "that's all, bye",
        "it was nice talking to you",
        "I have to go now, talk to you soon",
    ],
    "capabilities": [
        "what can you do",
        "what can I ask you",
        "help",
        "how can you help me",
        "what do you know about",
        "which topics do you cover",
        "what kinds of questions do you answer",
        "give me examples of things I could ask",
        "how do I use this",
    ],
    "identity": [
        "who are you",
        "are you a real person",
        "are you a robot",
        "am I talking to a human or a machine",
        "are you an AI",
        "are you a computer program",
        "what is your name",
    ],
}


class SmallTalk:
    """Recognises small talk by nearness to examples, and answers it from the card."""

    def __init__(self, index: Index) -> None:
        self._card = index.card
        self._kinds = [kind for kind, texts in EXAMPLES.items() for _ in texts]
        self._vectors = index.embed([text for texts in EXAMPLES.values() for text in texts])

    def score(self, vector: np.ndarray[tuple[int], np.dtype[np.float32]]) -> tuple[str, float]:
        """Return the nearest kind of small talk and its cosine."""
        cosines = self._vectors @ vector
        best = int(np.argmax(cosines))
        return self._kinds[best], float(cosines[best])

    def reply(self, text: str, vector: np.ndarray[tuple[int], np.dtype[np.float32]]) -> str | None:
        """Return what to say if this is small talk, otherwise None."""
        kind, cosine = self.score(vector)
        if cosine < MIN_COSINE or len(words(text)) > MAX_WORDS:
            return None
        return _REPLIES[kind](self._card)


def _capabilities(card: DomainCard) -> str:
    lines = "\n".join(f"- {capability}" for capability in card.domain.capabilities)
    return f"{card.domain.description}\n\nYou can ask me to:\n{lines}"


def _identity(card: DomainCard) -> str:
    return (
        f"I am a computer program, not a person. I answer questions about {card.domain.name} from "
        "a fixed set of sources, and every answer shows where it comes from."
    )


_REPLIES = {
    "greeting": lambda card: card.domain.greeting,
    "thanks": lambda card: "You're welcome! Ask me more whenever you like.",
    "goodbye": lambda card: "Goodbye, and all the best!",
    "capabilities": _capabilities,
    "identity": _identity,
}
