"""What benchmarks share that train for so many seconds, and not for so many steps.

On one thread the seconds are those of the processor, and other programs take none of them. Several threads share each
batch, and then seconds are those that pass: leave the machine to them.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import timing  # noqa: F401, isort: skip  (sets the number of threads before torch is there)
import torch
from torch import nn

from selfattention.training import Recipe, Trainer, muon, up_and_down


def clock(threads: int, processor: bool = False) -> Callable[[], float]:
    """Tells seconds: those that pass, or, on one thread or where it is asked for, those of the processor for each."""
    if threads == 1 or processor:
        return lambda: time.process_time() / threads
    return time.perf_counter


def growing(shares: dict[int, float], last: int, seconds: float, now: Callable[[], float]) -> Callable[[], int]:
    """Tells how long texts shall be: each length until its share of the seconds is over, from now on, then `last`."""
    started = now()

    def length() -> int:
        over = (now() - started) / seconds
        return next((length for length, until in shares.items() if over < until), last)

    return length


class _Known(torch.autograd.Function):
    """A number whose gradients are known already."""

    @staticmethod
    def forward(context, number, slopes, *weights):
        context.slopes = slopes
        return number.clone()

    @staticmethod
    def backward(context, upstream):
        return None, None, *(None if slope is None else upstream * slope for slope in context.slopes)


def in_shares(loss: Callable, threads: int, pool: ThreadPoolExecutor) -> Callable:
    """The same loss, of which each thread computes its share of the batch, forth and back.

    Many small operations share two cores better than each of them would on its own.

    Args:    loss: as of `Trainer`, of batches that have a length and give their rows.
    """
    def shared(model: nn.Module, batch) -> tuple[torch.Tensor, torch.Tensor]:
        weights = list(model.parameters())

        def share(rows: torch.Tensor) -> tuple:
            total, tokens = loss(model, batch[rows])
            return total.detach(), tokens, torch.autograd.grad(total, weights, allow_unused=True)

        totals, tokens, slopes = zip(*pool.map(share, torch.arange(len(batch)).chunk(threads)))
        added = [None if parts[0] is None else sum(parts) for parts in zip(*slopes)]
        return _Known.apply(sum(totals), added, *weights), sum(tokens)

    return shared


class Together(torch.optim.Optimizer):
    """Optimizers that step at the same time, each in a thread of its own; to `Trainer` they are one."""

    def __init__(self, optimizers: list[torch.optim.Optimizer], pool: ThreadPoolExecutor) -> None:  # holds no weights
        self.optimizers, self.pool = optimizers, pool
        self.param_groups = [group for optimizer in optimizers for group in optimizer.param_groups]

    def step(self) -> None:
        list(self.pool.map(lambda optimizer: optimizer.step(), self.optimizers))

    def zero_grad(self) -> None:
        for optimizer in self.optimizers:
            optimizer.zero_grad()


def learned(model: nn.Module, batches, loss: Callable, seconds: float, every: float, seed: int, *,
            make: Callable = muon, rate: float = 2e-3, down: float = 0.2,
            threads: int = 1, clip: float = 1.0, now: Callable[[], float] | None = None,
            each: Callable[[], object] = lambda: None) -> Iterator[tuple[int, float]]:
    """Train; now and then yields how many steps and seconds it has been, with the model in evaluation mode.

    Args:    loss: as of `Trainer`. every: seconds from one look to the next. make, rate: the optimizers, and the
             highest rate; Muon's own is ten times as high. down: the last share of the time, in which the rate goes
             down to 0 in a line; 0 leaves it as it is. threads: share each batch (`in_shares`). clip: the largest norm
             of the gradient. now: where it is not `clock(threads)`. each: called after each step, on the same clock.
    """
    spent, now = 0.0, now or clock(threads)

    def share(step: int) -> float:
        over = spent / seconds
        return min((step + 1) / 20, up_and_down(round(1000 * over), 0, 1000) / down if down else 1.0, 1.0)

    with ThreadPoolExecutor(threads) as pool:
        optimizers = make(model, rate)
        if threads > 1:
            loss, optimizers = in_shares(loss, threads, pool), [Together(optimizers, pool)]
        trainer = Trainer(model, optimizers, loss, share, Recipe(10**9, rate, clip=clip, seed=seed))
        started, due = now(), every
        for _ in trainer.run(batches, progress=False):
            each()
            spent += now() - started
            if spent >= due or spent >= seconds:
                model.eval()
                yield trainer.step, spent
                model.train()
                due += every
            if spent >= seconds:
                return
            started = now()
