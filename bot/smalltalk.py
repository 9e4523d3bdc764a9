"""Small talk: greetings, thanks and "what can you do" are answered kindly, not refused.

What counts as small talk is the same in every domain, so the examples stand here; what is said
comes from the domain card. Only short messages qualify: a greeting in front of a question does
not swallow the question.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bot.text import words
from ingest.domain import DomainCard
from ingest.index import Index, Vector

MIN_COSINE = 0.42
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
        "how have things been with you",
        "are you well",
        "what's up",
        "nice to meet you",
        "howdy, how have you been",
    ],
    "thanks": [
        "thanks",
        "thank you so much",
        "thanks a lot, that helped",
        "I appreciate it",
        "I'm so grateful for this",
        "much obliged to you",
        "I am glad you could do that for me",
        "great, that was useful, cheers",
        "awesome, thanks for your help",
    ],
    "goodbye": [
        "bye",
        "goodbye for now",
        "good night",
        "see you later",
        "have a nice day",
        "take care, until next time",
        "that's all, bye",
        "it was nice talking to you",
        "a pleasure to chat with you",
        "I have to go now, talk to you soon",
    ],
    "capabilities": [
        "what can you do",
        "what can I ask you",
        "help",
        "how can you help me",
        "what do you know about",
        "which topics do you cover",
        "what subjects do you know something about",
        "what areas are you good at",
        "what information do you have",
        "what kinds of questions do you answer",
        "what sort of questions am I allowed to ask",
        "what should I ask you about",
        "what are your abilities",
        "what are you good for",
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
        "are you alive",
        "can you think and feel as people do",
        "what kind of being are you",
        "what is your name",
    ],
}


class SmallTalk:
    """Recognises small talk by nearness to examples, and answers it from the card.

    A message is small talk if it is nearer to these examples than to any example question of
    the card, in scope or out.
    """

    def __init__(self, index: Index) -> None:
        self._card = index.card
        self._kinds = [kind for kind, texts in EXAMPLES.items() for _ in texts]
        self._vectors = index.embed([text for texts in EXAMPLES.values() for text in texts])
        scope = index.card.scope
        self._questions = index.embed([*scope.in_scope, *scope.out_of_scope])

    def reply(self, text: str, vector: Vector) -> str | None:
        """Return what to say if this is small talk, otherwise None."""
        cosines = self._vectors @ vector
        best = int(np.argmax(cosines))
        nearest_question = float(np.max(self._questions @ vector))
        if cosines[best] < max(MIN_COSINE, nearest_question) or len(words(text)) > MAX_WORDS:
            return None
        return _REPLIES[self._kinds[best]](self._card)


def _capabilities(card: DomainCard) -> str:
    lines = "\n".join(f"- {capability}" for capability in card.domain.capabilities)
    return f"{card.domain.description}\n\nYou can ask me to:\n{lines}"


def _identity(card: DomainCard) -> str:
    return (
        f"I am a computer program, not a person. I answer questions about {card.domain.name} from "
        "a fixed set of sources, and every answer shows where it comes from."
    )


_REPLIES: dict[str, Callable[[DomainCard], str]] = {
    "greeting": lambda card: card.domain.greeting,
    "thanks": lambda card: "You're welcome! Ask me more whenever you like.",
    "goodbye": lambda card: "Goodbye, and all the best!",
    "capabilities": _capabilities,
    "identity": _identity,
}
