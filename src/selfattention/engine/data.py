"""Plain data: what may cross the door between a check and an answer.

Numbers, strings, None, arrays, tensors, and lists, tuples and dicts of them. Anything else a
learner's code returns is named by its type and never looked into.
"""

import math
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

NUMERIC_KINDS = "biufc"
LARGEST_BYTES = 4 * 2**20  # of an array that crosses; no exercise asks for a tenth of it
LONGEST_TEXT = 2**19


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
    """`value` as plain data; `keep(value)` turns a function or module into a `Handle` where given."""
    if type(value) is str and len(value) > LONGEST_TEXT:
        return Foreign(f"text of {len(value)} characters")
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if getattr(value, "nbytes", 0) > LARGEST_BYTES and (is_tensor(value) or is_array(value)):
        return Foreign(f"{'tensor' if is_tensor(value) else 'array'} of {value.nbytes / 2**20:.0f} MB")
    if is_tensor(value):
        return value.detach().cpu().clone()
    if is_array(value):
        return np.array(value)
    if isinstance(value, np.ndarray):
        return Foreign(f"array of {value.dtype}")
    if type(value) in (list, tuple):
        return type(value)(plain(item, keep) for item in value)
    if type(value) is dict and all(type(key) is str for key in value):
        return {key: plain(item, keep) for key, item in value.items()}
    if callable(value) and keep is not None and not isinstance(value, type):
        return keep(value)
    return Foreign(type(value).__name__)


def numbers_in(value: Any) -> int:
    """How many numbers and characters a piece of plain data holds; an array at least as many as its axes are long."""
    if isinstance(value, (list, tuple)):
        return sum(map(numbers_in, value)) + 1
    if isinstance(value, dict):
        return sum(map(numbers_in, [*value.keys(), *value.values()])) + 1
    if isinstance(value, str):
        return len(value)
    if is_tensor(value) or is_array(value):
        return max(math.prod(value.shape), sum(value.shape))
    return value.bit_length() // 64 + 1 if type(value) is int else 1


def as_array(value: Any) -> np.ndarray | None:
    """`value` as a NumPy array, or None where it is not numeric."""
    if is_tensor(value):
        value = value.detach().cpu()
        return (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()
    if is_array(value):
        return value
    if isinstance(value, np.generic) and value.dtype.kind in NUMERIC_KINDS:
        return np.asarray(value)
    if type(value) in (bool, int, float):
        return np.asarray(value)
    return None


def tolerance(*arrays: np.ndarray) -> tuple[float, float]:
    """Relative and absolute tolerance for comparing arrays, by the coarsest precision among them.

    An answer may sum in another order or work in float32: its error is then some hundred times
    the unit roundoff (6e-8 in float32, 1e-16 in float64). Every known mistake differs by far more.
    """
    coarse = any(array.dtype.kind in "fc" and array.dtype.itemsize <= 4 for array in arrays)
    return (2e-4, 2e-5) if coarse else (1e-8, 1e-10)


def close(left: np.ndarray, right: np.ndarray) -> bool:
    """True where shapes agree and every element is equal within `tolerance`; NaN equals NaN."""
    if left.shape != right.shape:
        return False
    relative, absolute = tolerance(left, right)
    return bool(np.allclose(left, right, rtol=relative, atol=absolute, equal_nan=True))


def same(left: Any, right: Any) -> bool:
    """True where two pieces of plain data have the same structure and close numbers."""
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    one, other = as_array(left), as_array(right)
    if one is not None and other is not None:
        return (one.dtype.kind == "b") == (other.dtype.kind == "b") and close(one, other)
    return type(left) is type(right) and left == right
