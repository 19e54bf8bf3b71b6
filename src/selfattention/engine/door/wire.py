"""How plain data crosses between two processes: frames of JSON and raw numbers, never pickles.

A frame is an 8-byte length, a 4-byte length of its JSON part, the JSON part, and the bytes of its arrays
one after the other. Nothing in a frame is ever evaluated.
"""

import json
import struct
import sys
from typing import Any, BinaryIO

import numpy as np

from selfattention.engine.door import data

FRAME_BYTES = 64 * 2**20
ANSWER_BYTES = 8 * 2**20
ANSWER_TEXT_BYTES = 2**20  # text costs many times its length once it is read, so an answer may hold little of it
DEEPEST = 100
SMALL_BYTES = 2**14  # less than any pipe holds before a writer has to wait
HALF = "bfloat16"  # which NumPy does not know: its bits cross as whole numbers
TYPES = {name: np.dtype(name) for name in data.DTYPES}
HEAD = struct.Struct("<QI")


class BadFrame(Exception):
    """What came is no frame, or a larger one than may be."""


def pack(value: Any, text_bytes: int = FRAME_BYTES) -> bytes:
    """Plain data as one frame."""
    blocks: list[bytes] = []
    text = json.dumps(_encode(value, blocks)).encode()
    size = len(text) + sum(map(len, blocks))
    if size > FRAME_BYTES or len(text) > text_bytes:
        raise BadFrame(f"{size} bytes in one frame, at most {FRAME_BYTES} may be, {text_bytes} of them text")
    return b"".join([HEAD.pack(size, len(text)), text, *blocks])


def unpack(frame: bytes) -> Any:
    """The plain data in one frame (without its head, whose text length comes first)."""
    try:
        (size,) = struct.unpack_from("<I", frame)
        tree = json.loads(frame[4:4 + size])
        value, end = _decode(tree, memoryview(frame), 4 + size, 0)
    except BadFrame:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, struct.error,
            RecursionError) as error:
        raise BadFrame(f"damaged frame: {type(error).__name__}: {error}") from error
    if end != len(frame):
        raise BadFrame(f"{len(frame) - end} bytes are left over in a frame")
    return value


def read(stream: BinaryIO, most_bytes: int = FRAME_BYTES, text_bytes: int = FRAME_BYTES) -> Any:
    """The next frame's data, of so many bytes (and of text) at most; EOFError where the other side has closed."""
    head = _exactly(stream, HEAD.size)
    size, text = HEAD.unpack(head)
    if size > most_bytes or text > size:
        raise BadFrame(f"a frame of {size} bytes is announced, at most {most_bytes} may be")
    if text > text_bytes:
        raise BadFrame(f"a frame with {text} bytes of text is announced, at most {text_bytes} may be")
    return unpack(head[8:] + _exactly(stream, size))


def write(stream: BinaryIO, value: Any, text_bytes: int = FRAME_BYTES) -> None:
    """Send one frame."""
    stream.write(pack(value, text_bytes))
    stream.flush()


def _exactly(stream: BinaryIO, count: int) -> bytes:
    parts = []
    while count:
        part = stream.read(count)
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _encode(value: Any, blocks: list[bytes]) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, list):
        return [_encode(item, blocks) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [_encode(item, blocks) for item in value]}
    if isinstance(value, dict):
        return {"dict": {key: _encode(item, blocks) for key, item in value.items()}}
    if isinstance(value, data.Handle):
        return {"handle": value.number}
    if isinstance(value, data.Foreign):
        return {"foreign": value.type_name}
    half = data.is_tensor(value) and str(value.dtype) == f"torch.{HALF}"
    array = data.as_array(_bits(value) if half else value)
    name = data.NAMES.get(array.dtype) if array is not None else None
    if name is None:
        return {"foreign": type(value).__name__}
    little = array if sys.byteorder == "little" else array.astype(array.dtype.newbyteorder("<"))
    blocks.append(little.tobytes())
    return {"array": HALF if half else name, "shape": list(array.shape), "tensor": data.is_tensor(value)}


def _bits(tensor: Any) -> Any:
    import torch

    return tensor.detach().cpu().contiguous().view(torch.int16)


def _decode(tree: Any, frame: memoryview, at: int, depth: int) -> tuple[Any, int]:
    if depth > DEEPEST:
        raise BadFrame(f"lists in lists more than {DEEPEST} deep")
    if isinstance(tree, list):
        items = []
        for item in tree:
            value, at = _decode(item, frame, at, depth + 1)
            items.append(value)
        return items, at
    if isinstance(tree, str):
        return data.text(tree), at
    if not isinstance(tree, dict):
        return tree, at
    if "tuple" in tree:
        items, at = _decode(_of_type(list, tree["tuple"]), frame, at, depth)
        return tuple(items), at
    if "dict" in tree:
        items, at = _decode(list(_of_type(dict, tree["dict"]).values()), frame, at, depth)
        return {data.text(key): item for key, item in zip(tree["dict"], items)}, at
    if "handle" in tree:
        return data.Handle(_of_type(int, tree["handle"])), at
    if "foreign" in tree:
        return data.Foreign(data.text(_of_type(str, tree["foreign"]))), at
    return _array(tree, frame, at)


def _of_type(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise BadFrame(f"{kind.__name__} was expected, not {type(value).__name__}")
    return value


def _array(tree: dict, frame: memoryview, at: int) -> tuple[Any, int]:
    name, shape, tensor = tree["array"], tree["shape"], tree["tensor"]
    known = type(name) is str and (name in TYPES or (name == HALF and tensor))
    if not known or not all(type(size) is int and size >= 0 for size in shape) or type(tensor) is not bool:
        raise BadFrame(f"no array may be of type {name!r} and shape {shape}")
    dtype = TYPES["int16" if name == HALF else name]
    count = int(np.prod(shape, dtype=object))
    end = at + count * dtype.itemsize
    if end > len(frame):
        raise BadFrame(f"an array of shape {shape} is announced, but its bytes are missing")
    array = np.frombuffer(frame[at:end], dtype=dtype if sys.byteorder == "little" else dtype.newbyteorder("<"))
    array = array.reshape(shape).astype(dtype)
    if not tensor:
        return array, end
    import torch

    found = torch.from_numpy(array)
    return found.view(torch.bfloat16) if name == HALF else found, end
