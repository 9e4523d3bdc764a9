"""A question taken apart: the entities, fields and cues in it, and the words left over.

What is left over decides whether a plan may be trusted: a question with many words that nobody
understood is not planned.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass

from bot.fields import PLACEHOLDER, FieldIndex, FieldMatch, stems
from bot.mentions import Mention
from bot.names import Token, phrase, tokenize, words_of
from ingest.domain import TableCard
from ingest.lexical import STOP_WORDS

FILLER = STOP_WORDS | words_of(
    """actually ask asking bit bot btw campus check cheers course curious currently data day days
    dear does doesn exact exactly facts figure figures find give go going gonna good got guess hello
    help hey hi hmm hows i'd i'll i'm im info information interested isn kind know least like list
    long look looking lookup lot love many may maybe me mean might much name need now number ok
    okay only per place please pls question quick quickly r really right roughly s say see shall
    show since so some sort sorry still stuff sure tell thank thanks that's thats there thing think
    thx today together typical typically u uh um wanna want wanted wants well what's whats
    when's where's which whos wonder wondering would year yearly years yes yo
    approximately around average avg it's its attend attending am people times
    son daughter child get both add too pay pays paid charge charges each between
    compare compared comparing comparison vs versus v
    against difference differences differ different higher lower more less bigger smaller better
    worse best worst overall total one ones two these those same terms respect
    stupid dumb ugh lol lmao omg wtf damn bro dude honestly literally kinda
    regarding went someone somebody anyone share whose"""
)
_PROSE = re.compile(
    r"^\W*(?:so |ok |okay |hi |hello |hey |please |and |but )*"
    r"(?:how (?:do|can|should|would|could|did) (?:i|we|you|one|my|they|people|students)\b"
    r"|how to\b|why\b|when\b|should\b|shall\b|am i\b|will (?:i|my|they|it)\b|who\b|whose\b"
    r"|is an?\b|can (?:i|we|my|someone)\b|could (?:i|we|my)\b|do (?:i|we|they)\b|does it\b"
    r"|do you\b(?! (?:guys )?(?:have|sell|carry|know of|stock|offer)\b)"
    r"|is it (?:better|worth|possible|smart|true|ok|okay|a)\b|explain\b|what (?:if|happens)\b"
    r"|what(?: is|'s|s)? the (?:point|best way)\b|i (?:like|love|hate|got|was|am)\b)",
    re.I,
)
_PROSE_INSIDE = re.compile(r"\b(?:worth|should (?:i|we)|how do i|deadline|due)\b", re.I)
_OVERVIEW = re.compile(
    r"^\W*(?:(?:please|hi|hey|hello|ok|can you|could you)\W+)*"
    r"(?:(?:tell|inform) (?:me|us) (?:more |something |a bit )?(?:about|of)"
    r"|what (?:can|do) (?:you|u) (?:tell me|know|have|say) (?:about|on)|what is known (?:about|of)"
    r"|(?:what|how) about|how(?: is|'s|s)"
    r"|(?:give me )?(?:an |the )?(?:overview|summary|profile|facts|info|information|stats|data)"
    r"(?: about| of| on| for)|describe|show me|look ?up|what(?: is|'s|s)|who is|about)\W+"
    r"(?:the )?it(?:\W+(?:and|or|versus|vs)?\W*(?:the )?it)*\W*(?:please|pls|thanks|like)?\W*$",
    re.I,
)
_FOLLOWS = re.compile(
    r"^\W*(?:and\b|what about\b|how about\b|what of\b|or\b|also\b|then\b|same for\b|now for\b"
    r"|but what about\b|ok,? (?:and|what about)\b|what is it (?:for|at|in)\b)",
    re.I,
)
_ADDS = re.compile(
    r"\b(?:compare (?:that|it|this|them|those)|compared? (?:to|with)|vs|add)\b", re.I
)
_POINTS = re.compile(
    r"\b(?:(?:which|what|any) (?:one )?(?:of (?:those|these|them|the two)|one)|its|their|them"
    r"|they|there|these|those|it)\b",
    re.I,
)
THERE_ARE = re.compile(r"\b(?:are|is|were) there\b|\bthere (?:are|is|were)\b", re.I)
_COMPARE_WORDS = frozenset(
    {"compare", "compared", "comparing", "comparison", "vs", "versus", "v", "difference"}
    | {"differences", "differ", "against", "between"}
)
_SLOTS = frozenset({"of", "at", "for", "in"})
_ASKED = re.compile(r"^w*(x{1,3})w*s(?:w*)Ew*$|^w*E(x{1,3})w*$")


@dataclass(frozen=True)
class Reading:
    """What was understood of a question, and `leftover`, the words that were not.

    `bare`: nothing but names. `only_fields`: nothing but fields. `asked`: the words that ask for
    an unknown field, where the question has the shape of asking for one. `checks`: field and
    value of "is it private?". `masked`: the question with a stand-in for each name.
    The other flags are cues, named as they work.
    """

    mentions: tuple[Mention, ...]
    matches: tuple[FieldMatch, ...]
    fields: tuple[str, ...]
    leftover: tuple[str, ...]
    words: int
    prose: bool
    overview: bool
    compares: bool
    comparative: bool
    follows: bool
    adds: bool
    points: bool
    bare: bool
    only_fields: bool
    asked: str
    checks: tuple[tuple[str, str], ...]
    masked: str


def is_prose(question: str) -> bool:
    """Whether a question asks for an explanation or advice and not for a figure."""
    return bool(_PROSE.match(question) or _PROSE_INSIDE.search(question))


class Reader:
    """Takes questions about one table apart."""

    def __init__(self, table: TableCard, kind_words: frozenset[str]) -> None:
        self._fields = FieldIndex(table)
        own = {
            w for t in (table.entity, table.entity_plural, *table.entity_words) for w in phrase(t)
        }
        self._kinds = kind_words
        plain = {word for text in table.plain_words for word in phrase(text)}
        self._filler = FILLER | kind_words | own | plain
        self._described = {
            stems(phrase(text)): (field.key, value)
            for field in table.fields
            if field.key not in table.label_fields
            for value, others in field.values.items()
            for text in (value, *others)
            if text.lower() not in ("yes", "no")
        }
        self._values = {
            phrase(text)
            for field in table.fields
            for value, others in field.values.items()
            for text in (value, *others)
        }

    def read(self, question: str, mentions: Sequence[Mention]) -> Reading:
        """Take a question apart, given the mentions that were found in it."""
        tokens = tokenize(question)
        kept = self._supported(question, tokens, mentions)
        masked, places = _mask(tokens, kept)
        checks = self._checks(masked)
        found = [
            m for m in self._fields.find(masked) if not any(_overlaps(m, c) for c, _ in checks)
        ]
        matches = [*self._fields.told(found, masked), *(match for match, _ in checks)]
        matches.sort(key=lambda match: match.first)
        fields = self._fields.choose(matches)
        covered = {i for match in [*matches, *found] for i in range(match.first, match.last)}
        said = [None if p is None else tokens[p].text for p in places]
        left = self._left_over(masked, said, covered, fields)
        text = _rebuild(question, kept, PLACEHOLDER)
        return Reading(
            mentions=tuple(kept),
            matches=tuple(matches),
            fields=fields,
            leftover=tuple(word for i in left if (word := said[i]) is not None),
            words=len(masked),
            prose=is_prose(_rebuild(question, kept, "Name"))
            and not _asks_for_figures(masked, kept, matches),
            overview=bool(_OVERVIEW.match(text)),
            compares=_compares(masked) or (len(kept) > 1 and "or" in masked),
            comparative=any(match.comparing for match in matches),
            follows=bool(_FOLLOWS.match(text)),
            adds=bool(_ADDS.search(text)),
            points=bool(_POINTS.search(THERE_ARE.sub(" ", question))),
            bare=not matches and _only_names(masked, kept),
            only_fields=bool(masked) and covered.issuperset(range(len(masked))),
            asked=_asked(masked, said, set(left)),
            checks=tuple(check for _, check in checks),
            masked=text,
        )

    def _left_over(
        self,
        masked: Sequence[str],
        said: Sequence[str | None],
        covered: Set[int],
        fields: Sequence[str],
    ) -> list[int]:
        """Return the places of the words of which nothing was understood."""
        understood = {word for key in fields for word in self._fields.own_words(key)}
        return [
            i
            for i, word in enumerate(masked)
            if i not in covered and said[i] is not None
            if word not in understood and not self._is_filler(word)
        ]

    def _checks(self, masked: Sequence[str]) -> list[tuple[FieldMatch, tuple[str, str]]]:
        """Return the values that a question of the shape "is it a private one?" asks about."""
        pairs = set(itertools.pairwise(word for word in masked if word != "the"))
        several = any(w.endswith("s") and stems([w])[0] in stems(self._kinds) for w in masked)
        if not pairs & {("is", PLACEHOLDER), (PLACEHOLDER, "is")} or several or "than" in masked:
            return []
        stemmed = stems(masked)
        found: list[tuple[FieldMatch, tuple[str, str]]] = []
        for size in range(4, 0, -1):
            for first in range(len(masked) - size + 1):
                check = self._described.get(stemmed[first : first + size])
                match = FieldMatch(first, first + size, (check[0],) if check else (), False)
                if check and not any(_overlaps(match, other) for other, _ in found):
                    found.append((match, check))
        return found

    def _is_filler(self, word: str) -> bool:
        return word in self._filler or (len(word) == 1 and not word.isdigit())

    def _supported(
        self, question: str, tokens: Sequence[Token], mentions: Sequence[Mention]
    ) -> list[Mention]:
        """Drop mentions that are more likely ordinary words, or part of a field's words."""
        inside = {
            i
            for match in self._fields.find([token.norm for token in tokens])
            for i in range(match.first, match.last)
            if match.last - match.first > 1
        }
        kept = [m for m in mentions if not (m.last - m.first == 1 and m.first in inside)]
        if any(m.known for m in kept) and not _compares([token.norm for token in tokens]):
            kept = [m for m in kept if m.known or self._is_named(tokens, m)]
        return [m for m in kept if not self._is_ordinary(question, tokens, m, kept)]

    def _is_named(self, tokens: Sequence[Token], mention: Mention) -> bool:
        """Whether a name says itself that it is one: by a kind ("Oxford University"), or a code."""
        return mention.is_code or any(
            token.norm in self._kinds for token in tokens[mention.first : mention.last]
        )

    def _is_ordinary(
        self, question: str, tokens: Sequence[Token], mention: Mention, others: Sequence[Mention]
    ) -> bool:
        """Whether a mention stands where an ordinary word or a place would stand.

        "In Washington" is a place. A weak word right beside another name belongs to that name,
        and one behind a word that nobody understands is as likely a word like that.
        """
        before = tokens[mention.first - 1].norm if mention.first else ""
        if any(other.last == mention.first for other in others):
            before = ""
        words = tuple(token.norm for token in tokens[mention.first : mention.last])
        if words in self._values and before in ("in", "from"):
            return True
        if not mention.weak:
            return False
        if any(_touch(question, mention, other) for other in others):
            return True
        understood = self._is_filler(before) or before in self._fields.vocabulary
        return bool(before) and not tokens[mention.first].capital and not understood


def _overlaps(one: FieldMatch, other: FieldMatch) -> bool:
    return one.first < other.last and other.first < one.last


def _touch(question: str, one: Mention, other: Mention) -> bool:
    """Whether two mentions stand side by side with nothing but space between them."""
    if one.last != other.first and other.last != one.first:
        return False
    first, second = sorted((one, other), key=lambda mention: mention.start)
    return not question[first.end : second.start].strip()


def _mask(
    tokens: Sequence[Token], mentions: Sequence[Mention]
) -> tuple[list[str], list[int | None]]:
    """Return the words with each mention as one placeholder, and the token each comes from."""
    starts = {mention.first: mention for mention in mentions}
    words: list[str] = []
    places: list[int | None] = []
    i = 0
    while i < len(tokens):
        if i in starts:
            words.append(PLACEHOLDER)
            places.append(None)
            i = starts[i].last
        else:
            words.append(tokens[i].norm)
            places.append(i)
            i += 1
    return words, places


def _rebuild(question: str, mentions: Sequence[Mention], stand_in: str) -> str:
    """Return the question with a stand-in for each mention."""
    for mention in sorted(mentions, key=lambda m: -m.start):
        question = f"{question[: mention.start]}{stand_in}{question[mention.end :]}"
    return question


def _compares(words: Sequence[str]) -> bool:
    return any(word in _COMPARE_WORDS for word in words)


def _asks_for_figures(
    masked: Sequence[str], kept: Sequence[Mention], matches: Sequence[FieldMatch]
) -> bool:
    """Whether a question with the shape of one for prose compares names or begins with a field."""
    who = len(kept) > 1 and bool(matches) and masked[0] in ("who", "whose")
    field_first = bool(kept) and bool(matches) and matches[0].first == 0
    return _compares(masked) or who or field_first


def _only_names(masked: Sequence[str], kept: Sequence[Mention]) -> bool:
    """Whether a text is nothing but names that are surely meant as such."""
    sure = all(not m.weak or m.words[0].isupper() or m.tier == "alias" for m in kept)
    return bool(kept) and sure and set(masked) <= {PLACEHOLDER, "and", "or", "the"}


def _asked(masked: Sequence[str], said: Sequence[str | None], left: set[int]) -> str:
    """Return the words in the place of a field: "X at <name>", "<name>'s X"; else nothing."""
    shape = "".join(
        "E" if said[i] is None else "x" if i in left else "s" if word in _SLOTS else "w"
        for i, word in enumerate(masked)
    )
    match = _ASKED.match(shape)
    if match is None:
        return ""
    group = 1 if match[1] else 2
    return " ".join(filter(None, said[match.start(group) : match.end(group)]))
