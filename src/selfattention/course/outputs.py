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
# Quotes in a string have a stroke before them, so this is found nowhere else.
KEY = re.compile(rb'(?<!\\)"(?:outputs|attachments|widgets)"[ \t\r\n]{0,40}:')
KEY_BYTES = 64  # no match is longer
SPACE = re.compile(rb"[ \t\r\n]*")
STRUCTURE = re.compile(rb'["\[\]{}]')
SCALAR = re.compile(rb"[^,\]} \t\r\n]*")
MARKS = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF16_LE: "utf-16",
         codecs.BOM_UTF16_BE: "utf-16", b"{\0": "utf-16-le", b"\0{": "utf-16-be"}


class TooMuch(Exception):
    """More than is read, or past which is read."""


def slim(stream: IO[bytes], most_bytes: int) -> bytes:
    """A notebook's text in UTF-8, with null for what it shows; at most one byte more than `most_bytes`.

    What is no notebook comes out somehow: who parses it will see.
    """
    kept, past = bytearray(), _Past()
    try:
        for block in _in_utf8(stream):
            for piece in past.keep(block):
                kept += piece
                if len(kept) > most_bytes:
                    raise TooMuch
        kept += past.rest()
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


class _Past:
    """Keeps a text's blocks but for the values that are read past, which may begin in one block and end in another."""

    def __init__(self) -> None:
        self._rest = b""  # not looked at yet
        self._step = self._copy
        self._depth = self._tokens = 0
        self._escaped = False

    def keep(self, block: bytes) -> Iterator[bytes]:
        """What is kept of the next block, and of what was left of the one before."""
        block, at = self._rest + block, 0
        self._rest = b""
        if self._escaped and block:  # by the last stroke of the block before
            block, self._escaped = block[1:], False
        while at < len(block):
            piece, at = self._step(block, at)
            yield piece

    def rest(self) -> bytes:
        """What is left at the end."""
        return self._rest

    def _copy(self, block: bytes, at: int) -> tuple[bytes, int]:
        found = KEY.search(block, at)
        if found:
            self._step = self._begin
            return block[at:found.end()] + b"null", found.end()
        end = max(at, len(block) - KEY_BYTES)
        self._rest = block[end:]
        return block[at:end], len(block)

    def _begin(self, block: bytes, at: int) -> tuple[bytes, int]:
        at = SPACE.match(block, at).end()
        if at < len(block):
            first = block[at:at + 1]
            self._step = {b"[": self._inside, b"{": self._inside, b'"': self._string}.get(first, self._scalar)
            self._depth = int(first in b"[{")
            at += self._step != self._scalar
        return b"", at

    def _scalar(self, block: bytes, at: int) -> tuple[bytes, int]:
        at = SCALAR.match(block, at).end()
        if at < len(block):
            self._step = self._copy
        return b"", at

    def _inside(self, block: bytes, at: int) -> tuple[bytes, int]:
        """Go on to the next quote or bracket inside a list or dictionary."""
        found = STRUCTURE.search(block, at)
        if not found:
            return b"", len(block)
        self._count()
        sign = found[0]
        if sign == b'"':
            self._step = self._string
        else:
            self._depth += 1 if sign in b"[{" else -1
            if not self._depth:
                self._step = self._copy
        return b"", found.end()

    def _string(self, block: bytes, at: int) -> tuple[bytes, int]:
        """Go on to the quote that ends a string: the next one with an even number of strokes before it."""
        quote = block.find(b'"', at)
        before = block[at:quote if quote >= 0 else len(block)]
        escaped = (len(before) - len(before.rstrip(b"\\"))) % 2 == 1
        if quote < 0:
            self._escaped = escaped
            return b"", len(block)
        self._count(0.2 if escaped else 1)
        if not escaped:
            self._step = self._inside if self._depth else self._copy
        return b"", quote + 1

    def _count(self, tokens: float = 1) -> None:
        self._tokens += tokens
        if self._tokens > MOST_TOKENS:
            raise TooMuch
