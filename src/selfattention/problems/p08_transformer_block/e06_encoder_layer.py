import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p08_transformer_block.e01_layer_norm import layer_norm
from selfattention.problems.p08_transformer_block.e02_feed_forward import feed_forward
from selfattention.problems.p08_transformer_block.e03_post_norm_block import post_norm_block
from selfattention.problems.p08_transformer_block.shared import centre, normed


@exercise(points=4, minutes=15, builds_on="exercises 1 to 3",
          ready_made=("torch.nn.TransformerEncoderLayer", "encoder layer"), hints=(
    "It is `post_norm_block` with attention, norms and feed-forward layer written out. Which matrix belongs to which?",
    "torch's linear layers keep (out, in) and compute x Wᵀ. What shape is `x @ in_projection.T`, and what is in it?",
))
def encoder_layer(x: Float[Tensor, "batch tokens d_model"], in_projection: Float[Tensor, "3*d_model d_model"],
                  out_projection: Float[Tensor, "d_model d_model"], expand: Float[Tensor, "d_ff d_model"],
                  contract: Float[Tensor, "d_model d_ff"], gain_1: Float[Tensor, " d_model"],
                  gain_2: Float[Tensor, " d_model"]) -> Float[Tensor, "batch tokens d_model"]:
    r"""Put a whole layer together, equal to torch's.

    The weights come from a `torch.nn.TransformerEncoderLayer` with one head, `bias=False` and no dropout: post-norm and
    ReLU, as in 2017. Matrices are (out, in), as `torch.nn.Linear` keeps them. The first d_model rows of `in_projection`
    make the queries, the next the keys, the last the values. Scores are divided by $\sqrt{d_{model}}$; there is no
    mask. Both norms have $\epsilon = 10^{-5}$, a gain and no offset. `torch.nn.functional` may be used. Gradients must
    reach `x` and every weight.
    """
    queries, keys, values = (x @ in_projection.T).chunk(3, dim=-1)
    weights = torch.softmax(queries @ keys.mT / x.shape[-1] ** 0.5, dim=-1)
    x = functional.layer_norm(x + weights @ values @ out_projection.T, gain_1.shape, gain_1)
    return functional.layer_norm(x + torch.relu(x @ expand.T) @ contract.T, gain_2.shape, gain_2)


encoder_layer.example(
    torch.tensor([[[1.0, 0.0, 2.0], [0.0, 2.0, 0.0]]]),
    torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0], [0, 0, 0], [2, 0, 0], [0, 3, 0], [0, 0, 0]]),
    torch.tensor([[1.0, 2, 0], [0, 1, 0], [0, 0, 1]]), torch.tensor([[1.0, 0, 0], [0, -1, 1]]),
    torch.tensor([[1.0, 0], [0, 3], [0, 0]]), torch.tensor([1.0, 2.0, 1.0]), torch.tensor([1.0, 10.0, 100.0]))


def layer_weights(rng, d_model=7, d_ff=11):
    shapes = ((3 * d_model, d_model), (d_model, d_model), (d_ff, d_model), (d_model, d_ff))
    matrices = [tensor(rng, *shape) / shape[1] ** 0.5 for shape in shapes]
    return [*matrices, *(1 + tensor(rng, d_model) / 3 for _ in range(2))]


@encoder_layer.check("agrees with torch's layer", hint="Check one step at a time: set `contract` to zeros, then "
                                              "`out_projection`, too. What should be left?")
def is_torchs(answer, rng):
    names = ("self_attn.in_proj_weight", "self_attn.out_proj.weight", "linear1.weight", "linear2.weight",
             "norm1.weight", "norm2.weight")
    for d_model, d_ff, tokens, gain in ((7, 11, 5, 1.0), (3, 2, 1, 1.0), (5, 3, 2, 1e-3)):
        weights = layer_weights(rng, d_model, d_ff)
        weights[4] *= gain  # where numbers are small, what the second norm adds under the root counts
        layer = torch.nn.TransformerEncoderLayer(d_model, 1, d_ff, dropout=0.0, bias=False, batch_first=True).double()
        layer.load_state_dict(dict(zip(names, weights)))
        for batch in (2, 1):
            x = tensor(rng, batch, tokens, d_model)
            probes.equal(answer(x, *weights), layer(x))


@encoder_layer.check("passes each token on when the matrices are zero",
                     hint="With all matrices zero, which steps still do something to a token?")
def matrices_zero(answer, rng):
    x, weights = tensor(rng, 2, 3, 7), layer_weights(rng)
    nothing = [torch.zeros_like(matrix) for matrix in weights[:4]]
    expected = normed(normed(x, weights[4], 0, 1e-5), weights[5], 0, 1e-5)
    probes.equal(answer(x, *nothing, *weights[4:]), expected)


@encoder_layer.check("keeps the texts of a batch apart", hint="Change the second text. Does the first one change?")
def texts_apart(answer, rng):
    x, weights = tensor(rng, 2, 5, 7), layer_weights(rng)
    before, after = answer(x, *weights), answer(torch.cat([x[:1], tensor(rng, 1, 5, 7)]), *weights)
    probes.unmoved(before[0], after[0], "a text changed because another text of the batch did")


@encoder_layer.check("lets gradients reach the tokens and every weight", hint="Which step leaves torch's graph?")
def gradients_to_weights(answer, rng):
    probes.gradient_parity(answer, encoder_layer, tensor(rng, 2, 5, 7), *layer_weights(rng),
                           cotangent=tensor(rng, 2, 5, 7))


def attended(queries, keys, values, scale=None):
    return torch.softmax(queries @ keys.mT * (scale or queries.shape[-1] ** -0.5), dim=-1) @ values


def finished(x, mixed, expand, contract, gain_1, gain_2):
    """What follows attention in a post-norm layer."""
    x = normed(x + mixed, gain_1, 0, 1e-5)
    return normed(x + torch.relu(x @ expand.T) @ contract.T, gain_2, 0, 1e-5)


@encoder_layer.mistake("does not transpose the output projection",
                       hint="A square matrix fits both ways round. Which way does torch keep it, and which do you use?")
def output_not_transposed(x, in_projection, out_projection, *others):
    return finished(x, attended(*(x @ in_projection.T).chunk(3, dim=-1)) @ out_projection, *others)


@encoder_layer.mistake("reshapes `in_projection` instead of transposing it",
                       hint="Both give d_model rows. Which numbers of `in_projection` are in your first column?")
def reshaped(x, in_projection, out_projection, *others):
    queries, keys, values = (x @ in_projection.reshape(x.shape[-1], -1)).chunk(3, dim=-1)
    return finished(x, attended(queries, keys, values) @ out_projection.T, *others)


@encoder_layer.mistake("takes the keys first", hint="In which order do the rows of `in_projection` come?")
def keys_first(x, in_projection, out_projection, *others):
    keys, queries, values = (x @ in_projection.T).chunk(3, dim=-1)
    return finished(x, attended(queries, keys, values) @ out_projection.T, *others)


@encoder_layer.mistake("takes the values first", hint="In which order do the rows of `in_projection` come?")
def values_first(x, in_projection, out_projection, *others):
    values, queries, keys = (x @ in_projection.T).chunk(3, dim=-1)
    return finished(x, attended(queries, keys, values) @ out_projection.T, *others)


@encoder_layer.mistake("deals out the rows of `in_projection` in turn",
                       hint="Whose are the first three rows: all the queries', or one for each of the three?")
def dealt_out(x, in_projection, out_projection, *others):
    queries, keys, values = (x @ in_projection.T).unflatten(-1, (-1, 3)).unbind(-1)
    return finished(x, attended(queries, keys, values) @ out_projection.T, *others)


@encoder_layer.mistake("does not scale the scores", hint="Which of chapter 03's steps is missing?")
def unscaled(x, in_projection, out_projection, *others):
    return finished(x, attended(*(x @ in_projection.T).chunk(3, dim=-1), scale=1.0) @ out_projection.T, *others)


@encoder_layer.mistake("normalises the weights over the queries",
                       hint="Over which axis must the weights of one query sum to one?")
def over_queries(x, in_projection, out_projection, *others):
    queries, keys, values = (x @ in_projection.T).chunk(3, dim=-1)
    weights = torch.softmax(queries @ keys.mT / x.shape[-1] ** 0.5, dim=-2)
    return finished(x, weights @ values @ out_projection.T, *others)


@encoder_layer.mistake("forgets the output projection", hint="Which arguments have you not used yet?")
def no_output(x, in_projection, out_projection, *others):
    return finished(x, attended(*(x @ in_projection.T).chunk(3, dim=-1)), *others)


def layer_attention(x, in_projection, out_projection):
    return attended(*(x @ in_projection.T).chunk(3, dim=-1)) @ out_projection.T


@encoder_layer.mistake("normalises before the sublayers",
                       hint="That is `norm_first=True`. Where did 2017 put the norms?")
def pre_norm_layer(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    x = x + layer_attention(normed(x, gain_1, 0, 1e-5), in_projection, out_projection)
    return x + torch.relu(normed(x, gain_2, 0, 1e-5) @ expand.T) @ contract.T


@encoder_layer.mistake("has no way past the attention", hint="If attention gave zeros, what would be left of x?")
def without_first_way(x, in_projection, out_projection, *others):
    return finished(torch.zeros_like(x), layer_attention(x, in_projection, out_projection), *others)


@encoder_layer.mistake("has no way past the feed-forward layer",
                       hint="If the feed-forward layer gave zeros, what would be left?")
def without_second_way(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    x = normed(x + layer_attention(x, in_projection, out_projection), gain_1, 0, 1e-5)
    return normed(torch.relu(x @ expand.T) @ contract.T, gain_2, 0, 1e-5)


@encoder_layer.mistake("adds the layer's input a second time",
                       hint="What is x in the second step: the input, or the first step's result?")
def first_input_again(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    first = normed(x + layer_attention(x, in_projection, out_projection), gain_1, 0, 1e-5)
    return normed(x + torch.relu(first @ expand.T) @ contract.T, gain_2, 0, 1e-5)


@encoder_layer.mistake("uses GELU", hint="BERT and GPT do so. Which function does the prompt name?")
def gelu_layer(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    x = normed(x + layer_attention(x, in_projection, out_projection), gain_1, 0, 1e-5)
    return normed(x + functional.gelu(x @ expand.T) @ contract.T, gain_2, 0, 1e-5)


@encoder_layer.mistake("has no nonlinearity", hint="Two linear layers in a row are one. What is missing between them?")
def without_relu(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    x = normed(x + layer_attention(x, in_projection, out_projection), gain_1, 0, 1e-5)
    return normed(x + x @ expand.T @ contract.T, gain_2, 0, 1e-5)


@encoder_layer.mistake("uses the first gain twice", hint="Which arguments have you not used yet?")
def one_gain(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    return finished(x, layer_attention(x, in_projection, out_projection), expand, contract, gain_1, gain_1)


@encoder_layer.mistake("leaves the gains out", hint="Which arguments have you not used yet?")
def no_gains(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    return finished(x, layer_attention(x, in_projection, out_projection), expand, contract, 1.0, 1.0)


@encoder_layer.mistake("divides the variance by d − 1",
                       hint="What does torch's `std` and `var` divide by unless you say otherwise?")
def unbiased_norms(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    def norm(y, gain):
        return (y - y.mean(dim=-1, keepdim=True)) / torch.sqrt(y.var(dim=-1, keepdim=True) + 1e-5) * gain
    x = norm(x + layer_attention(x, in_projection, out_projection), gain_1)
    return norm(x + torch.relu(x @ expand.T) @ contract.T, gain_2)


@encoder_layer.mistake("attends over the texts of the batch", hint="Along which axis are the keys of one query?")
def over_batch(x, in_projection, out_projection, *others):
    mixed = layer_attention(x.transpose(0, 1), in_projection, out_projection).transpose(0, 1)
    return finished(x, mixed, *others)


@encoder_layer.mistake("cuts the attention off from the gradient",
                       hint="Which of the weights receive no gradient?")
def attention_detached(x, in_projection, out_projection, *others):
    return finished(x, layer_attention(x, in_projection, out_projection).detach(), *others)


@encoder_layer.alternative("torch's parts")
def by_torchs_parts(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    d_model = x.shape[-1]
    queries, keys, values = (functional.linear(x, in_projection[first:first + d_model])
                             for first in range(0, 3 * d_model, d_model))
    mixed = functional.scaled_dot_product_attention(queries, keys, values)
    x = functional.rms_norm(centre(x + functional.linear(mixed, out_projection)), (d_model,), gain_1, 1e-5)
    hidden = functional.relu(functional.linear(x, expand))
    return functional.rms_norm(centre(x + functional.linear(hidden, contract)), (d_model,), gain_2, 1e-5)


@encoder_layer.alternative("the earlier exercises, put together")
def by_exercises(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    no_bias, zeros = torch.zeros(len(expand), dtype=x.dtype), torch.zeros_like(gain_1)
    return post_norm_block(
        x, attention=lambda y: layer_attention(y, in_projection, out_projection),
        norm_1=lambda y: layer_norm(y, gain_1, zeros, 1e-5), norm_2=lambda y: layer_norm(y, gain_2, zeros, 1e-5),
        feed_forward=lambda y: feed_forward(y, expand.T, no_bias, contract.T, zeros))
