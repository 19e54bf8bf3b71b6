"""The models under the tools that people use, in other types and modes: the numbers stay the same."""

import copy
import io
import pickle
import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from selfattention import layers, positions
from selfattention.layers import EncoderLayer, FeedForward, MultiHeadAttention
from selfattention.models.transformer import Sizes, Transformer
from selfattention.positions import Rotary, SinusoidalPositions, rotate, sinusoidal
from selfattention.training import translation_loss

SIZES = Sizes(source_vocab=29, target_vocab=31, d_model=28, heads=2, d_ff=23, layers=2, dropout=0.0)
SOURCE = torch.tensor([[5, 9, 1, 28, 3, 2, 7], [4, 2, 8, 0, 0, 0, 0], [11, 13, 17, 19, 23, 0, 0]])
TARGET = torch.tensor([[1, 6, 30, 2, 9], [1, 7, 7, 4, 0], [1, 12, 29, 8, 3]])
LONG = 700  # tokens; more than the first table of positions holds
MAKERS = pytest.mark.parametrize("make", [Transformer.paper, Transformer.rotary], ids=["paper", "rotary"])
pytestmark = pytest.mark.usefixtures("as_users_call")  # tools see the code itself, not the check of shapes around it


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """No table of positions was made before."""
    monkeypatch.setattr(positions, "_tables", {})
    torch.manual_seed(0)


def long_source():
    return torch.randint(3, 29, (2, LONG))


def gradients(model, *batch):
    model.zero_grad()
    model(*batch).square().mean().backward()
    return [parameter.grad.clone() for parameter in model.parameters()]


ONE_GRAPH = """
import torch
from selfattention.models.transformer import Sizes, Transformer

torch.manual_seed(0)
for make in (Transformer.paper, Transformer.rotary):
    model = make(Sizes(29, 31, d_model=28, heads=2, d_ff=23, layers=2, dropout=0.0))
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    for sentences, tokens, written in ((3, 7, 5), (1, 1, 1)):
        batch = torch.randint(0, 29, (sentences, tokens)), torch.randint(0, 31, (sentences, written))
        torch.testing.assert_close(compiled(*batch), model(*batch))
        slopes = []
        for one in (compiled, model):
            model.zero_grad()
            one(*batch).square().mean().backward()
            slopes.append([parameter.grad.clone() for parameter in model.parameters()])
        torch.testing.assert_close(*slopes)
"""


@pytest.mark.slow
def test_compiled_into_one_graph():
    """In a process of its own: the check of shapes at each call, which belongs to testing, is no part of the graph."""
    done = subprocess.run([sys.executable, "-c", ONE_GRAPH], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


@MAKERS
def test_exported(make):
    model = make(SIZES).eval()
    program = torch.export.export(model, (SOURCE, TARGET))
    torch.testing.assert_close(program.module()(SOURCE, TARGET), model(SOURCE, TARGET))
    assert not positions._tables or all(type(table) is torch.Tensor for table in positions._tables.values())


@MAKERS
@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_gradients_of_each_sentence_by_vmap(make):
    model = make(SIZES)
    weights = {name: parameter.detach() for name, parameter in model.named_parameters()}

    def loss(weights, source, target):
        logits = torch.func.functional_call(model, weights, (source[None], target[None, :-1]))
        return nn.functional.cross_entropy(logits[0], target[1:])

    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))(weights, SOURCE, TARGET)
    for sentence in range(len(SOURCE)):
        wanted = torch.autograd.grad(loss(dict(model.named_parameters()), SOURCE[sentence], TARGET[sentence]),
                                     list(model.parameters()))
        for name, slope in zip(weights, wanted):
            torch.testing.assert_close(each[name][sentence], slope, rtol=1e-4, atol=1e-6)


@MAKERS
def test_on_the_meta_device_and_from_there_to_a_real_one(make):
    with torch.device("meta"):
        model = make(SIZES)
        assert model(SOURCE.to("meta"), TARGET.to("meta")).shape == (3, 5, 31)
    weights = make(SIZES).state_dict()
    model.to_empty(device="cpu")
    model.load_state_dict(weights)
    other = make(SIZES)
    other.load_state_dict(weights)
    torch.testing.assert_close(model(SOURCE, TARGET), other(SOURCE, TARGET), rtol=0, atol=0)


@MAKERS
@pytest.mark.parametrize(("kind", "tolerance"), [(torch.bfloat16, 0.05), (torch.float16, 0.006)], ids=["bf16", "fp16"])
def test_in_half_precision(make, kind, tolerance):
    model = make(SIZES)
    wanted = model(SOURCE, TARGET)
    with torch.autocast("cpu", kind):
        logits = model(SOURCE, TARGET)
    assert ((logits - wanted).norm() / wanted.norm()).item() < tolerance
    half = copy.deepcopy(model).to(kind)
    logits = half(SOURCE, TARGET)
    assert logits.dtype == kind
    assert ((logits.float() - wanted).norm() / wanted.norm()).item() < tolerance
    assert all(slope.isfinite().all() for slope in gradients(half, SOURCE, TARGET))


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16], ids=["bf16", "fp16"])
@pytest.mark.parametrize("turn", [lambda x, at: Rotary(64).to(x.dtype)(x, start=at),
                                  lambda x, at: rotate(x, torch.tensor([at]))], ids=["module", "function"])
def test_angles_stay_exact_in_half_precision(kind, turn):
    """What comes out is what float64 gives, rounded once; with rounded angles four in ten of the numbers differed."""
    x = torch.randn(1, 64).to(kind)
    for at in range(0, 5000, 50):
        exact = rotate(x.double(), torch.tensor([at])).to(kind)
        assert (turn(x, at) != exact).float().mean().item() <= 0.05


@MAKERS
def test_a_pass_without_gradients_spoils_no_training_after_it(make):
    model = make(SIZES)
    source = long_source()
    with torch.inference_mode():
        before = model(source, TARGET[:2])
    slopes = gradients(model, source, TARGET[:2])
    torch.testing.assert_close(model(source, TARGET[:2]), before)
    assert all(slope.isfinite().all() for slope in slopes)
    assert not any(table.is_inference() or table.requires_grad for table in positions._tables.values())


@MAKERS
def test_a_model_built_for_reading_only(make):
    with torch.inference_mode():
        model = make(SIZES)
        assert model(SOURCE, TARGET).isfinite().all()


@MAKERS
def test_copied_pickled_and_saved(make):
    model = make(SIZES)
    source = long_source()
    wanted = model(source, TARGET[:2])
    saved = io.BytesIO()
    torch.save(model.state_dict(), saved)
    saved.seek(0)
    loaded = make(SIZES)
    loaded.load_state_dict(torch.load(saved, weights_only=True))
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), loaded):
        torch.testing.assert_close(other(source, TARGET[:2]), wanted, rtol=0, atol=0)


@pytest.mark.parametrize("reentrant", [False, True])
def test_gradient_checkpointing(reentrant):
    layer = EncoderLayer(MultiHeadAttention(28, 2, rotary=Rotary(14)), FeedForward(28, 23))
    x, mask = torch.randn(3, LONG, 28, requires_grad=True), torch.ones(1, 1, LONG, dtype=torch.bool)
    slopes = []
    for output in (layer(x, mask), checkpoint(layer, x, mask, use_reentrant=reentrant)):
        x.grad = None
        output.square().sum().backward()
        slopes.append(x.grad)
    torch.testing.assert_close(*slopes)


@pytest.mark.parametrize("at", [0, 1, 511, 512, 513, 4095, 99_999, 100_000])
def test_positions_far_out(at):
    x = torch.randn(2, 1, 14, dtype=torch.float64)
    angles = at * 10_000.0 ** (-torch.arange(0, 14, 2, dtype=torch.float64) / 14)
    wanted = torch.view_as_real(torch.view_as_complex(x.unflatten(-1, (-1, 2))) * torch.exp(1j * angles)).flatten(-2)
    torch.testing.assert_close(Rotary(14)(x, start=at), wanted, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(Rotary(14)(x.float(), start=at), wanted.float(), rtol=1e-5, atol=1e-6)
    waves = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten()[None]
    torch.testing.assert_close(SinusoidalPositions(14)(1, start=at), waves.float(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(SinusoidalPositions(14).double()(1, start=at), waves, rtol=1e-9, atol=1e-9)


def test_all_layers_share_one_table_and_it_grows_seldom():
    model = Transformer.rotary(SIZES)
    for tokens in (5, 500, 513, 700, 1000):
        model(torch.randint(3, 29, (1, tokens)), TARGET[:1])
    (table,) = positions._tables.values()
    assert table.shape == (1024, 14) and not [name for name, _ in model.named_buffers()]
    assert torch.equal(SinusoidalPositions(6)(3, start=600), sinusoidal(603, 6)[600:].float())


@MAKERS
def test_one_sentence_of_one_token(make):
    model = make(SIZES)
    together = model(SOURCE[:, :1], TARGET[:, :1])
    assert together.shape == (3, 1, 31)
    for sentence in range(3):
        torch.testing.assert_close(model(SOURCE[sentence:sentence + 1, :1], TARGET[sentence:sentence + 1, :1]),
                                   together[sentence:sentence + 1])


@MAKERS
def test_no_value_is_looked_at_in_a_training_step(make, monkeypatch):
    """On a GPU each look would make the step wait for it; the loss's own mean is the only one."""
    model = make(SIZES)

    class Pair:
        source, decoder_input, labels = SOURCE, TARGET[:, :-1], TARGET[:, 1:]

    looks = []
    for name in ("item", "__bool__", "__int__", "__float__", "tolist"):
        monkeypatch.setattr(torch.Tensor, name, lambda self, name=name: looks.append(name))
    total, _ = translation_loss(0.1)(model, Pair)
    total.backward()
    monkeypatch.undo()
    assert looks == []


def test_hooks_on_the_weights_see_and_change_them():
    layer = MultiHeadAttention(14, 2)
    x = torch.randn(3, 5, 14)
    plain = layer(x)
    with layers.watching(layer) as seen:
        torch.testing.assert_close(layer(x), plain)
    assert seen[0][0].shape == (3, 2, 5, 5)
    hook = layer.weights.register_forward_hook(lambda module, inputs, weights: torch.zeros_like(weights))
    torch.testing.assert_close(layer(x), layer.output.bias.expand(3, 5, 14))
    hook.remove()
    torch.testing.assert_close(layer(x), plain)
    layer.weights = nn.Dropout(1.0)
    torch.testing.assert_close(layer(x), layer.output.bias.expand(3, 5, 14))
