"""Frames carry plain data unchanged; damaged ones are refused, never evaluated."""

import contextlib
import io
import struct

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays

from selfattention.engine import data, wire

PLAIN = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: (
        some.lists(inner, max_size=3) | some.tuples(inner, inner) | some.dictionaries(some.text(), inner, max_size=3)
    ),
    max_leaves=8,
)


def crossed(value):
    return wire.read(io.BytesIO(wire.pack(value)))


@settings(max_examples=200, deadline=None)
@given(PLAIN)
def test_plain_data_crosses_unchanged(value):
    assert repr(crossed(value)) == repr(value)


@settings(max_examples=100, deadline=None)
@given(
    arrays.arrays(some.sampled_from(sorted(wire.DTYPES - {"complex64"})), arrays.array_shapes(min_dims=0, min_side=0))
)
def test_arrays_and_tensors_cross_unchanged(array):
    got = crossed((array, [array.T]))
    assert got[0].dtype == array.dtype and got[0].shape == array.shape and got[0].tobytes() == array.tobytes()
    assert np.array_equal(got[1][0], array.T, equal_nan=array.dtype.kind in "fc")


def test_a_tensor_stays_a_tensor():
    got = crossed({"x": torch.arange(6.0).reshape(2, 3), "mask": torch.tensor([True, False])})
    assert torch.equal(got["x"], torch.arange(6.0).reshape(2, 3)) and got["mask"].dtype == torch.bool


def test_foreign_objects_cross_as_the_name_of_their_type():
    assert crossed(data.plain(x for x in ())) == data.Foreign("generator")
    assert crossed(data.plain(np.array([object()]))) == data.Foreign("array of object")
    assert crossed(object()) == data.Foreign("object")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[1",
        b'{"array": "object", "shape": [2]}',
        b'{"array": "float64", "shape": [9]}',
        b'{"array": "float64", "shape": [-1]}',
        b'{"array": "float64"}',
        b'{"handle": "x"}',
        b'{"array": "int64", "shape": [99999999999999999999]}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_damaged_frames_are_refused(text):
    frame = struct.pack("<QI", len(text), len(text)) + text
    with pytest.raises(wire.BadFrame):
        wire.read(io.BytesIO(frame))


@settings(max_examples=300, deadline=None)
@given(some.binary(max_size=60))
def test_no_bytes_at_all_do_anything_but_fail_cleanly(junk):
    with contextlib.suppress(wire.BadFrame):
        wire.unpack(junk)


def test_a_giant_frame_is_refused_before_it_is_read():
    with pytest.raises(wire.BadFrame):
        wire.read(io.BytesIO(struct.pack("<QI", 2**40, 10)))
    with pytest.raises(wire.BadFrame):
        wire.pack(np.zeros(wire.FRAME_BYTES // 8 + 1))


def test_a_closed_stream_is_the_end():
    with pytest.raises(EOFError):
        wire.read(io.BytesIO(b"\x01"))
