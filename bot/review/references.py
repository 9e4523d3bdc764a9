"""Public references such as R-7K3M9Q: easy to read out, forgiving to type, hard to guess at."""

from __future__ import annotations

import secrets
import unicodedata

from ingest.errors import ReportNotFound

# Crockford's base 32 (https://www.crockford.com/base32.html): no I, L, O and U.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 6
_LOOK_ALIKES = str.maketrans("OIL", "011", "- \t\n\u2010\u2011\u2013\u2212")


def make_reference() -> str:
    """Return a random reference, of some 10^9; the caller checks that it is still free.

    No code begins with R, so that it is clear without the prefix and the dash, too.
    """
    first = secrets.choice(ALPHABET.replace("R", ""))
    return f"R-{first}" + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))


def parse_reference(text: str) -> str:
    """Return the reference that a person meant: any case, with or without R and dash, O for 0.

    Raises ReportNotFound for what cannot be one.
    """
    code = unicodedata.normalize("NFKC", text).upper().translate(_LOOK_ALIKES)
    code = code.removeprefix("R")
    if len(code) != LENGTH or not set(code) <= set(ALPHABET):
        raise ReportNotFound("This is not a report's reference.", hint="One looks like R-7K3M9Q.")
    return f"R-{code}"
