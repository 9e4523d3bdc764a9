"""Personal data in what people write is masked before it is stored or logged.

Masked are e-mail addresses, telephone numbers, US social security numbers, numbers of payment
cards and of bank accounts (IBAN). What only looks like one stays: amounts, ranges, years, scores
and ids have no check digit that fits, or none of the words around them that would tell.

Not covered: names, street addresses, dates of birth, ids of schools and states, addresses spelled
out ("jane at example dot org"), telephone numbers in the national form of another country than
the one that is set, and bare digits without a word such as "call" near them. The bot itself reads
a question as it was asked: masking protects what is kept, not what a model is shown.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from phonenumbers import PhoneNumberMatch

E_MAIL = "[e-mail]"
PHONE = "[phone number]"
SSN = "[social security number]"
CARD = "[card number]"
IBAN = "[bank account]"

Span = tuple[int, int]
Finder = Callable[[str], Iterator[Span]]


class Masker:
    """Replaces personal data by what kind of data it was: "[e-mail]".

    `phone_region` is the country (ISO 3166) of telephone numbers without a country code.
    """

    def __init__(self, phone_region: str = "US") -> None:
        self._finders: tuple[tuple[str, Finder], ...] = (
            (E_MAIL, _e_mails),
            (IBAN, _ibans),
            (CARD, _cards),
            (SSN, _social_security_numbers),
            (PHONE, lambda text: _phones(text, phone_region)),
        )

    def mask(self, text: str) -> str:
        """Return a text without personal data."""
        for label, finder in self._finders:
            for start, end in reversed(list(finder(text))):
                text = text[:start] + label + text[end:]
        return text

    def find(self, texts: Iterable[str]) -> dict[str, str]:
        """Return the personal data in texts, each piece with its label."""
        found: dict[str, str] = {}
        for text in texts:
            for label, finder in self._finders:
                for start, end in reversed(list(finder(text))):
                    found[text[start:end]] = label
                    text = text[:start] + label + text[end:]
        return found

    def mask_echo(self, value: Any, found: dict[str, str]) -> Any:
        """Mask what was `found` in a question wherever an answer repeats it.

        An answer's own addresses and numbers are the corpus's, so they stay. `value` is JSON:
        its strings are masked at any depth.
        """
        if isinstance(value, dict):
            return {key: self.mask_echo(item, found) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.mask_echo(item, found) for item in value]
        if isinstance(value, str):
            for piece in sorted(found, key=len, reverse=True):
                value = _as_written(piece).sub(found[piece], value)
        return value


class MaskingFormatter(logging.Formatter):
    """Formats log records without personal data, tracebacks included.

    A library's error may hold what somebody asked.
    """

    def __init__(self, masker: Masker, form: str = "%(message)s") -> None:
        super().__init__(form)
        self._masker = masker

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, or lines, of a record."""
        return self._masker.mask(super().format(record))


def log_privately(masker: Masker) -> None:
    """Write warnings and errors to stderr without personal data, unless logging is set up."""
    handler = logging.StreamHandler()
    handler.setFormatter(MaskingFormatter(masker))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def _as_written(piece: str) -> re.Pattern[str]:
    """Return a pattern of a piece of text in any case and with any white space."""
    return re.compile(r"\s+".join(map(re.escape, piece.split())), re.I)


# --- e-mail, bank accounts, cards, social security ----------------------------------------------

_E_MAIL = re.compile(r"(?<![\w.+%’'-])[\w.+%’'-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?!\w)")
_IBAN = re.compile(
    r"(?<!\w)[A-Z]{2}\d\d(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?!\w)", re.I
)
# A run of digits, or groups as they are printed on cards: 4-4-4-4, 4-4-4-4-3, 4-6-5 and 4-6-4.
_CARD = re.compile(
    r"(?<![\w.,$-])"
    r"(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{4}([ -])\d{6}\2\d{4,5})"
    r"(?![\w-]|[.,]\d)"
)
# What networks issue (ISO/IEC 7812): four years or four prices in a row mostly begin otherwise.
_ISSUED = re.compile(r"4|5[0-8]|6|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3(?:[4678]|0[0-5]|5)")
# Never given: 000, 666 and 9xx; 00; 0000 (Social Security Administration, POMS RM 10201.035).
_SSN = re.compile(
    r"(?<![\w.,$-])(?!000|666|9)\d{3}([-–])(?!00)\d\d\1(?!0000)\d{4}(?![\w–-]|[.,]\d)"
)
_NAMED_SSN = re.compile(
    r"\b(?:ssn|social(?:\s+security)?)\b\D{0,24}(\d{3}[\s.–-]?\d\d[\s.–-]?\d{4})(?!\d)", re.I
)


def _e_mails(text: str) -> Iterator[Span]:
    yield from (match.span() for match in _E_MAIL.finditer(text))


def _ibans(text: str) -> Iterator[Span]:
    yield from (match.span() for match in _IBAN.finditer(text) if _is_iban(match[0]))


def _is_iban(text: str) -> bool:
    """Check the two digits behind the country (ISO 13616: modulo 97)."""
    code = re.sub(r"[ -]", "", text)
    moved = code[4:] + code[:4]
    return code.isascii() and int("".join(str(int(c, 36)) for c in moved)) % 97 == 1


def _cards(text: str) -> Iterator[Span]:
    yield from (match.span() for match in _CARD.finditer(text) if _is_card(match[0]))


def _is_card(text: str) -> bool:
    """Check who issued it and its last digit (ISO/IEC 7812-1, Luhn's formula)."""
    digits = [int(c) for c in text if c.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    number = "".join(map(str, digits))
    return bool(_ISSUED.match(number)) and (sum(doubled) + sum(digits[::-2])) % 10 == 0


def _social_security_numbers(text: str) -> Iterator[Span]:
    spans = {match.span() for match in _SSN.finditer(text)}
    spans |= {match.span(1) for match in _NAMED_SSN.finditer(text)}
    yield from sorted(spans)


# --- telephone numbers ------------------------------------------------------------------------

_SEVEN_DIGITS = re.compile(r"(?:\d\D{0,4}){7}")
_LOOKED_AT = 40
_TELLS = r"call|phone|tel|telephone|cell|mobile|fax|dial|sms|text|whatsapp"
_BEFORE = re.compile(rf"\b(?:{_TELLS}|contact|reach|my number)\b\D{{0,24}}$", re.I)
_AFTER = re.compile(rf"^\W{{0,3}}(?:[^\W\d]+\W{{1,2}}){{0,3}}(?:{_TELLS})\b", re.I)
_RIGHT_BEFORE = re.compile(
    rf"\b(?:{_TELLS})\W{{1,3}}(?:(?:me|us|at|on|is|number)\W{{1,2}}){{0,3}}$", re.I
)
_GROUPED = re.compile(r"^\+|\(\d+\)|\d ?[-.–/] ?\d{3} ?[-.–]? ?\d|^1[ -.]\d{3}\b")
_MONEY = re.compile(r"[$€£¥]\s?$")
# Elsewhere than in America one dials 00 where a "+" is written.
_ABROAD = re.compile(r"(?<![\w.,])(?<!\d[ )–-])00(?=[1-9]\d)")


def _phones(text: str, region: str) -> Iterator[Span]:
    """Find what libphonenumber takes for a number, if its form or the words around it agree.

    Three numbers side by side ("650 720 1450") can make a valid one, and so can a part's number.
    """
    if not _SEVEN_DIGITS.search(text):
        return
    from phonenumbers import Leniency, PhoneNumberMatcher  # slow to import, and seldom needed

    dialled = _ABROAD.sub(" +", text)
    for match in PhoneNumberMatcher(dialled, region, leniency=Leniency.POSSIBLE):
        if _is_meant(dialled, match):
            abroad = text[match.start] != dialled[match.start]
            yield match.start - abroad, match.end


def _is_meant(text: str, match: PhoneNumberMatch) -> bool:
    from phonenumbers import is_valid_number

    before = text[max(match.start - _LOOKED_AT, 0) : match.start]
    after = text[match.end : match.end + _LOOKED_AT]
    if _MONEY.search(before):
        return False
    if not is_valid_number(match.number):  # without its area code, or as nobody could have it
        return bool(_RIGHT_BEFORE.search(before))
    alone = not before.strip() and not after.strip()
    told = _BEFORE.search(before) or _AFTER.search(after)
    return bool(alone or told or _GROUPED.search(match.raw_string))
