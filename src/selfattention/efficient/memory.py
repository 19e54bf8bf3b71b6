"""How much memory a computation takes at its height, counted in the tensors that torch's operations make."""

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def peak_bytes(call: Callable[[], Any]) -> int:
    """The most bytes that tensors made during `call` take at any one time; what was there before does not count.

    The same on every machine, and in every run. Where a call of `backward` belongs to it, let `call` do it.

    Differs: a fused kernel is one operation, so what it needs for itself is not seen, only what it gives back.
    """
    with _Held() as held:
        call()
    return held.most


class _Held(TorchDispatchMode):
    """While entered, adds up the storages that operations give back, and takes them off when they are gone."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self._known: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        before = {_place(leaf) for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)}
        made = function(*args, **(kwargs or {}))
        for leaf in tree_leaves(made):
            if isinstance(leaf, torch.Tensor) and _place(leaf) not in before:
                self._add(leaf.untyped_storage())
        return made

    def _add(self, storage: torch.UntypedStorage) -> None:
        if storage not in self._known:
            self._known[storage] = None
            self.now += storage.nbytes()
            self.most = max(self.most, self.now)
            weakref.finalize(storage, self._drop, storage.nbytes())

    def _drop(self, size: int) -> None:
        self.now -= size


def _place(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage()._cdata
