"""Cases of corrected documents, run again once the index has read the correction."""

from __future__ import annotations

import logging

from bot.privacy import Masker
from bot.review import Correction, Moderators, ReviewQueue
from ingest.domain import DomainCard
from ingest.errors import GroundskeeperError
from ingest.paths import domain_paths
from ingest.settings import Settings
from ui.output import note

log = logging.getLogger(__name__)


def run_corrections_again(settings: Settings, card: DomainCard) -> list[Correction]:
    """Run the cases again whose documents changed since; returns those, told to nobody yet.

    Where no report waits for a correction, no model is opened.
    """
    operator = Moderators.operator()
    reports = domain_paths(settings, card).reports
    with ReviewQueue(reports, masker=Masker(settings.phone_region)) as queue:
        if not queue.corrections(operator):
            return []
        # Only now: with the pipeline come seconds of imports.
        from bot.review.rerun import rerun_corrections
        from bot.review.workbench import open_workbench

        with open_workbench(settings, card) as bench:
            return rerun_corrections(queue, operator, bench)


def rerun_after_reindex(settings: Settings, card: DomainCard) -> None:
    """Do so after a reindex, which stands whatever comes of it; say what was run."""
    try:
        for done in run_corrections_again(settings, card):
            note(f"{done.reference} was run again, for {done.document} has changed")
    except GroundskeeperError as error:
        note(f"Reports of corrected documents were not run again: {error}")
    except Exception:
        log.exception("Reports of corrected documents could not be run again")
