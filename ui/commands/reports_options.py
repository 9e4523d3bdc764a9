"""The options that the commands on reports share, and the queue that they work on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from bot.privacy import Masker
from bot.review import Category, ReviewQueue
from bot.review.notify import Notices
from bot.review.query import Order
from ui.context import AppContext

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask first.")]

# Which report
Reference = Annotated[str, typer.Argument(help="The report's reference, such as R-7K3M9Q.")]
References = Annotated[
    list[str],
    typer.Argument(
        metavar="REFERENCE",
        default_factory=list,
        show_default=False,
        help="The reports, each by its reference, such as R-7K3M9Q.",
    ),
]
Version = Annotated[
    int | None, typer.Option(help="Refuse if the report has changed since this version.")
]
Note = Annotated[str, typer.Option("--note", help="A note for the history.")]

# Which reports
State = Annotated[list[str] | None, typer.Option(help="Only this state; can be given again.")]
Everything = Annotated[bool, typer.Option("--all", help="Closed reports as well.")]
Text = Annotated[
    str, typer.Option(help="Only with these words, in any order; the last may be begun.")
]
OfCategory = Annotated[Category | None, typer.Option(help="Only this category.")]
OfSeverity = Annotated[
    list[str] | None, typer.Option(help="Only this severity; can be given again.")
]
Assignee = Annotated[
    str, typer.Option(help="Only what this moderator has; @nobody for what is free.")
]
Document = Annotated[str, typer.Option(help="Only where this document is cited.")]
Model = Annotated[str, typer.Option(help="Only answers of this model.")]
MinDays = Annotated[int, typer.Option(min=0, help="Only reports at least this old.")]
MaxDays = Annotated[int, typer.Option(min=0, help="Only reports at most this old.")]
InOrder = Annotated[Order, typer.Option(help="What comes first.")]
Limit = Annotated[int, typer.Option(min=1, max=500, help="How many at most.")]
Offset = Annotated[int, typer.Option(min=0, help="How many to pass over.")]
Where = Annotated[
    str,
    typer.Option(
        metavar="FILTER",
        help="All that a filter finds: a view (unassigned, severe ...), or what stands after the ? "
        "of the moderation page's address, such as 'category=other&min_days=30'.",
    ),
]
OnlyShow = Annotated[bool, typer.Option("--dry-run", help="Only list which reports it would be.")]


@contextmanager
def open_queue(context: typer.Context) -> Iterator[ReviewQueue]:
    """Lend the review queue as the settings describe it. Raises SettingsError."""
    state: AppContext = context.obj
    masker, notices = Masker(state.settings.phone_region), Notices.of(state.settings)
    with ReviewQueue(state.paths.reports, masker=masker, notices=notices) as queue:
        yield queue
