"""What everybody may know of a report, as HTML."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest

from bot.review import OPEN_STATES, PUBLIC_LABELS, PublicStatus, Status
from ui.report_html import status_html

FILED = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", get_args(Status))
def test_each_state_says_what_comes_next(status: Status) -> None:
    report = PublicStatus(
        reference="R-7K3M9Q",
        status=status,
        label=PUBLIC_LABELS[status],
        filed_at=FILED,
        changed_at=FILED,
    )
    following = status_html(report).partition('<p class="gk-following">')[2].partition("</p>")[0]
    what_to_do = "Come back with R-7K3M9Q" if status in OPEN_STATES else "report"
    assert what_to_do in following
