"""What benchmarks share that train for so many seconds of the processor, and not for so many steps.

With several threads those of all together count, divided by how many there are.
"""

import time
from collections.abc import Callable, Iterator

import timing  # noqa: F401, isort: skip  (sets the number of threads before torch is there)
import torch

from selfattention.training import Recipe, Trainer, adam, muon, up_and_down

MAKERS = {"muon": (muon, 2e-3), "adam": (adam, 2e-3)}  # with the highest rate; Muon's own is ten times as high


def now() -> float:
    """Seconds that the processor has worked, for each thread."""
    return time.process_time() / torch.get_num_threads()


def learned(model: torch.nn.Module, batches, loss: Callable, seconds: float, every: float, seed: int, *,
            optimizer: str = "muon", down: float = 0.2) -> Iterator[tuple[int, float]]:
    """Train; now and then yields how many steps and seconds it has been, with the model in evaluation mode.

    Args:    loss: as of `Trainer`. every: seconds from one look to the next. down: the last share of the time, in
             which the rate goes down to 0 in a line; 0 leaves it as it is.
    """
    make, rate = MAKERS[optimizer]
    spent = 0.0

    def share(step: int) -> float:
        over = spent / seconds
        return min((step + 1) / 20, up_and_down(round(1000 * over), 0, 1000) / down if down else 1.0, 1.0)

    trainer = Trainer(model, make(model, rate), loss, share, Recipe(10**9, rate, seed=seed))
    started, due = now(), every
    for _ in trainer.run(batches, progress=False):
        spent += now() - started
        if spent >= due or spent >= seconds:
            model.eval()
            yield trainer.step, spent
            model.train()
            due += every
        if spent >= seconds:
            return
        started = now()
