"""Filters against Hugging Face's and by hand; writing with and without the cache, and against `generate`."""

import itertools
import math

import pytest
import torch

from selfattention import sampling
from selfattention.models.gpt import GPT, Changes, Sizes
from selfattention.parity import from_gpt2, from_llama
from selfattention.sampling import Sampler, best, generate, min_p, stream, top_k, top_p, with_temperature

GONE = -math.inf
PROMPT = torch.tensor([[5, 9, 1], [4, 2, 8]])
LOGITS = torch.log(torch.tensor([[0.1, 0.4, 0.05, 0.25, 0.2], [0.2, 0.2, 0.2, 0.2, 0.2]]))


def kept(logits):
    return [[place for place, value in enumerate(row) if value > GONE] for row in logits.tolist()]


def spread(model):
    """Weights that are large enough for a model to say something."""
    torch.manual_seed(0)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


def gpt(changes=Changes(), context=37):
    return spread(GPT(Sizes(vocab=23, context=context, d_model=24, heads=4, d_ff=36, layers=2), changes).double())


def drawing(seed):
    return Sampler(generator=torch.Generator().manual_seed(seed))


def test_filters_by_hand():
    assert kept(top_k(LOGITS, 2)) == [[1, 3], [0, 1, 2, 3, 4]]  # ties stay together
    assert kept(top_p(LOGITS[:1], 0.6)) == [[1, 3]]  # 0.4 is not enough, 0.65 is
    assert kept(top_p(LOGITS[:1], 0.4 - 1e-6)) == [[1]] and kept(top_p(LOGITS[:1], 0.4 + 1e-3)) == [[1, 3]]
    assert kept(top_p(LOGITS[:1], 1e-9)) == [[1]] and kept(top_p(LOGITS[1:], 0.5)) == [[0, 1, 2]]
    assert kept(min_p(LOGITS[:1], 0.45)) == [[1, 3, 4]] and kept(min_p(LOGITS, 1.0)) == [[1], [0, 1, 2, 3, 4]]
    for whole in (top_k(LOGITS, 5), top_p(LOGITS, 1.0), min_p(LOGITS, 0.0), with_temperature(LOGITS, 1.0)):
        assert torch.equal(whole, LOGITS)
    assert kept(with_temperature(LOGITS, 0.0)) == [[1], [0]]
    torch.testing.assert_close(with_temperature(LOGITS, 0.5), 2 * LOGITS)


def test_what_is_kept_keeps_its_logit_and_nothing_given_is_changed():
    torch.manual_seed(0)
    logits = torch.randn(3, 2, 11)
    before = logits.clone()
    for filtered in (top_k(logits, 3), top_p(logits, 0.7), min_p(logits, 0.3)):
        left = filtered > GONE
        assert 0 < left.sum() < left.numel() and torch.equal(filtered[left], logits[left])
    assert torch.equal(logits, before)


@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
@pytest.mark.parametrize(("ours", "theirs", "numbers"), [
    (with_temperature, "TemperatureLogitsWarper", (0.3, 0.7, 1.0, 2.5)), (top_k, "TopKLogitsWarper", (1, 2, 7, 101)),
    (top_p, "TopPLogitsWarper", (1e-3, 0.1, 0.5, 0.9, 0.999)), (min_p, "MinPLogitsWarper", (0.0, 0.05, 0.3, 1.0))])
def test_filters_equal_hugging_faces(ours, theirs, numbers, scale):
    logits_process = pytest.importorskip("transformers.generation.logits_process")
    torch.manual_seed(0)
    logits = scale * torch.randn(53, 101, dtype=torch.float64)
    logits[1] = logits[1].round(decimals=1)  # with ties, which only top-k and min-p keep together
    logits[2, 5:] = GONE
    for number in numbers:
        rows = logits if ours is not top_p else logits[[0, *range(2, 53)]]
        expected = getattr(logits_process, theirs)(number)(None, rows.clone())
        assert torch.equal(ours(rows, number), expected), number


def test_a_sampler_draws_by_the_filtered_probabilities_and_by_its_generator():
    sampler = Sampler(temperature=0.5, k=4, p=0.9, share=0.1, generator=torch.Generator().manual_seed(0))
    filtered = min_p(top_p(top_k(with_temperature(LOGITS[0], 0.5), 4), 0.9), 0.1)
    assert torch.equal(sampler.filtered(LOGITS[0]), filtered) and kept(filtered[None]) == [[1, 3, 4]]
    drawn = sampler(LOGITS[0].expand(200, 100, 5))
    assert drawn.shape == (200, 100)
    shares = torch.bincount(drawn.flatten(), minlength=5) / drawn.numel()
    torch.testing.assert_close(shares, filtered.softmax(dim=-1), atol=0.02, rtol=0)  # 5 standard errors
    assert torch.equal(*(sampler(LOGITS.repeat(50, 1)) for sampler in (drawing(3), drawing(3))))
    assert Sampler(temperature=0.0)(LOGITS).tolist() == best(LOGITS).tolist() == [1, 0]


CHANGES = [Changes(), Changes(rms_norm=True), Changes(swiglu=True), Changes(rotary=True), Changes(key_heads=2),
           Changes(True, True, True, 1)]


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_the_cache_changes_no_token_also_beyond_the_context(changes):
    model = gpt(changes, context=11)
    with_cache, without = (generate(model, PROMPT, 19, drawing(1), cache=cache) for cache in (True, False))
    assert with_cache.shape == (2, 19) and torch.equal(with_cache, without)
    assert len(set(with_cache.flatten().tolist())) > 3
    assert torch.equal(generate(model, PROMPT[1:], 19), generate(model, PROMPT, 19)[1:])


def test_the_cache_is_used():
    model, read = gpt(), []
    decode = model.decode
    model.decode = lambda tokens, past=None: read.append(tokens.shape[1]) or decode(tokens, past)
    generate(model, PROMPT, 4)
    generate(model, PROMPT, 4, cache=False)
    assert read == [3, 1, 1, 1, 3, 4, 5, 6]


def test_beyond_the_context_the_last_tokens_are_read():
    model = gpt(context=5)
    tokens = torch.cat([PROMPT, generate(model, PROMPT, 9, drawing(2))], dim=1)
    draw = drawing(2)
    for place in range(3, 12):
        assert torch.equal(draw(model(tokens[:, max(place - 5, 0):place])[:, -1]), tokens[:, place])


def test_a_stream_gives_each_token_before_the_next_is_computed():
    model = gpt()
    tokens = stream(model, PROMPT, 10**9, drawing(1))
    first = list(itertools.islice(tokens, 4))
    whole = generate(model, PROMPT, 4, drawing(1))
    assert torch.equal(torch.stack(first, dim=1), whole) and torch.is_grad_enabled()
    assert not whole.requires_grad


def test_greedy_writes_what_hugging_face_generates():
    transformers = pytest.importorskip("transformers")
    sizes = Sizes(vocab=23, context=37, d_model=24, heads=4, d_ff=36, layers=2)
    theirs = spread(transformers.GPT2LMHeadModel(transformers.GPT2Config(
        vocab_size=23, n_positions=37, n_embd=24, n_layer=2, n_head=4, n_inner=36, bos_token_id=None,
        eos_token_id=None)).double())
    ours = from_gpt2(GPT(sizes).double().eval(), theirs)
    found = theirs.generate(PROMPT, attention_mask=torch.ones_like(PROMPT), max_new_tokens=30, do_sample=False,
                            pad_token_id=0)
    assert torch.equal(torch.cat([PROMPT, generate(ours, PROMPT, 30)], dim=1), found)
    assert len(set(found.flatten().tolist())) > 5


def test_greedy_writes_what_llama_generates():
    transformers = pytest.importorskip("transformers")
    sizes, changes = Sizes(vocab=23, context=37, d_model=24, heads=4, d_ff=36, layers=2), Changes(True, True, True, 2)
    theirs = spread(transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=23, max_position_embeddings=37, hidden_size=24, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, intermediate_size=24, attention_bias=True, tie_word_embeddings=True, bos_token_id=None,
        eos_token_id=None)))
    ours = from_llama(GPT(sizes, changes).eval(), theirs)
    found = theirs.generate(PROMPT, attention_mask=torch.ones_like(PROMPT), max_new_tokens=30, do_sample=False,
                            pad_token_id=0)
    assert torch.equal(torch.cat([PROMPT, generate(ours, PROMPT, 30)], dim=1), found)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: with_temperature(LOGITS, -0.5), "a temperature of -0.5.*0 .* or more"),
    (lambda: with_temperature(LOGITS, math.nan), "a temperature of nan"),
    (lambda: top_k(LOGITS, 0), "k = 0 of 5 tokens: k is between 1 and 5"),
    (lambda: top_k(LOGITS, 6), "k = 6 of 5 tokens"),
    (lambda: top_p(LOGITS, 0.0), "p = 0.0.*above 0, and at most 1"), (lambda: top_p(LOGITS, 1.1), "p = 1.1"),
    (lambda: min_p(LOGITS, -0.1), "a share of -0.1.*between 0 and 1"), (lambda: min_p(LOGITS, 1.5), "a share of 1.5"),
    (lambda: stream(gpt(), PROMPT[:, :0], 3), r"a prompt of shape \(2, 0\) is empty"),
    (lambda: stream(gpt(), PROMPT[0], 3), r"a prompt of shape \(3,\) is empty or no batch"),
    (lambda: stream(gpt(context=2), PROMPT, 3), "a prompt of 3 tokens, but the model reads 2 at once: shorten"),
    (lambda: generate(gpt(), PROMPT, 0), "0 tokens to write"),
    (lambda: Sampler(k=99)(LOGITS), "k = 99 of 5 tokens"),
])
def test_bad_input_is_named(call, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_gpt_is_a_writer():
    assert isinstance(gpt(), sampling.Writer)
