"""Small talk: greetings, thanks and "what can you do" are answered kindly, not refused.

What counts as small talk is the same in every domain, so the examples stand here; what is said
comes from the domain card. Only short messages qualify: a greeting in front of a question does
not swallow the question. Words of other languages are known one by one (`WORDS`); what the
encoder makes of a language that it never learned is not relied on.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bot.scope import everyday_requests
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
        "how is your day",
        "I hope that your day is good",
        "are you well",
        "what's up",
        "nice to meet you",
        "howdy, how have you been",
        "it's good to see you again",
    ],
    "thanks": [
        "thanks",
        "thank you so much",
        "thanks a lot, that helped",
        "many thanks to you for the answer",
        "thank you for telling me",
        "I appreciate it",
        "I appreciate all your work",
        "I'm so grateful for this",
        "much obliged to you",
        "I am in your debt",
        "that was kind and thoughtful of you",
        "I notice how hard you work for me",
        "you have been a great help",
        "you make my life easier",
        "you did a good job",
        "I am glad you could do that for me",
        "great, that was useful, cheers",
        "awesome, thanks for your help",
        "perfect, that is what I needed",
        "you are the best",
        "you're awesome",
        "well done, great job",
        "good bot",
        "thank you all the same",
        "thanks for trying",
    ],
    "goodbye": [
        "bye",
        "goodbye for now",
        "good night",
        "see you later",
        "catch you later",
        "have a nice day",
        "take care, until next time",
        "take it easy, friend",
        "that's all, bye",
        "I'm off, see you",
        "I'm leaving now",
        "I'm getting out of here",
        "talk to you another time",
        "so long, farewell",
        "it was nice talking to you",
        "a pleasure to chat with you",
        "I have to go now, talk to you soon",
        "I've got to run",
        "I'm heading out, see you around",
        "nothing else for today",
        "that will be all",
    ],
    "assent": [
        "ok",
        "okay, cool",
        "all right then",
        "got it",
        "I see",
        "I understand now",
        "that makes sense",
        "good to know",
        "never mind",
        "yes",
        "no",
        "sure",
        "nice",
        "wow",
        "haha, that's funny",
        "sounds good",
        "oh, sorry",
        "excuse me",
        "fair enough",
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
        "where do your answers come from",
    ],
    "sources": [
        "where does your data come from",
        "where do you get your information",
        "who gave you your data",
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
        "what do people call you",
        "how should I address you",
        "who made you",
        "which model are you",
    ],
}

# Short forms and other languages, word by word: "thx", "merci beaucoup".
_SPOKEN = {
    "greeting": """
        hi hello hey heya hiya yo howdy sup wassup greetings hola buenos buenas dias días tardes
        bonjour bonsoir salut coucou hallo moin servus guten tag morgen ciao buongiorno salve olá
        oi bom dia privet привет здравствуйте namaste salaam salam marhaba مرحبا shalom ahoj hej
        konnichiwa こんにちは 你好 您好 nihao annyeong 안녕하세요 merhaba aloha""",
    "thanks": """
        thanks thank thx thnx tnx ty tysm tyvm kudos cheers gracias muchas mil merci beaucoup
        danke dankeschön vielen dank grazie mille obrigado obrigada muito spasibo спасибо arigato
        arigatou gozaimasu ありがとう 谢谢 謝謝 xiexie gamsahamnida 감사합니다 shukran شكرا tack
        tak dziękuję dzięki děkuji teşekkürler mahalo toda salamat dhanyavaad""",
    "goodbye": """
        bye byebye goodbye farewell cya ttyl gtg g2g brb peace laters adios adiós hasta luego
        mañana chao au revoir adieu tschüss tschüß auf wiedersehen arrivederci tchau sayonara
        さようなら 再见 再見 пока poka toodles cheerio tata goodnight nighty""",
    "assent": "ok okay k kk alright yep yup yeah yes nope nah no cool nice lol",
}
WORDS = {kind: frozenset(words(text)) for kind, text in _SPOKEN.items()}
_FILLERS = frozenset(
    words(
        "a again ai all and bot buddy dear dude everyone folks for friend guys i it my now pal so "
        "see then there to very much u you ya later la le de amigo amiga ami"
    )
)


class SmallTalk:
    """Recognises small talk by nearness to examples, and answers it from the card.

    A message is small talk if it is nearer to these examples than to any example question of
    the card, in scope or out, and to any everyday request.
    """

    def __init__(self, index: Index) -> None:
        self._card = index.card
        self._kinds = [kind for kind, texts in EXAMPLES.items() for _ in texts]
        self._vectors = index.embed(example_messages())
        scope = index.card.scope
        questions = [*scope.in_scope, *scope.out_of_scope, *everyday_requests()]
        self._questions = index.embed(questions)

    def reply(self, text: str, vector: Vector) -> str | None:
        """Return what to say if this is small talk, otherwise None."""
        spoken = words(text)
        kind = _spoken_kind(spoken) or self._nearest_kind(vector)
        if kind is None or len(spoken) > MAX_WORDS:
            return None
        return _REPLIES[kind](self._card)

    def _nearest_kind(self, vector: Vector) -> str | None:
        cosines = self._vectors @ vector
        best = int(np.argmax(cosines))
        nearest_question = float(np.max(self._questions @ vector))
        return None if cosines[best] < max(MIN_COSINE, nearest_question) else self._kinds[best]


def example_messages() -> list[str]:
    """Return the examples of every kind, in order; a reindex embeds them."""
    return [text for texts in EXAMPLES.values() for text in texts]


def _spoken_kind(spoken: list[str]) -> str | None:
    """Return the kind of a message of nothing but small words; the last that tells counts."""
    kinds = [_kind_of(word) for word in spoken if word not in _FILLERS]
    return kinds[-1] if kinds and None not in kinds else None


def _kind_of(word: str) -> str | None:
    return next((kind for kind, known in WORDS.items() if word in known), None)


def _capabilities(card: DomainCard) -> str:
    lines = "\n".join(f"- {capability}" for capability in card.domain.capabilities)
    return f"{card.domain.description}\n\nYou can ask me to:\n{lines}"


def _sources(card: DomainCard) -> str:
    told = f" The data: {card.domain.vintage}." if card.domain.vintage else ""
    return f"From a fixed set of documents; every answer shows which of them it comes from.{told}"


def _identity(card: DomainCard) -> str:
    return (
        f"I am a computer program, not a person. I answer questions about {card.domain.name} from "
        "a fixed set of sources, and every answer shows where it comes from."
    )


_REPLIES: dict[str, Callable[[DomainCard], str]] = {
    "greeting": lambda card: card.domain.greeting,
    "thanks": lambda card: "You're welcome! Ask me more whenever you like.",
    "goodbye": lambda card: "Goodbye, and all the best!",
    "assent": lambda card: "All right. What else would you like to know?",
    "capabilities": _capabilities,
    "identity": _identity,
    "sources": _sources,
}
