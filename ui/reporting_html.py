"""What a report will hold, told and shown before it is sent, and the receipt for it."""

from __future__ import annotations

import json
from collections.abc import Iterable

from bot.answer import Evidence
from bot.reasons import told_ending
from bot.review import Case, Receipt
from ui import strings
from ui.rendering import escape, small


def sent_html(case: Case) -> str:
    """Return a line that says what is sent, and all of it to unfold: the masked case itself."""
    before = strings.SENT_BEFORE if case.asked_before else ""
    told = escape(strings.SENT_LINE.format(before=before))
    steps = "".join(
        f"<dt>{escape(label)}</dt>" + "".join(f"<dd>{text}</dd>" for text in texts)
        for label, texts in _parts(case)
        if texts
    )
    whole = json.dumps(json.loads(case.to_text()), indent=1, ensure_ascii=False)
    return (
        f'<div class="gk-sent"><details class="gk-more"><summary>{told}</summary>'
        f'<dl class="gk-steps">{steps}</dl>'
        f'<details class="gk-more"><summary>{escape(strings.SENT_WHOLE)}</summary>'
        f'<code class="gk-sql">{escape(whole)}</code></details></details></div>'
    )


def _parts(case: Case) -> Iterable[tuple[str, list[str]]]:
    asked = zip(case.asked_before, case.answered_before, strict=True)
    yield strings.SENT_QUESTION, [escape(case.question)]
    yield strings.SENT_CONVERSATION, [f"{escape(one)}{small(two)}" for one, two in asked]
    yield strings.SENT_ANSWER, [escape(case.answer)]
    found = [_piece(piece) for piece in case.evidence]
    yield strings.SENT_SOURCES, found or [escape(strings.SENT_NO_SOURCES)]
    yield strings.SENT_MADE_BY, [escape(made) for made in _made_by(case) if made]


def _piece(piece: Evidence) -> str:
    place = strings.ROW.format(n=piece.row) if piece.row is not None else ""
    place = strings.PAGE.format(n=piece.page) if piece.page is not None else place
    name = " · ".join(filter(None, (piece.title or piece.document, place)))
    return f"{escape(name)}{small(piece.quote)}"


def _made_by(case: Case) -> list[str]:
    return [
        f"{case.model} {case.digest}".strip(),
        strings.GENERATION.format(n=case.index_generation) if case.index_generation else "",
        strings.SENT_RULES.format(version=case.rules_version) if case.rules_version else "",
        strings.ENDED.format(how=told_ending(case.status, case.reason)),
    ]


def receipt_html(receipt: Receipt) -> str:
    """Return the proof that a report was saved, with the way to what becomes of it.

    The link holds the receipt's token, which nobody can guess, and opens beside the conversation,
    which another page in its place would end.
    """
    saved = strings.REPORT_REPEATED if receipt.repeated else strings.REPORT_SAVED
    before, _, after = saved.partition("{reference}")
    said = f"{escape(before)}<code>{escape(receipt.reference)}</code>{escape(after)}"
    link = f"my-report?reference={escape(receipt.token)}"
    return (
        f'<div class="gk-note gk-saved" role="status"><p>{said}</p>'
        f'<p><a href="{link}" target="_blank" rel="noopener">{escape(strings.REPORT_LINK)}</a></p>'
        f"<p>{small(strings.REPORT_NOTE)}</p></div>"
    )
