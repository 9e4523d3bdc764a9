"""Questions in several parts: what each part asks, so that each can be retrieved for by itself.

Three kinds: several questions in one ("What is early decision, and what does it bind me to?"),
comparisons ("subsidized vs unsubsidized loans") and statements set against each other ("..., while
..."). It is done by English grammar words alone; no word of a domain is in it.

Not covered: parts that lean on each other in other ways than "it", and comparisons across
sentences.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

MIN_WORDS = 3
MAX_PARTS = 5
MAX_ITEM_WORDS = 16
MIN_STATEMENT_WORDS = 5
_ASKS = (
    r"(?:what|how|which|who|when|where|why|is|are|does|do|can|could|should|will|tell|compare"
    r"|explain|show|list|(?:what|how|where|when|who)s)(?:'s|’s)?\b"
)
_BETWEEN = re.compile(rf"(?:[?;.!]\s*(?:and|also|then)?|,?\s+and(?:\s+also)?)\s+(?={_ASKS})", re.I)
_SUBJECT = re.compile(
    r"^\W*(?:what(?: is|'s|’s| are)|explain|define)\s+(?:an? |the )?([\w\s-]{2,40}?)\W*$", re.I
)
_IT = re.compile(r"\bit\b", re.I)

# What introduces things that are compared: "items" are a list of them, "one" and "other" a pair;
# "rest" is said of each, and "asked" is what the question asks of each.
_COMPARISONS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"\b(?:differen\w+|distinction|distinguish\w*|similarit\w+|comparison|contrast|relation\w*"
        r"|choose|choice|decide)\b[^,;:]{0,40}?\b(?:between|among) (?P<items>.+)$",
        r"\b(?:compare|distinguish) (?P<one>(?:(?! and ).)+?) (?:with|to|from|against)"
        r" (?P<other>(?:(?! and ).)+)$",
        r"\bcompare (?P<items>.+)$",
        r"\bhow (?:do|does|did|are|is) (?P<one>.+?) (?:differ|compare|different)"
        r" (?:from|with|to) (?P<other>.+)$",
        r"\bhow (?:do|does|did|are|is) (?P<items>.+?) (?:differ|compare|different|alike|similar)"
        r"(?: (?P<rest>.+))?$",
        r"\bwhat (?:do|does) (?P<items>.+?) have in common$",
        r"^(?:do|does|did|are|were|have|can) (?P<items>.+ and .+?) both (?P<asked>.+)$",
        r"^between (?P<items>[^,]+ and [^,]+), (?P<asked>.+)$",
        r"\bwhat (?:sets|distinguishes|makes) (?P<one>.+?)(?: apart| different)? from"
        r" (?P<other>.+)$",
        r"^(?:is|are) (?P<one>.+?) (?:any |much |really )?(?:the same|different|better|worse|\w+er"
        r"|(?:more|less|as) \w+) (?:than|as|from|to) (?P<other>.+)$",
        r"^(?:which|what)\b[^,:]*[,:] ?(?P<items>.+ or .+)$",
        r"^(?:is|are) (?P<items>.+ or .+?) (?:better|worse|\w+er|(?:more|less) \w+)\b.*$",
        r"^(?:what(?: is|'s|’s| are) |explain )?(?P<items>[^:;,]+ (?:vs\.?|versus) [^:;,]+)",
        r"^(?P<one>.+?) (?:compared|as opposed|in contrast) (?:to|with) (?P<other>.+)$",
    )
)
_ITEM_ENDS = re.compile(r",? (?:and|or|vs\.?|versus) |, ", re.I)
_LEADS = re.compile(r"^(.+ (?:of|for|about|to) )(.+)$", re.I)
_TRAILS = re.compile(r"^(.+?)( (?:for|in|at|when|if|on|during|as|after|before) .+)$", re.I)
_ARTICLE = re.compile(r"^(?:an?|the|my|your|our|their)\b", re.I)
_ASKING = re.compile(r"^(?:which|what|how|who|why|is|are|do|does|should|can)\b", re.I)
_POINTING = re.compile(r"it|this|that|these|those|they|there", re.I)
_AGAINST = re.compile(r",? (?:while|whereas|(?:as )?compared (?:to|with)|in contrast to) ", re.I)
_QUOTES = "\"'“”‘’"


def split_parts(text: str) -> list[str]:
    """Return the parts of a question that each ask something; the whole where it has only one."""
    parts = [part.strip() for part in _BETWEEN.split(text)]
    if any(len(part.split()) < MIN_WORDS for part in parts):
        return [text]
    subject = _SUBJECT.match(parts[0])
    if subject is None:
        return parts
    # "What is net price, and what is it at Rice?": the second asks for what the first explains.
    return [parts[0], *(_IT.sub(lambda _: subject[1], part, count=1) for part in parts[1:])]


@dataclass(frozen=True)
class Part:
    """A part of a question: what it is about, in the question's words, and what to look for."""

    name: str
    query: str


def parts_of(text: str) -> list[Part]:
    """Return the parts of a question, two to five; nothing for a question with only one."""
    asked, statements = split_parts(text), _AGAINST.split(_bare(text))
    if 2 <= len(asked) <= MAX_PARTS:
        return [Part(_bare(part), part) for part in asked]
    if things := compared(text):
        return things
    if 2 <= len(statements) <= MAX_PARTS and all(map(_says_something, statements)):
        return [Part(_bare(part), part) for part in statements]
    return []


def compared(text: str) -> list[Part]:
    """Return the things that a question compares, each with what is said of all of them.

    "Compare the cost of AP and IB for adults" gives "the cost of AP for adults" and "the cost of
    IB for adults". Nothing where the question compares nothing.
    """
    for pattern in _COMPARISONS:
        if match := pattern.search(_bare(text)):
            said = match.groupdict(default="")
            items = _pair(said) if "one" in said else _list(said["items"])
            if 2 <= len(items) <= MAX_PARTS and all(map(_is_item, items)):
                return [_part(item, said) for item in _complete(items)]
    return []


def _pair(said: Mapping[str, str]) -> list[str]:
    return _with_first_noun(_bare(said["one"]), _bare(said["other"]))


def _list(text: str) -> list[str]:
    items = [item for part in _ITEM_ENDS.split(text) if (item := _bare(part))]
    last = _TRAILS.sub(r"\1", items[-1]) if items else ""
    return [_with_noun(item, last) for item in items]


def _part(item: str, said: Mapping[str, str]) -> Part:
    name = f"{item} {said.get('rest', '')}".strip()
    asked = said.get("asked")
    return Part(name, f"{name} {asked}" if asked else f"What is {name}?")


def _bare(text: str) -> str:
    return text.strip(f" ?.!,;:{_QUOTES}")


def _says_something(statement: str) -> bool:
    return len(statement.split()) >= MIN_STATEMENT_WORDS


def _with_first_noun(one: str, other: str) -> list[str]:
    """Return "ceramic pads", "organic pads" for "ceramic pads" and "organic"."""
    longer = one.split()
    alone = len(other.split()) == 1 and other.islower() and not other.endswith("s")
    return [one, f"{other} {longer[-1]}" if alone and len(longer) == 2 else other]


def _is_item(text: str) -> bool:
    return len(text.split()) <= MAX_ITEM_WORDS and not (
        _ASKING.match(text) or _POINTING.fullmatch(text)
    )


def _complete(items: list[str]) -> list[str]:
    """Give each item what stands before the first one or behind the last and is said of all."""
    *others, last = items
    if (trails := _TRAILS.match(last)) and not any(map(_TRAILS.match, others)):
        return [item + trails[2] for item in _complete([*others, trails[1]])]
    first, *others = items
    if (leads := _LEADS.match(first)) and all(_alike(leads[2], item) for item in others):
        return [leads[1] + item for item in _complete([leads[2], *others])]
    return items


def _alike(first: str, item: str) -> bool:
    """Whether an item may stand where the first does: both with an article, or both without."""
    articles = bool(_ARTICLE.match(first)) == bool(_ARTICLE.match(item))
    return articles and not _LEADS.match(item)


def _with_noun(item: str, last: str) -> str:
    """Return "subsidized loans" for "subsidized", where the last item is "unsubsidized loans".

    What is a name (written in capitals) or looks like a plural is a noun itself.
    """
    alone = len(item.split()) == 1 and item.islower() and not item.endswith("s")
    longer = last.split()
    return f"{item} {longer[-1]}" if alone and len(longer) > 1 else item
