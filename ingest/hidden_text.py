"""Texts inside a text: what an encoded, reversed or respelt part of it says."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from urllib.parse import unquote

import re2

MIN_LETTERS = 12
MAX_DECODED = 20_000
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_BASE32 = re.compile(r"[A-Z2-7]{16,}={0,6}")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:(?:0x|\\x|%|\\u00)?[0-9A-Fa-f]{2}[\s,:;-]?){8,}")
_HEX_PAIR = re.compile(r"(?:0x|\\x|%|\\u00)?([0-9A-Fa-f]{2})")
_BINARY = re.compile(r"(?:[01]{8}[\s,]?){6,}")
_DECIMAL = re.compile(r"(?:\d{2,3}[\s,]+){11,}\d{2,3}")
_TAGS = re.compile("[\U000e0020-\U000e007e]{4,}")
_SPELT = re.compile(r"(?<!\w)(?:\w[\s.,_*|/-]{1,3}){6,}\w(?!\w)")
_SEPARATOR = re.compile(r"(?<=\w)[\s.,_*|/-](?=\w)")
_LEET = re.compile(r"[a-z][0134579@$!|+]|[0134579@$!|+][a-z]")
_LEET_LETTERS = [str.maketrans("0134579@$!|+", f"o{one}east9as{one}{one}t") for one in "il"]
# Any of the codes above, and more than these: few texts hold one, and this tells which at once.
_ANY_CODE = re2.compile(
    r"[A-Za-z0-9+/_-]{16}|[\x{e0020}-\x{e007e}]{4}"
    r"|(?:(?:0x|\\x|%|\\u00)?[0-9A-Fa-f]{2}[^0-9A-Za-z]?){8}"
    r"|(?:\p{Nd}{2,3}[^0-9A-Za-z]+){11}"
)
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")


def decodings(text: str) -> Iterator[str]:
    """Yield what stands encoded in a text, as far as it becomes readable.

    Read are base64, base32, hexadecimal, binary and decimal codes, percent and HTML escapes,
    Unicode's invisible tag characters, rot13, reversed text (as a whole and under bidirectional
    marks), digits and signs for letters ("1gn0re"), and letters that stand apart ("i g n o r e").

    Not covered: one encoding inside another, ciphers with a key, other alphabets (Morse, emoji),
    words cut in pieces, and text in pictures.
    """
    if _ANY_CODE.search(text):
        yield from _decoded(text)
    if "%" in text and (plain := unquote(text, errors="replace")) != text:
        yield plain
    if "&" in text and (plain := html.unescape(text)) != text:
        yield plain
    if _BIDI.search(text) or text.count(" ") > 1:
        yield text[::-1]
        yield codecs.encode(text, "rot13")
    if _LEET.search(lower := text.lower()):
        yield from (lower.translate(letters) for letters in _LEET_LETTERS)
    for found in _SPELT.finditer(text):
        yield _SEPARATOR.sub("", found[0])


def _decoded(text: str) -> Iterator[str]:
    for pattern, decode in _CODES:
        for found in pattern.finditer(text):
            if readable := _readable(decode, found[0]):
                yield readable


def _base64(text: str) -> bytes:
    bare = text.rstrip("=").translate(str.maketrans("-_", "+/"))
    return base64.b64decode(bare[: len(bare) - (len(bare) % 4 == 1)] + "=" * (-len(bare) % 4))


def _base32(text: str) -> bytes:
    bare = text.rstrip("=")
    return base64.b32decode(bare + "=" * (-len(bare) % 8))


def _hex(text: str) -> bytes:
    return bytes.fromhex("".join(_HEX_PAIR.findall(text)))


def _binary(text: str) -> bytes:
    return bytes(int(octet, 2) for octet in re.findall("[01]{8}", text))


def _decimal(text: str) -> bytes:
    return bytes(min(int(number), 255) for number in re.findall(r"\d+", text))


def _tags(text: str) -> bytes:
    return bytes(ord(character) - 0xE0000 for character in text)


_CODES: tuple[tuple[re.Pattern[str], Callable[[str], bytes]], ...] = (
    (_TAGS, _tags),
    (_BASE64, _base64),
    (_BASE32, _base32),
    (_HEX, _hex),
    (_BINARY, _binary),
    (_DECIMAL, _decimal),
)


def _readable(decode: Callable[[str], bytes], text: str) -> str:
    """Return decoded text if it is made of letters and spaces for the most part, or nothing."""
    try:
        plain = decode(text[:MAX_DECODED]).decode(errors="replace")
    except (binascii.Error, ValueError):
        return ""
    fine = sum(c.isspace() or unicodedata.category(c)[0] in "LP" for c in plain)
    return plain if len(plain) >= MIN_LETTERS and fine > 0.9 * len(plain) else ""
