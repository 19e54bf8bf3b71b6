"""What a notebook shows is read past, whatever stands in it and wherever a block of bytes ends."""

import io
import json
import random
import tracemalloc

import pytest

from selfattention.course import outputs
from selfattention.course.outputs import slim

MOST = 2**20
KEYS = ["outputs", "attachments", "widgets", "source", 'a"b', "out\\", 'outputs"', "", "output"]
LEAVES = [1, -2.5, None, True, '"outputs": [1]', '\\"', "a\\", "\\\\", '"', "[{", "ü€😀", "outputs", '"outputs":',
          float("nan"), '\\"outputs": {', "]" * 5, "\\" * 7]


def some_json(draw, depth=0):
    kind = draw.random()
    if kind < 0.35 and depth < 5:
        return {draw.choice(KEYS) + draw.choice(["", "", "", "x"]): some_json(draw, depth + 1)
                for _ in range(draw.randrange(4))}
    if kind < 0.6 and depth < 5:
        return [some_json(draw, depth + 1) for _ in range(draw.randrange(4))]
    return draw.choice(LEAVES)


def without(tree):
    if isinstance(tree, dict):
        return {key: None if key in ("outputs", "attachments", "widgets") else without(value)
                for key, value in tree.items()}
    return [without(value) for value in tree] if isinstance(tree, list) else tree


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64, 65, 10**6])
def test_it_is_as_if_the_keys_had_been_null(block, monkeypatch):
    """Held against Python's own JSON, on trees full of quotes, strokes and the keys' names in strings."""
    monkeypatch.setattr(outputs, "BLOCK_BYTES", block)
    draw = random.Random(20261127 + block)
    for _ in range(1500):
        tree = some_json(draw)
        text = json.dumps(tree, ensure_ascii=draw.random() < 0.5, indent=draw.choice([None, 1, 2])).encode()
        assert repr(json.loads(slim(io.BytesIO(text), MOST))) == repr(without(tree))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-8"])
@pytest.mark.parametrize("block", [2, 3, 5, 10**6])
def test_other_encodings_come_out_as_utf_8(encoding, block, monkeypatch):
    monkeypatch.setattr(outputs, "BLOCK_BYTES", block)
    tree = {"cells": [{"source": "größer 😀", "outputs": ["\u20ac" * 99]}], "widgets": 1}
    text = json.dumps(tree, ensure_ascii=False).encode(encoding)
    assert json.loads(slim(io.BytesIO(text), MOST).decode("utf-8-sig")) == without(tree)


class Endless(io.RawIOBase):
    """A notebook of so many megabytes that never is in memory at once."""

    def __init__(self, megabytes):
        self._parts = iter([b'{"cells": [{"outputs": [{"image/png": "', *[b"A" * 2**20] * megabytes,
                            b'"}], "source": "x"}]}'])

    def read(self, count=-1):
        return next(self._parts, b"")


def test_the_memory_it_takes_does_not_grow_with_what_is_shown():
    tracemalloc.start()
    try:
        kept = slim(Endless(300), MOST)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert json.loads(kept) == {"cells": [{"outputs": None, "source": "x"}]}
    assert most < 8 * 2**20


HOSTILE = {
    "brackets": b'{"outputs":' + b"[" * 2**23, "pairs": b'{"outputs":[' + b"[]," * 2**22,
    "strings": b'{"outputs":[' + b'"",' * 2**22, "strokes": b'{"outputs":"' + b"\\" * 2**24,
    "quotes": b'{"outputs":"' + b'\\"' * 2**23, "letters": b'"' * 2**24, "keys": b'"outputs":' * 2**18,
    "no end": b'{"outputs"', "only the beginning": b'{"outputs":', "spaces": b'{"outputs":' + b" " * 2**24,
    "a number": b'{"outputs":' + b"1" * 2**24, "nothing": b"", "zeros": b"\0" * 2**24,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_read_past_or_given_up(kind, monkeypatch):
    monkeypatch.setattr(outputs, "MOST_TOKENS", 10**5)
    text = HOSTILE[kind]
    kept = slim(io.BytesIO(text), MOST)
    assert len(kept) <= MOST + 1
    if kind in ("strokes", "quotes", "spaces", "a number", "only the beginning"):
        assert kept == b'{"outputs":null'
    elif kind in ("no end", "nothing"):
        assert kept == text
    else:
        assert len(kept) == MOST + 1


def test_where_more_is_kept_than_may_be_the_reader_sees_it():
    assert len(slim(io.BytesIO(b'{"source": "' + b"x" * 5000 + b'"}'), 1000)) == 1001
    assert len(slim(io.BytesIO(b'{"source": "' + b"x" * 5000 + b'"}'), 6000)) == 5014
