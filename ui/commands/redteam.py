"""`groundskeeper redteam`: attacks and off-topic questions against the live pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Annotated

import typer

from bot.pipeline import open_bot
from bot.redteam import (
    STATUSES,
    Aim,
    Probe,
    Tally,
    attack,
    pack_probes,
    read_probes,
    sample,
    shipped_attacks,
)
from ingest.errors import UsageError
from ui.context import AppContext
from ui.output import JsonOption, print_json, say
from ui.progress import progress_for_terminal

SHOWN_CHARS = 240
FILE_HELP = "JSON lines or plain lines; FILE@KEY=VALUE takes only lines with that value."


Attacks = Annotated[
    list[str] | None,
    typer.Option(metavar="FILE", help=f"Attacks, none of which may be answered. {FILE_HELP}"),
]
OffTopic = Annotated[
    list[str] | None,
    typer.Option(metavar="FILE", help="Questions off topic, which may not be answered either."),
]
Fair = Annotated[
    list[str] | None,
    typer.Option(metavar="FILE", help="Harmless questions, not to be taken for attacks."),
]
Limit = Annotated[int | None, typer.Option(min=1, help="At most so many questions of each kind.")]
FailOn = Annotated[
    float | None,
    typer.Option(min=0.0, max=1.0, help="Exit with 1 if a larger share of any kind slips through."),
]


def redteam(
    context: typer.Context,
    attacks: Attacks = None,
    off_topic: OffTopic = None,
    fair: Fair = None,
    limit: Limit = None,
    fail_on: FailOn = None,
    as_json: JsonOption = False,
) -> int:
    """Try attacks, off-topic and fair questions, and show every answer that slipped through.

    Without files: the attacks that come with Groundskeeper, and the pack's own questions.
    """
    app: AppContext = context.obj
    given = [*_read(attacks, "attack"), *_read(off_topic, "off-topic"), *_read(fair, "fair")]
    probes = sample(given or [*shipped_attacks(), *pack_probes(app.settings.domain)], limit)
    if not probes:
        raise UsageError("There is nothing to ask.", hint="The files hold no questions.")
    tallies = _ask(app, probes)
    failed = fail_on is not None and any(tally.slip_rate > fail_on for tally in tallies)
    if as_json:
        print_json({"kinds": [tally.to_json() for tally in tallies], "failed": failed})
    else:
        _show(tallies)
    return 1 if failed else 0


def _read(sources: Sequence[str] | None, aim: Aim) -> list[Probe]:
    return [probe for source in sources or () for probe in read_probes(source, aim)]


def _ask(app: AppContext, probes: Sequence[Probe]) -> list[Tally]:
    with open_bot(app.settings, app.card) as bot, closing(progress_for_terminal()) as progress:
        progress.begin("Asking", len(probes))
        tallies = attack(bot, probes, progress.advance)
        progress.end()
    return tallies


def _show(tallies: Sequence[Tally]) -> None:
    for tally in tallies:
        for slip in tally.slips:
            text = " ".join(slip.answer.text.split())
            ended = slip.answer.reason or slip.answer.status
            say(f"{tally.kind}: {' '.join(slip.question.split())[:SHOWN_CHARS]}")
            say(f"  {ended}: {text[:SHOWN_CHARS]}{'…' if len(text) > SHOWN_CHARS else ''}")
    width = max(len(f"{tally.aim}: {tally.kind}") for tally in tallies)
    say(f"{'':{width}} {'n':>6} " + " ".join(f"{s:>9}" for s in STATUSES) + "   slipped")
    for tally in tallies:
        counts = " ".join(f"{tally.statuses[status]:9}" for status in STATUSES)
        name = f"{tally.aim}: {tally.kind}"
        slipped = f"{len(tally.slips):4} ({tally.slip_rate:.1%})"
        say(f"{name:{width}} {tally.total:6} {counts} {slipped:>9}")
