"""The loop: resuming, NaN, padding, two processes; against torch and arithmetic."""

import os
import subprocess
import sys
import textwrap

import pytest
import torch
from torch import nn

from selfattention.data.batches import Batches
from selfattention.models.transformer import Sizes, Transformer
from selfattention.training import (
    CHECKPOINT,
    Interrupted,
    Recipe,
    Trainer,
    adam,
    cross_entropy,
    fit,
    inverse_root,
    mean_loss,
    muon,
    next_token_loss,
    shared,
    smoothing_floor,
    train,
    translation_loss,
    true_loss,
    up_and_down,
)

SENTENCES = [[4 + (i * j) % 13 for j in range(1, 2 + i % 5)] for i in range(1, 60)]
BATCHES = Batches(SENTENCES, SENTENCES, size=7)


def trainer(steps=6, make=adam, dropout=0.3, **changes):
    torch.manual_seed(0)
    model = Transformer.rotary(Sizes(17, 17, d_model=14, heads=1, d_ff=23, layers=1, dropout=dropout))
    recipe = Recipe(steps=steps, warmup=3, save_every=2, **changes)
    return Trainer(model, make(model, recipe.rate), translation_loss(recipe.smoothing),
                   lambda step: inverse_root(step, recipe.warmup), recipe)


@pytest.mark.parametrize("make", [adam, muon])
def test_interrupting_and_resuming_gives_the_same_weights(make, tmp_path):
    whole = trainer(make=make)
    losses = list(whole.run(BATCHES, progress=False))
    first = trainer(make=make)
    for _ in zip(range(4), first.run(BATCHES, tmp_path, progress=False)):
        pass  # interrupted in the fourth step: the checkpoint is of the second or fourth
    second = trainer(make=make)
    rest = list(second.run(BATCHES, tmp_path, progress=False))
    assert rest == losses[-len(rest):] and 1 < len(rest) < 6
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(tensor, second.model.state_dict()[name]), name


def test_a_checkpoint_of_another_shape_or_a_damaged_one_is_named(tmp_path):
    list(trainer(steps=2).run(BATCHES, tmp_path, progress=False))
    model = Transformer.rotary(Sizes(17, 17, d_model=28, heads=1, d_ff=23, layers=1))
    other = Trainer(model, adam(model, 1e-3), translation_loss(0.1), lambda step: 1.0, Recipe(2))
    with pytest.raises(ValueError, match=r"\(17, 14\) for source_embedding.weight, the model \(17, 28\)"):
        list(other.run(BATCHES, tmp_path, progress=False))
    (tmp_path / CHECKPOINT).write_bytes(b"\x10" * 40)
    with pytest.raises(ValueError, match="damaged or no checkpoint"):
        list(trainer().run(BATCHES, tmp_path, progress=False))


def test_nan_stops_with_the_step_and_keeps_weights_and_checkpoint(tmp_path):
    training = trainer()
    steps = training.run(BATCHES, tmp_path, progress=False)
    for _ in range(3):
        next(steps)
    saved = (tmp_path / CHECKPOINT).read_bytes()
    before = {name: tensor.clone() for name, tensor in training.model.state_dict().items()}
    training.loss = lambda model, batch: (translation_loss(0.0)(model, batch)[0] * float("nan"), torch.tensor(1))
    with pytest.raises(Interrupted, match="step 3: the loss is nan"):
        next(steps)
    assert all(torch.equal(before[name], tensor) for name, tensor in training.model.state_dict().items())
    assert (tmp_path / CHECKPOINT).read_bytes() == saved


def test_padding_has_no_share_in_the_loss():
    logits, labels = torch.randn(2, 5, 17), torch.randint(1, 17, (2, 5))
    labels[1, 3:] = 0
    total, tokens = cross_entropy(logits, labels)
    by_hand = -sum(logits[b, t].log_softmax(-1)[labels[b, t]] for b in range(2) for t in range(5) if labels[b, t])
    assert tokens == 8
    torch.testing.assert_close(total, by_hand)
    logits[1, 3:] = 1e4
    torch.testing.assert_close(cross_entropy(logits, labels)[0], total)


def test_smoothing_mixes_in_the_uniform_distribution():
    logits, labels = torch.randn(1, 3, 17), torch.tensor([[3, 5, 16]])
    smooth = torch.full((3, 17), 0.1 / 17).scatter_add(1, labels.T, torch.full((3, 1), 0.9))
    expected = -(smooth * logits[0].log_softmax(-1)).sum()
    torch.testing.assert_close(cross_entropy(logits, labels, smoothing=0.1)[0], expected)


def test_the_rate_rises_then_falls():
    rates = [inverse_root(step, 100) for step in range(1000)]
    assert rates[0] == pytest.approx(0.01) and rates[99] == 1.0 and max(rates) == 1.0
    assert rates[399] == pytest.approx(0.5)
    paper = [min((step + 1) ** -0.5, (step + 1) * 100**-1.5) for step in range(1000)]
    assert rates == pytest.approx([rate / max(paper) for rate in paper])
    line = [up_and_down(step, 10, 100) for step in range(100)]
    assert line[0] == pytest.approx(0.1) and max(line) == 1.0 and 0 < line[-1] < 0.02
    assert inverse_root(0, 0) == 1.0, "no warm-up divides by nothing"


def test_muon_takes_the_matrices_inside_the_layers():
    inside, others = muon(Transformer.paper(Sizes(17, 17, d_model=14, heads=1, d_ff=23, layers=1)), 1e-3)
    shapes = {tuple(parameter.shape) for parameter in inside.param_groups[0]["params"]}
    assert shapes == {(14, 14), (23, 14), (14, 23)}
    assert all(parameter.ndim == 1 or len(parameter) == 17 for parameter in others.param_groups[0]["params"])


def test_optimizers_that_share_the_matrices_step_as_one_does():
    def stepped(shares):
        torch.manual_seed(0)
        model = Transformer.paper(Sizes(17, 17, d_model=14, heads=1, d_ff=23, layers=1))
        for parameter in model.parameters():
            parameter.grad = torch.randn_like(parameter)
        optimizers = muon(model, 1e-3, decay=0.5, shares=shares)
        for optimizer in optimizers:
            optimizer.step()
        return [len(optimizer.param_groups[0]["params"]) for optimizer in optimizers[:-1]], list(model.parameters())

    (all_of_them,), one = stepped(1)
    parts, three = stepped(3)
    assert sum(parts) == all_of_them and max(parts) - min(parts) <= 1
    for expected, found in zip(one, three, strict=True):
        assert torch.equal(found, expected)


def test_decay_shrinks_the_matrices_that_muon_takes():
    def stepped(**options):
        torch.manual_seed(0)
        model = Transformer.paper(Sizes(17, 17, d_model=14, heads=1, d_ff=23, layers=1))
        before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
        for optimizer in muon(model, 1e-3, **options):
            optimizer.step()
        return before, dict(model.named_parameters())

    (before, whole), (_, decayed) = stepped(), stepped(decay=0.5)
    for name, weight in whole.items():
        inside = weight.ndim == 2 and len(weight) != 17
        torch.testing.assert_close(decayed[name], weight - 10 * 1e-3 * 0.5 * before[name] * inside)
        assert torch.equal(decayed[name], weight) != inside


@pytest.mark.slow
def test_two_processes_give_the_gradients_of_one(tmp_path):
    (tmp_path / "two.py").write_text(
        textwrap.dedent("""
        import sys
        import torch
        from selfattention.data.batches import Batches
        from selfattention.models.transformer import Sizes, Transformer
        from selfattention.training import Recipe, Trainer, bare, prepared, translation_loss

        sentences = [[4 + (i * j) % 13 for j in range(1, 2 + i % 5)] for i in range(1, 60)]
        torch.manual_seed(0)
        sizes = Sizes(17, 17, d_model=14, heads=1, d_ff=23, layers=1, dropout=0.0)
        model = prepared(Transformer.rotary(sizes).double())
        # Plain steps keep rounding errors of the gradients as small as they are; Adam divides by their size.
        sgd = torch.optim.SGD(model.parameters(), lr=0.5)
        trainer = Trainer(model, [sgd], translation_loss(0.1), lambda step: 1.0, Recipe(3))
        losses = list(trainer.run(Batches(sentences, sentences, size=7), progress=False))
        weights = torch.cat([parameter.flatten() for parameter in bare(model).parameters()])
        if not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0:
            torch.save([losses, weights.detach()], sys.argv[1])
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
    """)
    )
    alone = [sys.executable, str(tmp_path / "two.py")]
    together = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node=2",
        str(tmp_path / "two.py"),
    ]
    results = []
    for command, name in ((alone, "alone"), (together, "together")):
        done = subprocess.run([*command, str(tmp_path / name)], capture_output=True, text=True,
                              env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "",
                                   "TMPDIR": str(tmp_path)})  # torch leaves its folder of logs there
        assert done.returncode == 0, done.stderr[-3000:]
        results.append(torch.load(tmp_path / name, weights_only=True))
    (losses, weights), (other_losses, other_weights) = results
    assert losses == pytest.approx(other_losses, rel=1e-12)
    torch.testing.assert_close(weights, other_weights, rtol=1e-11, atol=1e-12)


def test_a_batch_is_shared_out_whole_and_never_too_thin(monkeypatch):
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 3)
    rows = []
    for rank in range(3):
        monkeypatch.setattr(torch.distributed, "get_rank", lambda rank=rank: rank)
        rows += shared(BATCHES[0]).labels.tolist()
        with pytest.raises(ValueError, match="2 sentences cannot be shared among 3 processes"):
            shared(Batches(SENTENCES[:2], SENTENCES[:2], size=2)[0])
    assert sorted(rows) == sorted(BATCHES[0].labels.tolist())


def test_a_linear_model_learns():
    model = nn.Linear(3, 1)

    class Point:
        def __init__(self, x):
            self.x = x

        def to(self, device):
            return self

    training = Trainer(
        model,
        adam(model, 0.05),
        lambda model, batch: ((model(batch.x) - batch.x.sum(-1, keepdim=True)).square().sum(), torch.tensor(5)),
        lambda step: 1.0,
        Recipe(200),
    )
    losses = list(training.run([Point(torch.randn(5, 3)) for _ in range(200)], progress=False))
    assert losses[-1] < 0.01 * losses[0]


def test_fit_is_the_trainer_with_adam_and_looks_at_a_model_that_evaluates(capsys):
    one = trainer(steps=6)
    one.schedule = lambda step: up_and_down(step, 3, 6)
    losses = list(one.run(BATCHES, progress=False))
    modes, other = [], trainer(steps=6)

    def watch(model):
        modes.append(model.training)
        return len(modes)

    course = fit(other.model, BATCHES, other.recipe, every=2, watch=watch)
    assert course.losses == losses and course.watched == [1, 2, 3] and modes == [False] * 3
    assert not other.model.training and capsys.readouterr().out == ""
    other = trainer(steps=6)
    course = fit(other.model, BATCHES, other.recipe, every=4)
    assert capsys.readouterr().out == f"step 4: {sum(losses[:4]) / 4:.1f} nats per token\n" and course.watched == []


def test_fit_takes_other_optimizers():
    one, other = trainer(make=muon), trainer(make=muon)
    one.schedule = lambda step: up_and_down(step, 3, 6)
    course = fit(other.model, BATCHES, other.recipe, make=muon)
    assert course.losses == list(one.run(BATCHES, progress=False))


def test_the_mean_loss_is_over_tokens_not_over_batches():
    parts = [(torch.tensor(6.0), torch.tensor(3)), (torch.tensor(5.0), torch.tensor(1))]
    assert mean_loss(nn.Identity(), parts, lambda model, part: part) == 11 / 4


@pytest.mark.parametrize(("vocab", "smoothing"), [(17, 0.1), (230, 0.1), (7, 0.4), (7, 0.0)])
def test_no_model_gets_under_the_floor_of_smoothing(vocab, smoothing):
    logits = torch.zeros(1, vocab, dtype=torch.float64, requires_grad=True)
    wanted = torch.full((vocab,), smoothing / vocab, dtype=torch.float64)
    wanted[3] += 1 - smoothing
    perfect = wanted.clamp(min=1e-300).log()[None]
    assert smoothing_floor(vocab, smoothing) == pytest.approx(
        cross_entropy(perfect, torch.tensor([3]), smoothing)[0].item(), abs=1e-9)
    assert cross_entropy(logits, torch.tensor([3]), smoothing)[0].item() > smoothing_floor(vocab, smoothing)


class Copier(nn.Module):
    """Answers with the token it reads, or, where it cheats, with the next one if that is there."""

    def __init__(self, cheats):
        super().__init__()
        self.cheats, self.scale = cheats, nn.Parameter(torch.tensor(20.0))

    def forward(self, tokens):
        seen = torch.cat([tokens[:, 1:], tokens[:, -1:]], dim=1) if self.cheats else tokens
        return self.scale * nn.functional.one_hot(seen, 7).float()


def test_the_true_loss_sees_through_a_model_that_looks_ahead():
    texts = torch.randint(7, (53, 11), generator=torch.Generator().manual_seed(1))
    honest, cheat = Copier(False), Copier(True)
    assert next_token_loss(cheat, texts) < 0.2 * next_token_loss(honest, texts)
    assert true_loss(cheat, texts) == pytest.approx(true_loss(honest, texts))
    assert true_loss(honest, texts) == pytest.approx(next_token_loss(honest, texts).item(), rel=1e-5)


def test_the_next_token_loss_is_the_mean_over_all_places():
    texts = torch.tensor([[0, 0, 1], [3, 3, 3]])
    model = Copier(False)
    right, wrong = (-torch.log_softmax(20.0 * torch.eye(7)[0], dim=0)[place].item() for place in (0, 1))
    assert next_token_loss(model, texts).item() == pytest.approx((3 * right + wrong) / 4, rel=1e-5)


def test_the_shortest_training_takes_a_step_for_each_rate():
    model, drawn = nn.Linear(1, 1, bias=False), []

    def draw():
        drawn.append(len(drawn))
        return torch.ones(1, 1)

    with torch.no_grad():
        model.weight.fill_(3.0)
    losses = train(model, draw, [0.5, 0.0, 0.25], loss=lambda model, x: model(x).square().sum())
    assert drawn == [0, 1, 2] and losses[0] == pytest.approx(9.0)
    assert losses[1] == losses[2] == pytest.approx(2.5**2, rel=1e-4), "Adam's first step is as long as its rate"
    assert model.weight.item() < 2.5
