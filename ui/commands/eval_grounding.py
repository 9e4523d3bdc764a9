"""`groundskeeper eval grounding`: false sentences that the verifier lets pass, sound ones it drops.

Both are made by a program from the pack's own documents and rows; the pack may add sound ones
written by hand.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.grounding_eval.measuring import GroundingResult, draw_cases, measure
from bot.grounding_eval.statements import read_hand_written
from bot.verify import verify
from ingest.domain import load_card
from ingest.embeddings import make_embeddings
from ingest.index import Index
from ingest.paths import domain_paths
from ingest.settings import Settings
from ui.context import AppContext
from ui.output import JsonOption, print_json, say
from ui.progress import progress_for_terminal

HAND_WRITTEN = Path("questions/grounding/paraphrases.jsonl")
MIN_CAUGHT = 0.97
MAX_REJECTED = 0.05


def grounding(
    context: typer.Context,
    seed: Annotated[int, typer.Option(help="The draw: the same seed draws the same.")] = 1,
    number: Annotated[
        int, typer.Option(min=20, max=10_000, help="How many false sentences, and sound ones.")
    ] = 500,
    held_out: Annotated[
        Path | None, typer.Option(help="Another pack's folder, measured beside with another seed.")
    ] = None,
    as_json: JsonOption = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="List every sentence that was judged wrongly.")
    ] = False,
) -> int:
    """Measure the verifier: false sentences caught, sound ones let through, kind by kind.

    Ends with status 1 if fewer than 97% of the false ones are caught or more than 5% of the sound
    ones turned away.
    """
    state: AppContext = context.obj
    results = {state.card.domain.name: _measure(state.settings, seed, number)}
    if held_out is not None:
        other = state.settings.model_copy(update={"domain": held_out})
        name = f"{load_card(held_out).domain.name} (held out)"
        results[name] = _measure(other, seed + 1, number)
    if as_json:
        print_json({name: result.to_json() for name, result in results.items()})
    else:
        for name, result in results.items():
            _show(name, result, verbose=verbose)
    return 0 if all(map(_is_good, results.values())) else 1


def _measure(settings: Settings, seed: int, number: int) -> GroundingResult:
    card = load_card(settings.domain)
    written = read_hand_written(settings.domain / HAND_WRITTEN)
    index = Index(card, domain_paths(settings, card), make_embeddings(settings))
    with closing(index), index.snapshot() as snapshot:
        cases = draw_cases(card, snapshot, written, seed, number)
    with closing(progress_for_terminal()) as progress:
        progress.begin("sentences", len(cases))
        result = measure(cases, verify, progress.advance)
        progress.end()
    return result


def _is_good(result: GroundingResult) -> bool:
    caught = 1 - result.of(sound=False).wrong_rate
    return caught >= MIN_CAUGHT and result.of(sound=True).wrong_rate <= MAX_REJECTED


def _show(name: str, result: GroundingResult, *, verbose: bool) -> None:
    say(name)
    for sound, right, wrong in ((False, "caught", "let pass"), (True, "let pass", "turned away")):
        say(f"  {'sound' if sound else 'false':24} {'n':>5} {right:>9} {wrong:>12}")
        kinds = {kind: told for kind, told in result.kinds.items() if told.sound == sound}
        for kind, told in [*kinds.items(), ("all", result.of(sound))]:
            say(f"    {kind:22} {told.total:5} {1 - told.wrong_rate:9.1%} {len(told.wrong):12}")
            for case in told.wrong if verbose and kind != "all" else []:
                _show_case(case)
    say(f"  {result.percentile(50):.1f} ms a sentence (p50), {result.percentile(99):.1f} ms (p99)")


def _show_case(case: dict[str, Any]) -> None:
    say(f"      {case['sentence']}")
    say(f"        {case['why'] or 'made from: ' + case['base']}")
