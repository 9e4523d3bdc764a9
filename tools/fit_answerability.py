"""Fit the weights of bot/answerability.py and write how well they do: bench/abstention.md.

Answerable questions and near misses come from SQuAD 2.0's own (a folder of ../shared/data, each
with its paragraph given) and from the college pack (the guides' questions and abstention.jsonl,
with what is retrieved). Off-topic requests, with what is retrieved, teach it what far means.

The fit is logistic regression with a ridge penalty that is not tuned, on standardised signs;
everything reported is cross-validated over groups, so that no paragraph is on both sides. Run it
again when a sign changes, and copy the numbers that it prints:

    .venv/bin/python tools/fit_answerability.py --data ../shared/data
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bot.abstention_evaluation import (  # noqa: E402
    AbstentionCase,
    Judged,
    auroc,
    grouped_auroc,
    judge_folder,
    judge_pack,
    read_cases,
    read_folder,
)
from bot.answerability import SIGNS  # noqa: E402
from bot.intervals import Interval, wilson  # noqa: E402
from bot.scope import conformal_threshold  # noqa: E402
from ingest.domain import load_card  # noqa: E402
from ingest.embeddings import make_embeddings  # noqa: E402
from ingest.index import Index  # noqa: E402
from ingest.paths import domain_paths  # noqa: E402
from ingest.progress import NoProgress  # noqa: E402
from ingest.settings import Settings  # noqa: E402

Floats = NDArray[np.float64]
PENALTY = 10.0
FOLDS = 10
REPEATS = 5
SEED = 20_261_121
TURNED_DOWN = 0.12
EVERY_OFF_TOPIC = 25
TRIED = """\
Tried beside these signs and left out, since none moved the AUROC (paragraph given) by more than
0.005: shares of the question's terms in sentence and passage, weighed by rarity or not; the same
with word vectors for words that are missing; late interaction over the encoder's token vectors;
question and sentence sharing neighbouring words; the head noun, superlatives or ordinals missing;
cosines of clauses, of pairs of sentences embedded together, of the question as a statement; the
passage's cosine and its lead over others; a "not" in the passage alone; WordNet's antonyms beside
our own list; principal components of the difference or product of both vectors (worse by 0.01 to
0.05). A question of yes or no was answerable more often among our own: that is how we wrote them,
and no sign."""
RATES = (0.05, 0.10, 0.12, 0.15, 0.20)


@dataclass(frozen=True)
class Examples:
    """Judged cases of one kind; `left_out` are places of signs that do not count."""

    name: str
    judged: tuple[Judged, ...]
    fitted: bool = True
    left_out: tuple[int, ...] = ()

    @property
    def signs(self) -> Floats:
        """The signs, shape (cases, signs)."""
        every = np.array([astuple(one.signs) for one in self.judged if one.signs])
        return np.delete(every, self.left_out, axis=1)

    @property
    def labels(self) -> Floats:
        """1 for each answerable case, else 0."""
        return np.array([float(one.case.answerable) for one in self.judged])

    @property
    def groups(self) -> list[str]:
        """What cases share that must not be on both sides of a fold."""
        return [one.case.paragraph or f"{self.name} {one.case.id}" for one in self.judged]


@dataclass(frozen=True)
class Fit:
    """A logistic model on standardised signs."""

    middle: Floats
    spread: Floats
    weights: Floats

    @classmethod
    def of(cls, signs: Floats, labels: Floats) -> Fit:
        """Fit by Newton's method; the intercept is not penalised."""
        middle, spread = signs.mean(axis=0), signs.std(axis=0) + 1e-9
        x = np.column_stack([np.ones(len(signs)), (signs - middle) / spread])
        ridge = np.diag([1e-6, *[PENALTY] * signs.shape[1]])
        weights = np.zeros(x.shape[1])
        for _ in range(30):
            said = _logistic(x @ weights)
            slope = x.T @ (said - labels) + ridge @ weights
            curve = (x * (said * (1 - said))[:, None]).T @ x + ridge
            weights -= np.linalg.solve(curve, slope)
        return cls(middle, spread, weights)

    def __call__(self, signs: Floats) -> Floats:
        """Return probabilities."""
        return _logistic(self.weights[0] + (signs - self.middle) / self.spread @ self.weights[1:])

    @property
    def plain(self) -> tuple[float, Floats]:
        """The intercept and the weights for signs as they are."""
        weights = self.weights[1:] / self.spread
        return float(self.weights[0] - weights @ self.middle), weights


def _logistic(values: Floats) -> Floats:
    return 1 / (1 + np.exp(-values))


def cross_validated(sets: Sequence[Examples]) -> list[Floats]:
    """Return for each set what models say that saw nothing of a case's group, averaged."""
    fitted = [one for one in sets if one.fitted]
    signs = np.concatenate([one.signs for one in fitted])
    labels = np.concatenate([one.labels for one in fitted])
    groups = [group for one in fitted for group in one.groups]
    said = [np.zeros(len(one.judged)) for one in sets]
    rng = np.random.default_rng(SEED)
    names = sorted(set(groups))
    for _ in range(REPEATS):
        fold_of = dict(zip(names, rng.permutation(len(names)) % FOLDS, strict=True))
        folds = np.array([fold_of[group] for group in groups])
        fits = [Fit.of(signs[folds != f], labels[folds != f]) for f in range(FOLDS)]
        for one, out in zip(sets, said, strict=True):
            own = np.array([fold_of[group] for group in one.groups])
            for f, fit in enumerate(fits):
                out[own == f] += fit(one.signs)[own == f] / REPEATS
    return said


def main(data: Path, domain: Path) -> None:
    """Read, judge, fit, report."""
    sets = list(_sets(data, domain))
    said = cross_validated(sets)
    fit = Fit.of(
        np.concatenate([one.signs for one in sets if one.fitted]),
        np.concatenate([one.labels for one in sets if one.fitted]),
    )
    pack = next(i for i, one in enumerate(sets) if one.name == "the pack's questions")
    fair = said[pack][sets[pack].labels == 1]
    threshold = conformal_threshold(fair, TURNED_DOWN)
    intercept, weights = fit.plain
    print(f"INTERCEPT = {intercept:.3f}")
    for name, weight in zip(SIGNS, weights, strict=True):
        print(f"    {name}={weight:.3f},")
    print(f"THRESHOLD = {threshold:.2f}")
    report = "\n".join(_report(sets, said, fit, fair, round(threshold, 2)))
    (ROOT / "bench" / "abstention.md").write_text(report + "\n", encoding="utf-8")
    print(report)


def _sets(data: Path, domain: Path) -> Sequence[Examples]:
    settings = Settings(domain=domain)
    card = load_card(domain)
    embeddings = make_embeddings(settings)
    given, retrieved = judge_folder(read_folder(data / "squad2_500"), embeddings, NoProgress())
    index = Index(card, domain_paths(settings, card), embeddings)
    try:
        questions = domain / "questions"
        cases = [*read_cases(questions / "abstention.jsonl"), *_sections(questions)]
        pack = judge_pack(index, cases, "pack")
        # A set needs both kinds; the fair question is taken out again.
        off = judge_pack(index, [*_off_topic(data), *_sections(questions)[:1]], "off-topic")
    finally:
        index.close()
    return [
        Examples("paragraph given", given.judged),
        Examples("paragraph retrieved", retrieved.judged, fitted=False),
        Examples("the pack's questions", pack.judged),
        Examples("off-topic", tuple(one for one in off.judged if not one.case.answerable)),
    ]


def _sections(questions: Path) -> list[AbstentionCase]:
    lines = (questions / "retrieval" / "guides.jsonl").read_text(encoding="utf-8").splitlines()
    entries = map(json.loads, lines)
    return [AbstentionCase(id=e["id"], question=e["question"], answerable=True) for e in entries]


def _off_topic(data: Path) -> list[AbstentionCase]:
    path = data / "scope" / "offtopic_clinc150_dev.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()[::EVERY_OFF_TOPIC]
    return [
        AbstentionCase(id=f"off-topic {n}", question=json.loads(line)["text"], answerable=False)
        for n, line in enumerate(lines)
    ]


# --- the report -------------------------------------------------------------------------------


def _report(
    sets: Sequence[Examples], said: Sequence[Floats], fit: Fit, fair: Floats, threshold: float
) -> list[str]:
    answered = int(sets[0].labels.sum())
    return [
        "# Telling what is answered from what is only near",
        "",
        f"Written by `tools/fit_answerability.py` on {date.today()}. Cross-validated over groups"
        f" ({FOLDS} folds, {REPEATS} times): no model saw a paragraph that it judges. SQuAD 2.0"
        f" questions: {answered} answered by their paragraph, {len(sets[0].labels) - answered}"
        " near misses.",
        "",
        "| AUROC, 95% interval over paragraphs | signs | cosine | BM25 | accuracy | Brier |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_row(one, out, threshold) for one, out in zip(sets, said, strict=True) if _both(one)),
        "",
        f"The threshold, {threshold}, turns down {TURNED_DOWN:.0%} of the pack's answerable"
        " questions (split-conformal). What other rates would mean:",
        "",
        "| turned down, as chosen | threshold | " + " | ".join(_columns(sets)) + " |",
        "| --- | --- | " + " | ".join("---" for _ in _columns(sets)) + " |",
        *(_trade(rate, fair, sets, said) for rate in RATES),
        "",
        "| probability said | " + " | ".join(one.name for one in sets if _both(one)) + " |",
        "| --- | " + " | ".join("---" for one in sets if _both(one)) + " |",
        *_reliability(sets, said),
        "",
        "| sign | weight | standardised | AUROC without it (paragraph given) |",
        "| --- | --- | --- | --- |",
        *_weights(sets, fit),
        "",
        TRIED,
    ]


def _both(one: Examples) -> bool:
    return 0 < one.labels.sum() < len(one.labels)


def _row(one: Examples, said: Floats, threshold: float) -> str:
    labels, groups = one.labels, one.groups
    areas = [
        grouped_auroc(labels, said, groups),
        grouped_auroc(labels, np.array([j.cosine for j in one.judged]), groups),
        grouped_auroc(labels, np.array([j.bm25 for j in one.judged]), groups),
    ]
    right = wilson(int(np.sum((said >= threshold) == (labels == 1))), len(labels))
    best = max(np.mean((said >= t) == (labels == 1)) for t in np.unique(said))
    brier = np.mean((said - labels) ** 2)
    cells = " | ".join(map(_cell, areas))
    return f"| {one.name} | {cells} | {_cell(right)} (at best {best:.3f}) | {brier:.3f} |"


def _cell(interval: Interval) -> str:
    return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def _columns(sets: Sequence[Examples]) -> list[str]:
    return [
        f"{one.name}: {what}"
        for one in sets
        for what in (("turned down", "near misses answered") if _both(one) else ("answered",))
    ]


def _trade(rate: float, fair: Floats, sets: Sequence[Examples], said: Sequence[Floats]) -> str:
    threshold = conformal_threshold(fair, rate)
    cells = []
    for one, out in zip(sets, said, strict=True):
        if _both(one):
            cells.append(f"{np.mean(out[one.labels == 1] < threshold):.3f}")
        cells.append(f"{np.mean(out[one.labels == 0] >= threshold):.3f}")
    return f"| {rate:.0%} | {threshold:.2f} | {' | '.join(cells)} |"


def _reliability(sets: Sequence[Examples], said: Sequence[Floats]) -> list[str]:
    rows = []
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        cells = []
        for one, out in zip(sets, said, strict=True):
            if not _both(one):
                continue
            inside = (out >= low) & (out < low + 0.2)
            true = f"{one.labels[inside].mean():.2f}" if inside.any() else "-"
            cells.append(f"{true} answered of {inside.sum()}")
        rows.append(f"| {low:.1f} to {low + 0.2:.1f} | {' | '.join(cells)} |")
    return rows


def _weights(sets: Sequence[Examples], fit: Fit) -> list[str]:
    _, plain = fit.plain
    rows = []
    for place, name in enumerate(SIGNS):
        fewer = [replace(one, left_out=(place,)) for one in sets]
        area = auroc(sets[0].labels, cross_validated(fewer)[0])
        rows.append(f"| {name} | {plain[place]:.2f} | {fit.weights[place + 1]:+.2f} | {area:.3f} |")
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--domain", type=Path, default=ROOT / "corpus" / "colleges")
    arguments = parser.parse_args()
    main(arguments.data, arguments.domain)
