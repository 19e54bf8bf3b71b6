"""A training loop to be read: it warms up, clips, notices NaN, survives interruptions and gives the same numbers again.

The same loop runs on a CPU, on a GPU where there is one, and under `torchrun`, where each process takes its share of
every batch and the gradients are those of the whole batch.
"""

import json
import math
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

PADDING = 0


@runtime_checkable
class Batch(Protocol):
    """What a model is trained on: a batch that can be moved to another device."""

    def to(self, device: torch.device | str) -> "Batch":
        """The batch on this device."""
        ...


class Interrupted(RuntimeError):
    """The loss is no longer a number; the last good checkpoint is kept."""


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Args:    rate: the highest learning rate. warmup: steps until it is reached. clip: the largest norm of the gradient.
             smoothing: the share of the target spread over the whole vocabulary (Vaswani et al. 2017, §5.4).
             save_every: steps between checkpoints.
    """

    steps: int
    rate: float = 1e-3
    warmup: int = 100
    clip: float = 1.0
    smoothing: float = 0.1
    save_every: int = 500
    seed: int = 0


def inverse_root(step: int, warmup: int) -> float:
    r"""The share of the highest rate at a step (from 0): up linearly, then down like $1/\sqrt{step}$.

    (Vaswani et al. 2017, eq. 3, divided by its largest value.)
    """
    step += 1
    return min(step / max(warmup, 1), math.sqrt(max(warmup, 1) / step))


def up_and_down(step: int, warmup: int, steps: int) -> float:
    """The share of the highest rate at a step (from 0): up linearly, then down in a line to 0 at the end."""
    return min((step + 1) / max(warmup, 1), (steps - step) / max(steps - warmup, 1), 1.0)


def cross_entropy(logits: Tensor, labels: Tensor, smoothing: float = 0.0) -> tuple[Tensor, Tensor]:
    """The sum of the losses of all real tokens in nats, and how many there are; padding (token 0) does not count."""
    total = nn.functional.cross_entropy(logits.flatten(0, -2), labels.flatten(), ignore_index=PADDING,
                                        label_smoothing=smoothing, reduction="sum")
    return total, (labels != PADDING).sum()


def next_token_loss(model: nn.Module, texts: Tensor) -> Tensor:
    """The mean loss, in nats, of each next token; the model is given whole texts (batch, tokens), as in training."""
    return nn.functional.cross_entropy(model(texts[:, :-1]).flatten(0, 1), texts[:, 1:].flatten())


def language_loss(model: nn.Module, texts: Tensor) -> tuple[Tensor, Tensor]:
    """The sum of the losses of all next tokens in nats, and how many there are: what `Trainer` asks for."""
    count = texts[:, 1:].numel()
    return count * next_token_loss(model, texts), torch.tensor(count, device=texts.device)


@torch.no_grad()
def true_loss(model: nn.Module, texts: Tensor) -> float:
    """The same, but the model is given only what stands before each token, so that no future can leak."""
    last = [model(texts[:, :end])[:, -1] for end in range(1, texts.shape[1])]
    return nn.functional.cross_entropy(torch.cat(last), texts[:, 1:].T.flatten()).item()


def train(model: nn.Module, draw: Callable[[], Any], rates: Iterable[float],
          loss: Callable[[nn.Module, Any], Tensor] = next_token_loss) -> list[float]:
    """The shortest training: a step of Adam on what is freshly drawn for each learning rate; returns the losses."""
    optimizer, losses = torch.optim.Adam(model.parameters()), []
    for rate in rates:
        optimizer.param_groups[0]["lr"] = rate
        lost = loss(model, draw())
        optimizer.zero_grad()
        lost.backward()
        optimizer.step()
        losses.append(lost.item())
    return losses


def adam(model: nn.Module, rate: float) -> list[torch.optim.Optimizer]:
    """Adam with the paper's β (Vaswani et al. 2017, §5.3)."""
    return [torch.optim.Adam(model.parameters(), lr=rate, betas=(0.9, 0.98), eps=1e-9)]


def muon(model: nn.Module, rate: float, times: float = 10.0, decay: float = 0.0,
         shares: int = 1) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers, Adam for embeddings, norms and biases (Jordan et al. 2024).

    Args:    rate: of Adam. times: Muon's is so many times as high. decay: weight decay of Muon's matrices; each step
             takes its rate times this share away from every weight. shares: so many optimizers share the matrices
             among them, so that as many threads can step at once.
    """
    inside = {id(module.weight) for module in model.modules() if isinstance(module, nn.Linear)}
    matrices = [parameter for parameter in model.parameters() if id(parameter) in inside]
    others = [parameter for parameter in model.parameters() if id(parameter) not in inside]
    return [*(torch.optim.Muon(matrices[share::shares], lr=times * rate, momentum=0.95, weight_decay=decay)
              for share in range(shares)),
            torch.optim.Adam(others, lr=rate, betas=(0.9, 0.98), eps=1e-9)]


@dataclass
class Trainer:
    """A model in training: `step` batches have been seen.

    Args:    loss: of a model and a batch: the sum over its tokens in nats, and the number of tokens.
             schedule: the share of the highest rate at a step.
    """

    model: nn.Module
    optimizers: list[torch.optim.Optimizer]
    loss: Callable[[nn.Module, Any], tuple[Tensor, Tensor]]
    schedule: Callable[[int], float]
    recipe: Recipe
    step: int = 0

    def update(self, batch: Batch) -> float:
        """One update; returns the mean loss of a token in nats.

        Raises:  Interrupted: the loss or the gradient is not a finite number; nothing was updated.
        """
        device = next(self.model.parameters()).device
        world = torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1
        total, tokens = self.loss(self.model, batch.to(device))
        everything = torch.stack([total.detach().double(), tokens.double()])
        if world > 1:
            torch.distributed.all_reduce(everything)
        mean = (everything[0] / everything[1]).item()
        (total * world / everything[1]).backward()  # DistributedDataParallel takes the mean over the processes
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
        if not math.isfinite(mean) or not math.isfinite(norm):
            for optimizer in self.optimizers:
                optimizer.zero_grad()
            raise Interrupted(
                f"step {self.step}: the loss is {mean:g} and the norm of the gradient {norm:g}; nothing was updated. "
                "Lower the learning rate or lengthen the warm-up, then go on from the last checkpoint")
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group.setdefault("highest", group["lr"]) * self.schedule(self.step)
            optimizer.step()
            optimizer.zero_grad()
        self.step += 1
        return mean

    def run(self, batches: Any, folder: Path | str | None = None, *, progress: bool = True) -> Iterator[float]:
        """Train up to the last step of the recipe; yields the loss of each step.

        Args:    batches: `batches[step]` is the batch of a step. folder: where the checkpoint is kept; where one is
                 there already, training goes on from it.
        """
        from tqdm.auto import tqdm

        checkpoint = Path(folder) / CHECKPOINT if folder is not None else None
        if checkpoint is not None and checkpoint.is_file():
            self.load(checkpoint)
        if self.step == 0:
            torch.manual_seed(self.recipe.seed)
        self.model.train()
        first = not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0
        for step in tqdm(range(self.step, self.recipe.steps), initial=self.step, total=self.recipe.steps, unit="step",
                         disable=not (progress and first), leave=False):
            yield self.update(shared(batches[step]))
            due = self.step % self.recipe.save_every == 0 or self.step == self.recipe.steps
            if checkpoint is not None and first and due:
                self.save(checkpoint)

    def save(self, path: Path) -> None:
        """Write all that is needed to go on as if nothing had happened, whole or not at all; nothing is pickled.

        Differs: with several processes the random state is the first one's, so dropout draws otherwise after a return.
        """
        from safetensors.torch import save_file

        tensors = {f"model.{name}": tensor.contiguous() for name, tensor in bare(self.model).state_dict().items()}
        groups = []
        for number, optimizer in enumerate(self.optimizers):
            state = optimizer.state_dict()
            groups.append(state["param_groups"])
            tensors |= {f"optimizer.{number}.{parameter}.{name}": torch.as_tensor(value).contiguous()
                        for parameter, values in state["state"].items() for name, value in values.items()}
        tensors["random"] = torch.get_rng_state()
        if torch.cuda.is_available():
            tensors["random.cuda"] = torch.cuda.get_rng_state()
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        save_file(tensors, beside, metadata={"step": str(self.step), "groups": json.dumps(groups)})
        os.replace(beside, path)

    def load(self, path: Path) -> None:
        """Go back to what `save` wrote.

        Raises:  ValueError: the file is damaged, or belongs to a model of another shape (the message names both).
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                metadata = file.metadata()
            step, groups = int(metadata["step"]), json.loads(metadata["groups"])
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} is damaged or no checkpoint ({error}): delete it to start over") from None
        model = bare(self.model)
        there = {name.removeprefix("model."): tensor for name, tensor in tensors.items() if name.startswith("model.")}
        for name, tensor in model.state_dict().items():
            found = tuple(there[name].shape) if name in there else "nothing"
            if found != tuple(tensor.shape):
                raise ValueError(f"{path} has {found} for {name}, the model {tuple(tensor.shape)}: it belongs to "
                                 "another model; build that one, or save into another folder")
        model.load_state_dict(there)
        for number, optimizer in enumerate(self.optimizers):
            state: dict[int, dict[str, Tensor]] = {}
            for name, tensor in tensors.items():
                if name.startswith(f"optimizer.{number}."):
                    parameter, key = name.split(".")[2:]
                    state.setdefault(int(parameter), {})[key] = tensor
            optimizer.load_state_dict({"state": state, "param_groups": groups[number]})
        torch.set_rng_state(tensors["random"])
        if torch.cuda.is_available() and "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"])
        self.step = step


CHECKPOINT = "checkpoint.safetensors"


def bare(model: nn.Module) -> nn.Module:
    """The model itself, without the wrapping of DistributedDataParallel."""
    return model.module if isinstance(model, nn.parallel.DistributedDataParallel) else model


def shared(batch: Any) -> Any:
    """This process's share of a batch: the whole of it, or under `torchrun` every world-size-th sentence.

    Raises:  ValueError: there are fewer sentences than processes (in every process, so that none waits for another).
    """
    if not torch.distributed.is_initialized():
        return batch
    rank, world = torch.distributed.get_rank(), torch.distributed.get_world_size()
    sentences = min(len(tensor) for tensor in vars(batch).values())
    if sentences < world:
        raise ValueError(f"a batch of {sentences} sentences cannot be shared among {world} processes: choose a size "
                         "that leaves more in the last batch of an epoch, or start fewer processes")
    return type(batch)(**{name: tensor[rank::world] for name, tensor in vars(batch).items()})


def prepared(model: nn.Module) -> nn.Module:
    """The model where it shall be trained: on the GPU where there is one, and under `torchrun` wrapped for it."""
    gpu = torch.cuda.is_available()
    if "RANK" not in os.environ:
        return model.to("cuda" if gpu else "cpu")
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group("nccl" if gpu else "gloo")
    place = int(os.environ.get("LOCAL_RANK", 0))
    if gpu:
        torch.cuda.set_device(place)
    return nn.parallel.DistributedDataParallel(model.to(f"cuda:{place}" if gpu else "cpu"))


def translation_loss(smoothing: float) -> Callable[[nn.Module, Any], tuple[Tensor, Tensor]]:
    """The loss of an encoder–decoder on a batch of source, decoder input and labels."""
    def loss(model: nn.Module, batch: Any) -> tuple[Tensor, Tensor]:
        return cross_entropy(model(batch.source, batch.decoder_input), batch.labels, smoothing)
    return loss


class Course(NamedTuple):
    """What a training was like: the loss of each step, and what was seen of the model on the way."""

    losses: list[float]
    watched: list[Any]


def fit(model: nn.Module, batches: Any, recipe: Recipe, *,
        loss: Callable[[nn.Module, Any], tuple[Tensor, Tensor]] | None = None,
        make: Callable[[nn.Module, float], list[torch.optim.Optimizer]] = adam, every: int = 0,
        watch: Callable[[nn.Module], Any] | None = None) -> Course:
    """Train by a recipe, the rate going up and down in a line.

    Args:    loss: as of `Trainer`; `translation_loss` where nothing is said. make: `adam` or `muon`. every: steps from
             one look at the model to the next; 0 for none. watch: what is measured then; where nothing is said the
             latest losses are printed.
    Returns: the course of the training; the model is in evaluation mode then, and whenever it is watched.
    """
    trainer = Trainer(model, make(model, recipe.rate), loss or translation_loss(recipe.smoothing),
                      lambda step: up_and_down(step, recipe.warmup, recipe.steps), recipe)
    course = Course([], [])
    for one in trainer.run(batches, progress=False):
        course.losses.append(one)
        if not every or trainer.step % every:
            continue
        if watch is None:
            latest = course.losses[-100:]
            print(f"step {trainer.step}: {sum(latest) / len(latest):.1f} nats per token")
        else:
            course.watched.append(watch(model.eval()))
            model.train()
    model.eval()
    return course


@torch.no_grad()
def mean_loss(model: nn.Module, batches: Iterable[Any],
              loss: Callable[[nn.Module, Any], tuple[Tensor, Tensor]]) -> float:
    """The loss of a token, in nats: the mean over all tokens of all batches."""
    totals, tokens = zip(*(loss(model, batch) for batch in batches))
    return float(sum(totals) / sum(tokens))


def smoothing_floor(vocab: int, smoothing: float) -> float:
    """The smallest loss in nats that label smoothing leaves: the entropy of the smoothed target itself."""
    wrong = smoothing / vocab
    right = 1 - smoothing + wrong
    return -right * math.log(right) - (vocab - 1) * wrong * math.log(wrong) if smoothing else 0.0
