"""Read past what a notebook shows: plots, pasted images and the state of widgets are large, and are not judged.

A notebook's text comes in blocks, and what is left out is never held. That is why no JSON library does this: they build
what they read, or refuse the NaN that Jupyter writes.
"""

import codecs
import re
from collections.abc import Iterator
from typing import IO

BLOCK_BYTES = 2**20
MOST_TOKENS = 5_000_000  # strings and brackets that are read past: an honest notebook has a hundredth of that
KEY = re.compile(rb'"(?:outputs|attachments|widgets)"[ \t\r\n]{0,40}:')
KEY_BYTES = 64  # no match is longer
SPACE = re.compile(rb"[ \t\r\n]*")
TOKEN = re.compile(rb'\[|\]|{|}|"[^"]*"|"')  # the last is a string that ends in another block
AFTER_SCALAR = re.compile(rb"[,\]} \t\r\n]")
MARKS = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF16_LE: "utf-16",
         codecs.BOM_UTF16_BE: "utf-16", b"{\0": "utf-16-le", b"\0{": "utf-16-be"}


class TooMuch(Exception):
    """More than is read, or past which is read."""


def slim(stream: IO[bytes], most_bytes: int) -> bytes:
    """A notebook's text in UTF-8, with null for what it shows; at most one byte more than `most_bytes`.

    What is no notebook comes out somehow: who parses it will see.
    """
    kept = bytearray()
    try:
        for piece in _kept(_blinded(_in_utf8(stream))):
            kept += piece
            if len(kept) > most_bytes:
                raise TooMuch
    except TooMuch:
        return bytes(kept[:most_bytes + 1].ljust(most_bytes + 1))
    return bytes(kept)


def _in_utf8(stream: IO[bytes]) -> Iterator[bytes]:
    """The text's blocks; UTF-16 and UTF-32, with or without a mark, are written anew."""
    block = stream.read(BLOCK_BYTES)
    while 0 < len(block) < 4 and (more := stream.read(BLOCK_BYTES)):
        block += more
    encoding = next((name for mark, name in MARKS.items() if block.startswith(mark)), "")
    decoder = codecs.getincrementaldecoder(encoding)("replace") if encoding else None
    while block:
        yield decoder.decode(block).encode("utf-8", "replace") if decoder else block
        block = stream.read(BLOCK_BYTES)
    if decoder:
        yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def _blinded(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Each block; and the same with all blinded that a stroke escapes, so that every quote begins or ends a string."""
    rest = b""
    for block in blocks:
        text = rest + block
        blind = text.replace(rb"\\", b"__").replace(rb"\"", b"__")
        end = len(text) - blind.endswith(b"\\")  # what that escapes is in the next block
        rest = text[end:]
        yield text[:end], blind[:end]
    yield rest, rest


def _kept(blocks: Iterator[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """What is kept of the text; what is read past may begin in one block and end in another."""
    text, blind, past = b"", b"", _Past()
    for more, more_blind in blocks:
        text, blind, at = text + more, blind + more_blind, 0
        while at < len(blind):
            if past.is_over:
                found = KEY.search(blind, at)
                if not found:
                    break
                yield text[at:found.end()] + b"null"
                at = found.end()
                past.begin()
            at = past.go_on(blind, at)
        end = max(at, len(blind) - KEY_BYTES)
        yield text[at:end]
        text, blind = text[end:], blind[end:]
    yield text


class _Past:
    """Goes past values; each is begun in a block, and may end in another."""

    def __init__(self) -> None:
        self.is_over = True
        self._begun = self._scalar = self._quoted = False
        self._depth = self._tokens = 0

    def begin(self) -> None:
        """Begin with the next value."""
        self.is_over = self._begun = self._scalar = False

    def go_on(self, blind: bytes, at: int) -> int:
        """Where the value ends, or else the end of the block."""
        if not self._begun:
            at = SPACE.match(blind, at).end()
            self._begun = at < len(blind)
            self._scalar = self._begun and blind[at] not in b'"[{'
        if self._scalar:
            found = AFTER_SCALAR.search(blind, at)
            self.is_over = found is not None
            return found.start() if found else len(blind)
        if self._quoted:
            at = blind.find(b'"', at) + 1
            if not at:
                return len(blind)
            self._quoted, self.is_over = False, not self._depth
            if self.is_over:
                return at
        for found in TOKEN.finditer(blind, at):
            self._tokens += 1
            if self._tokens > MOST_TOKENS:
                raise TooMuch
            first, end = blind[found.start()], found.end()
            if first in b"[{":
                self._depth += 1
            elif first in b"]}":
                self._depth -= 1
            elif end - found.start() == 1:
                self._quoted = True
                return len(blind)
            if not self._depth:
                self.is_over = True
                return end
        return len(blind)
