"""One model, five mixings: against torch's parts put together, and what each costs and reaches, counted."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from selfattention import masks
from selfattention.convolution import receptive_field
from selfattention.layers import watching
from selfattention.models.sequence import (
    MIXINGS,
    SequenceModel,
    Sizes,
    dependent_products,
    equally_large,
    parameter_count,
)
from selfattention.parity import from_recurrent

CLOSE = {"rtol": 1e-9, "atol": 1e-11}
SIZES = Sizes(vocab=13, width=20, heads=5, taps=3, dilations=(1, 2))
TOKENS = torch.tensor([[5, 9, 1, 12, 3, 2, 7], [4, 2, 8, 0, 0, 11, 6]])
pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize(("kind", "module"), [("rnn", nn.RNN), ("gru", nn.GRU), ("lstm", nn.LSTM)])
@pytest.mark.parametrize("wider", [4, 0])
def test_a_recurrent_model_is_torchs_layers_in_pre_norm_connections(kind, module, wider):
    model = SequenceModel(kind, replace(SIZES, wider=wider))
    theirs = [module(20, 20, batch_first=True) for _ in range(2)]
    for layer, other in zip(model.layers, theirs):
        from_recurrent(layer.mixing.recurrent, other)

    def norm(x):
        return nn.functional.layer_norm(x, (20,))

    x = nn.functional.embedding(TOKENS, model.embedding.weight) * 20**0.5
    for layer, other in zip(model.layers, theirs):
        x = x + other(norm(x))[0]
        if wider:
            x = x + layer.feed_forward[2](layer.feed_forward[0](norm(x)).relu())
    expected, got = nn.functional.linear(norm(x), model.embedding.weight), model(TOKENS)
    torch.testing.assert_close(got, expected, **CLOSE)
    cotangent = torch.randn_like(got)
    one, other = (torch.autograd.grad(output, model.embedding.weight, cotangent)[0] for output in (got, expected))
    torch.testing.assert_close(one, other, **CLOSE)


@pytest.mark.parametrize("kind", MIXINGS)
def test_no_token_sees_a_later_one_or_another_text(kind):
    model = SequenceModel(kind, SIZES)
    whole = model(TOKENS)
    assert whole.shape == (2, 7, 13)
    changed = TOKENS.clone()
    changed[0, 4:] = 10
    torch.testing.assert_close(model(changed)[0, :4], whole[0, :4], **CLOSE)
    torch.testing.assert_close(model(changed)[1], whole[1], **CLOSE)
    assert not torch.allclose(model(changed)[0, 4:], whole[0, 4:])


def test_attention_rotates_and_so_knows_the_order():
    """With one layer: in two, the causal mask alone tells tokens apart."""
    model = SequenceModel("attention", replace(SIZES, layers=1))
    turned = TOKENS.clone()
    turned[:, [0, 1]] = TOKENS[:, [1, 0]]
    assert not torch.allclose(model(turned)[:, -1], model(TOKENS)[:, -1], rtol=1e-3)


@pytest.mark.parametrize("kind", MIXINGS)
@pytest.mark.parametrize("wider", [4, 0])
def test_rivals_are_equally_large_rather_larger(kind, wider):
    attention = parameter_count(SequenceModel("attention", Sizes(vocab=36)))
    sizes = equally_large(kind, Sizes(vocab=36, wider=wider), attention)
    count = parameter_count(SequenceModel(kind, sizes))
    assert 0.999 <= count / attention <= 1.05
    step = 4 if kind == "attention" else 1
    with torch.device("meta"):
        below = parameter_count(SequenceModel(kind, replace(sizes, width=sizes.width - step)))
    assert below < attention


def test_counting_builds_nothing():
    before = torch.get_rng_state()
    equally_large("gru", Sizes(vocab=36), 100_000)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("kind", MIXINGS)
@pytest.mark.parametrize("wider", [4, 0])
def test_flops_are_those_that_torch_counts(kind, wider):
    model = SequenceModel(kind, replace(SIZES, wider=wider))
    attentions = [layer.mixing.attention for layer in model.layers] if kind == "attention" else []
    with FlopCounterMode(display=False) as counter, watching(*attentions):  # what is fused is not counted on the CPU
        model(TOKENS[:1])
    assert model.flops(7) == counter.get_total_flops()


@pytest.mark.parametrize(("kind", "products", "path"), [("rnn", 11, 11), ("gru", 11, 11), ("lstm", 11, 11),
                                                        ("convolution", 8, 3), ("attention", 4, 1)])
def test_steps_and_paths_are_counted(kind, products, path):
    """Eleven tokens: eleven steps; four windows (3 taps; 1, 2, 4, 8 apart), three of which span them; one look."""
    mixing = MIXINGS[kind](replace(SIZES, dilations=(1, 2, 4, 8)))
    x = torch.randn(2, 11, 20)
    assert dependent_products(mixing(x)) == products
    assert masks.path_length(mixing.rounds, x) == path
    *_, last = mixing.rounds(x)
    torch.testing.assert_close(last, mixing(x), **CLOSE)


def test_a_watched_attention_has_as_long_a_chain_as_a_fused_one():
    mixing, x = MIXINGS["attention"](SIZES), torch.randn(2, 11, 20)
    with watching(mixing.attention):
        assert dependent_products(mixing(x)) == dependent_products(mixing(x.float().double())) == 4


def test_a_chain_is_the_longest_of_all():
    x, weight = torch.randn(3, 3, requires_grad=True), torch.randn(3, 3, requires_grad=True)
    short = x @ weight
    long = torch.tanh((x @ weight) @ weight)
    assert dependent_products(short) == 1 and dependent_products(long + short) == 3 - 1
    assert dependent_products((long + short) @ weight) == 3
    assert dependent_products(x.exp()) == 0
    for _ in range(3000):  # deeper than Python's stack
        short = short @ weight
    assert dependent_products(short) == 3001


@pytest.mark.parametrize(("call", "message"), [
    (lambda: SequenceModel("cnn", SIZES), "'cnn': choose one of rnn, gru, lstm, convolution, attention"),
    (lambda: SequenceModel("attention", replace(SIZES, width=21)), "21 cannot be cut into 5|4 is odd"),
    (lambda: SequenceModel("gru", SIZES)(TOKENS + 1), "tokens from 1 to 13.*0 to 12"),
    (lambda: SequenceModel("gru", SIZES)(TOKENS[0]), r"\(7,\) are empty or no batch"),
    (lambda: SequenceModel("gru", SIZES)(TOKENS[:, :0]), r"\(2, 0\) are empty"),
    (lambda: equally_large("gru", Sizes(vocab=36), 10), "no gru of 2 layers has 10 parameters.* at width 1"),
    (lambda: equally_large("attention", Sizes(vocab=36), 1000), "no attention.* at width 8 and .* at width 4: ask"),
    (lambda: dependent_products(torch.randn(3)), "no graph"),
])
def test_bad_input_is_refused(call, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_field_covers_the_texts_of_the_lesson():
    sizes = Sizes(vocab=36)
    assert receptive_field(sizes.taps, sizes.dilations * sizes.layers) == 125
