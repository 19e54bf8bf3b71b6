"""Plain data: what may cross the door between a check and an answer.

Numbers, strings, None, arrays, tensors, and lists, tuples and dicts of them, in one form each: what is plain here
arrives equal in another process. Anything else a learner's code returns is named by its type and never looked into.
"""

import contextlib
import json
import math
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

NUMERIC_KINDS = "biufc"
WHOLE = "biu"
ROUNDING = 2e-5  # of the largest number: float32 needs up to 1e-5 in the exercises, every known mistake is further off
AGAIN = 1e-6  # of the largest number: what the same code may give in float32 when sums come in another order
DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
          "float16", "float32", "float64", "complex64", "complex128")  # of arrays; and of tensors, with bfloat16
NAMES = {np.dtype(name): name for name in DTYPES}  # `dtype.name` is put together anew every time, which takes long
NARROWED = {"f": "float64", "c": "complex128"}  # what is wider is wider on some systems only
LARGEST_BYTES = 4 * 2**20  # of the arrays that cross together; no exercise asks for a tenth of it
LONGEST_TEXT = 3 * 2**18  # of everything but arrays, written as JSON
MOST_BITS = 2**12  # of a whole number
DEEPEST = 50  # lists in lists


@dataclass(frozen=True)
class Handle:
    """Stands for an object that stays behind the door, such as a module; `number` finds it again."""

    number: int


@dataclass(frozen=True)
class Foreign:
    """Stands for a returned object that is not plain data; only the name of its type crosses."""

    type_name: str


def is_tensor(value: Any) -> bool:
    """True for a `torch.Tensor`; does not import torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def is_array(value: Any) -> bool:
    """True for an array of numbers or booleans."""
    return isinstance(value, np.ndarray) and value.dtype.kind in NUMERIC_KINDS


def copy(value: Any) -> Any:
    """A copy that shares no memory with `value`; functions are passed through."""
    if is_tensor(value):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, (list, tuple)):
        return type(value)(copy(item) for item in value)
    if isinstance(value, dict):
        return {key: copy(item) for key, item in value.items()}
    return value


def plain(value: Any, keep: Any = None) -> Any:
    """`value` as plain data; `keep(value)` turns a function or module into a `Handle` where given.

    What is too much of it becomes a `Foreign` that says of what.
    """
    try:
        return _Plain(keep).of(value, 0)
    except _TooMuch as error:
        return Foreign(str(error))


class _TooMuch(Exception):
    """More than may cross the door; the message says of what."""


class _Plain:
    """Makes one value plain, and counts what it takes."""

    def __init__(self, keep: Any) -> None:
        self._keep, self._text, self._bytes = keep, 0, 0

    def of(self, value: Any, depth: int) -> Any:
        """`value` as plain data; `depth` lists are around it."""
        if depth > DEEPEST:
            raise _TooMuch(f"lists in lists more than {DEEPEST} deep")
        if isinstance(value, (list, tuple)):  # a named tuple is a tuple
            self._count(20)
            kind = list if isinstance(value, list) else tuple
            return kind([self.of(item, depth + 1) for item in kind.__iter__(value)])
        if isinstance(value, dict) and all(isinstance(key, str) for key in dict.__iter__(value)):
            self._count(20)
            return {self.of(key, depth): self.of(item, depth + 1) for key, item in dict.items(value)}
        if value is None or type(value) in (bool, float):
            self._count(30)
            return value
        if type(value) is int:
            self._count(value.bit_length() // 3 + 4)
            return value if value.bit_length() <= MOST_BITS else Foreign(
                f"whole number of {value.bit_length()} binary digits")
        if isinstance(value, str):  # also NumPy's
            value = text(value)
            self._count(len(json.dumps(value)) + 2)
            return value
        self._count(100)
        if _is_fraction(value):
            with contextlib.suppress(ArithmeticError, ValueError):
                return float(value)
        if isinstance(value, np.generic):
            value = np.asarray(value)
        if is_tensor(value) or isinstance(value, np.ndarray):
            return self._numbers(value)
        if callable(value) and self._keep is not None and not isinstance(value, type):
            return self._keep(value)
        return Foreign(type(value).__name__)

    def _count(self, characters: int) -> None:
        self._text += characters
        if self._text > LONGEST_TEXT:
            raise _TooMuch(f"more than {LONGEST_TEXT // 2**10} kB of text, lists and single numbers")

    def _numbers(self, value: Any) -> Any:
        kind = "tensor" if is_tensor(value) else "array"
        size = math.prod(value.shape) * value.dtype.itemsize
        if size > LARGEST_BYTES:
            return Foreign(f"{kind} of {size / 2**20:.0f} MB")
        self._bytes += size
        self._count(20 * len(value.shape))
        if self._bytes > LARGEST_BYTES:
            raise _TooMuch(f"arrays of more than {LARGEST_BYTES // 2**20} MB together")
        return _tensor(value) if kind == "tensor" else _array(value)


def _is_fraction(value: Any) -> bool:
    """Whether it is one of Python's exact numbers, which nobody has where their modules were not imported."""
    names = ("fractions", "Fraction"), ("decimal", "Decimal")
    return any(module in sys.modules and isinstance(value, getattr(sys.modules[module], name, ()))
               for module, name in names)


def text(value: str) -> str:
    """A text without halves of surrogate pairs: they are no characters, and can be neither shown nor saved."""
    return str.encode(value, "utf-8", "replace").decode()


def _array(value: np.ndarray) -> np.ndarray | Foreign:
    """The array in this machine's byte order, its rows one after the other."""
    if value.dtype.kind not in NUMERIC_KINDS:
        return Foreign(f"array of {value.dtype}")
    if value.dtype in NAMES:
        return np.array(value, order="C", subok=False)
    name = NAMES.get(value.dtype.newbyteorder("="), NARROWED.get(value.dtype.kind))
    with np.errstate(all="ignore"):
        return np.array(value, dtype=name, order="C", subok=False)


def _tensor(value: Any) -> Any:
    """The tensor with its numbers on the CPU, one after the other; without gradients and subclass."""
    torch = sys.modules["torch"]
    with contextlib.suppress(Exception), torch._C.DisableTorchFunctionSubclass():
        found = value.detach().as_subclass(torch.Tensor)
        name = str(found.dtype).removeprefix("torch.")
        if name in (*DTYPES, "bfloat16") and found.layout is torch.strided and found.device.type != "meta":
            found = found.cpu().resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format)
            if as_array(found) is not None:
                return found
        return Foreign(f"tensor of {name}" if found.layout is torch.strided else f"tensor of {found.layout}")
    return Foreign("tensor without numbers")


def numbers_in(value: Any) -> int:
    """How many numbers and characters a piece of plain data holds; an array as many as if no axis were empty.

    An empty axis costs nothing, but it may be multiplied away, and what the others span is left.
    """
    if isinstance(value, (list, tuple)):
        return sum(map(numbers_in, value)) + 1
    if isinstance(value, dict):
        return sum(map(numbers_in, [*value.keys(), *value.values()])) + 1
    if isinstance(value, str):
        return len(value)
    if is_tensor(value) or is_array(value):
        return math.prod(max(1, size) for size in value.shape)
    return value.bit_length() // 64 + 1 if type(value) is int else 1


def as_array(value: Any) -> np.ndarray | None:
    """`value` as a NumPy array, or None where it is not numeric."""
    if is_tensor(value):
        if str(value.layout) != "torch.strided":
            return None
        value = value.detach().cpu()
        return (value if str(value.dtype).removeprefix("torch.") in DTYPES else value.float()).numpy()
    if is_array(value):
        return value
    if isinstance(value, np.generic) and value.dtype.kind in NUMERIC_KINDS:
        return np.asarray(value)
    if type(value) is int and value.bit_length() > 63:
        beyond = math.inf if value > 0 else -math.inf
        return np.asarray(beyond if value.bit_length() > 1023 else float(value))
    if type(value) in (bool, int, float):
        return np.asarray(value)
    return None


def close(left: np.ndarray, right: np.ndarray, *, closely: bool = False) -> bool:
    """True where shapes agree and every number is equal, but for rounding; NaN equals NaN.

    An answer may sum in another order, or work in float32 somewhere: its error then goes by the largest numbers that
    were added up, not by what is left of them, and the type of the result does not tell. So a difference counts from
    2e-5 of the largest number on, and where a result is in float32 or less from 2e-4 of the number itself.

    Args:    closely: for two results of the same code, where only the order of sums may differ: 1e-6.
    """
    return left.shape == right.shape and not differing(left, right, closely=closely).any()


def differing(left: np.ndarray, right: np.ndarray, *, closely: bool = False) -> np.ndarray:
    """Where two arrays of one shape differ by more than `close` allows."""
    unlike = left != right
    if not unlike.any() or (left.dtype.kind in WHOLE and right.dtype.kind in WHOLE):
        return unlike
    coarse = any(array.dtype.kind in "fc" and array.dtype.itemsize <= 4 for array in (left, right))
    relative, absolute = (2e-4, 2e-5) if coarse else (1e-8, 1e-10)
    if left.dtype.kind not in WHOLE and right.dtype.kind not in WHOLE:
        absolute = max(absolute, (AGAIN if closely else ROUNDING) * min(_largest(left), _largest(right)))
    with np.errstate(all="ignore"):  # as np.allclose with equal_nan, which takes three times as long
        near = (np.abs(left - right) <= absolute + relative * np.abs(right)) & np.isfinite(right)
        return unlike & ~near & ~((left != left) & (right != right))


def _largest(array: np.ndarray) -> float:
    """The largest size among finite numbers; 0 where there are none."""
    return float(np.abs(array[np.isfinite(array)]).max(initial=0.0))


def same(left: Any, right: Any, *, closely: bool = False) -> bool:
    """True where two pieces of plain data have the same structure and close numbers."""
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(same(*pair, closely=closely) for pair in zip(left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key], closely=closely) for key in left)
    if type(left) is int and type(right) is int:
        return left == right
    one, other = as_array(left), as_array(right)
    if one is not None and other is not None:
        return (one.dtype.kind == "b") == (other.dtype.kind == "b") and close(one, other, closely=closely)
    return type(left) is type(right) and left == right
