"""Whether a passage answers a question, told by signs inside it (development version)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from rapidfuzz import fuzz

from bot.asking import holds, kind_of
from bot.names import Token, tokenize, words_of
from bot.polarity import contradicts, negates, other_prefixes, turns_around
from bot.text import stem
from ingest.lexical import STOP_WORDS

_FUNCTION = STOP_WORDS | words_of(
    "name named names called call type types kind kinds sort many much did dont doesnt didnt isnt"
    " wasnt arent cant wont im its whats whos s t thing things being"
)
_SAME = 84.0
_PREFIX = 5


class Found:
    """The words of a text."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.stems = {stem(t.bare) for t in tokens}
        self.bare = {t.bare for t in tokens}
        self._long = [b for b in self.bare if len(b) >= _PREFIX]

    def has(self, token: Token) -> bool:
        b = token.bare
        if b in self.bare or stem(b) in self.stems:
            return True
        if len(b) < _PREFIX:
            return False
        return any(
            o[0] == b[0]
            and (
                (o[:_PREFIX] == b[:_PREFIX] and abs(len(o) - len(b)) <= 5)
                or fuzz.ratio(o, b) >= _SAME
            )
            for o in self._long
        )


def content(tokens: Sequence[Token]) -> list[Token]:
    return [t for t in tokens if t.bare not in _FUNCTION and t.norm not in _FUNCTION] or list(
        tokens
    )


def is_name(token: Token, first: bool) -> bool:
    return (
        token.text[0].isdigit()
        or (token.capital and not first)
        or (len(token.text) > 1 and token.text.isupper() and token.capital)
    )


def signs(question, qv, sents, vecs, header, b, wo=None):
    F = {}
    q = tokenize(question)
    c = content(q)
    W = [tokenize(s) for s in sents]
    head = tokenize(header)
    near = [i for i in (b - 1, b, b + 1) if 0 <= i < len(sents)]
    whole = Found([t for s in W for t in s] + head)
    there = Found([t for i in near for t in W[i]] + head)
    only = Found(W[b] + head)
    cos = vecs @ qv
    F["cosine"] = float(cos[b])
    F["cos_max"] = float(cos.max())
    prs = [vecs[b] + vecs[i] for i in near if i != b]
    F["pair"] = max([float(cos[b])] + [float(v @ qv / np.linalg.norm(v)) for v in prs])
    hw = [whole.has(w) for w in c]
    ht = [there.has(w) for w in c]
    ho = [only.has(w) for w in c]
    F["cov_whole"] = float(np.mean(hw))
    F["cov_near"] = float(np.mean(ht))
    F["cov_sent"] = float(np.mean(ho))
    k = kind_of(question)
    F["_kind"] = k
    yn = k == "yes or no"
    nm = [(w, a, t) for w, a, t in zip(c, hw, ht) if is_name(w, w.start == q[0].start)]
    F["names_missing"] = float(min(2, sum(not a for _, a, _ in nm)))
    F["names_near"] = float(min(2, sum(not t for _, _, t in nm)))
    asked = {t.bare for t in q}
    F["kind_missing"] = float(not holds(k, W[b], asked))
    F["kind_near"] = float(not any(holds(k, W[i], asked) for i in near))
    F["kn_mix"] = F["kind_missing"] + F["kind_near"]
    nq = negates(question)
    ns = negates(sents[b])
    nn = any(negates(sents[i]) for i in near)
    F["negated"] = float(nq and not ns and not yn)
    F["negated_near"] = float(nq and not nn and not yn)
    F["negated_there"] = float(ns and not nq and not yn)
    F["negated_all"] = float(nq and not ns)
    qs = {stem(t.bare) for t in q if not (t.capital and t.start)}
    F["opposite"] = float(not yn and contradicts(qs, there.stems))
    F["opp_all"] = float(contradicts(qs, there.stems))
    F["opp_sent"] = float(not yn and contradicts(qs, only.stems))
    F["turned"] = float(
        turns_around([t.bare for t in q], there.stems)
        or other_prefixes(question, " ".join(sents) + header)
    )
    F["polarity"] = float(bool(F["negated_near"] or F["opposite"] or F["turned"]))
    F["polarity2"] = F["negated_near"] + F["opposite"] + F["turned"]
    F["qlen"] = float(len(c))
    F["yesno"] = float(yn)
    F["any"] = float(k == "anything")
    low = [a for w, a in zip(c, hw) if not is_name(w, w.start == q[0].start)]
    F["low_missing"] = float(min(3, sum(not a for a in low)))
    bs = [stem(t.bare) for t in W[b]]
    st = [stem(t.bare) for t in q]
    cs = {stem(t.bare) for t in c}
    bg = {x for x in zip(st, st[1:]) if x[0] in cs or x[1] in cs}
    F["bigrams"] = len(bg & set(zip(bs, bs[1:]))) / max(1, len(bg))
    sup = [
        t
        for t in q
        if re.fullmatch(r"\w{3,}est|most|least|first|last|only|best|worst|fewest", t.bare)
        and t.bare not in ("interest", "west", "forest", "test", "rest", "request", "latest")
    ]
    F["sup_missing"] = float(any(not there.has(t) for t in sup))
    m = re.search(r"\b(?:what|which|how many|how much)\s+((?:\w+\s+)?\w+)", question.lower())
    foc = [t for t in tokenize(m[1]) if t.bare not in _FUNCTION] if m else []
    F["focus_missing"] = float(bool(foc) and not any(there.has(t) for t in foc))
    F["focus_whole"] = float(bool(foc) and not any(whole.has(t) for t in foc))
    hm = re.search(r"\bhow many\s+((?:\w+\s+){0,2}?\w+)", question.lower())
    F["count_unbound"] = 0.0
    if hm:
        noun = [t for t in tokenize(hm[1]) if t.bare not in _FUNCTION]
        if noun:
            nst = {stem(t.bare) for t in noun}
            ok = any(
                stem(t.bare) in nst and any(x.text[0].isdigit() for x in W[i][max(0, j - 4) : j])
                for i in near
                for j, t in enumerate(W[i])
            )
            F["count_unbound"] = float(not ok)
    for nm_, have in (("n", ht), ("w", hw), ("o", ho)):
        F["_wo_" + nm_] = without(question, [w for w, h in zip(c, have) if not h])
    return F


def without(question, missing):
    out = []
    at = 0
    for t in missing:
        out.append(question[at : t.start])
        at = t.end
    return " ".join((" ".join(out) + " " + question[at:]).split())
