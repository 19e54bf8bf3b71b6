import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=3, minutes=8, builds_on="lesson 16, rollout", hints=(
    "One token's vector after a layer: which part of it came by attention, and which by the way past?",
    "Two layers, two tokens: write down what token 1 has of token 0, over every way there is. Which operation on two "
    "tables adds up products like these?",
    "A row is a token above, a column one below. Of two layers, which one's rows are the rows of the result?",
))
def rollout(weights: Float[Tensor, "layers heads tokens tokens"]) -> Float[Tensor, "tokens tokens"]:
    r"""Follow attention through all layers: how much of each token at the top comes from each token of the text?

    `weights[n]` are those of layer n, the lowest first; rows are queries. For each layer take the mean over its heads,
    and mix it half and half with the identity, which stands for the residual connection. Then follow the ways from the
    top down through all layers (Abnar and Zuidema 2020, §3): row i of the result belongs to token i at the top, column
    j to token j of the text, and each row of the result sums to 1 where all rows of the weights do. There is at least
    one layer and one head.
    """
    identity = torch.eye(weights.shape[-1], dtype=weights.dtype)
    found = identity
    for layer in weights.mean(dim=1):
        found = (layer + identity) / 2 @ found
    return found


rollout.example(torch.tensor([[[[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]]))
rollout.example(torch.tensor([[[[1.0, 0.0], [1.0, 0.0]]], [[[1.0, 0.0], [0.5, 0.5]]]]))
rollout.example(torch.tensor([[[[1.0, 0.0], [0.5, 0.5]], [[1.0, 0.0], [0.0, 1.0]]]]))


def drawn(rng, layers, heads, tokens, causal=True):
    scores = 2 * tensor(rng, layers, heads, tokens, tokens)
    if causal:
        scores = scores.masked_fill(~torch.ones(tokens, tokens, dtype=torch.bool).tril(), -torch.inf)
    return scores.softmax(dim=-1)


def by_ways(weights):
    """Each token's share of the text, taken down from the top one layer at a time, in a loop."""
    layers, heads, tokens, _ = weights.shape
    rows = []
    for token in range(tokens):
        share = [float(other == token) for other in range(tokens)]
        for layer in reversed(range(layers)):
            below = [0.5 * one for one in share]
            for here, has in enumerate(share):
                for other in range(tokens):
                    mean = sum(weights[layer, head, here, other].item() for head in range(heads)) / heads
                    below[other] += 0.5 * has * mean
            share = below
        rows.append(share)
    return torch.tensor(rows, dtype=weights.dtype)


@rollout.check("adds up all ways through all layers",
               hint="In the second example token 1 looks at token 0 in both layers. Which ways lead there?")
def all_ways(answer, rng):
    for layers, heads, tokens in ((2, 3, 5), (3, 2, 3)):
        weights = drawn(rng, layers, heads, tokens)
        probes.equal(answer(weights), by_ways(weights))
    weights = drawn(rng, 2, 2, 3) / 2  # rows need not sum to 1
    probes.equal(answer(weights), by_ways(weights))


@rollout.check("gives each token shares that sum to 1, in one layer or many, without a causal mask, too",
               hint="What does a row of your table sum to after the first layer?")
def shares(answer, rng):
    for layers, heads, tokens in ((1, 1, 2), (5, 2, 3), (1, 3, 4), (3, 1, 1)):
        weights = drawn(rng, layers, heads, tokens, causal=False)
        probes.sums_to_one(probes.parity(answer, rollout, weights))


def rolled(weights, *, heads=lambda w: w.mean(dim=1), step=lambda layer, one: (layer + one) / 2,
           join=lambda layer, found: layer @ found, turned=False):
    """The solution with one thing to be changed at a time."""
    one = torch.eye(weights.shape[-1], dtype=weights.dtype)
    found = one
    layers = heads(weights)
    for layer in layers.flip(0) if turned else layers:
        found = join(step(layer, one), found)
    return found


@rollout.mistake("divides each row by its sum",
                 hint="Half and half is what is asked for. What if a row of the weights sums to less than 1?")
def rows_divided(weights):
    one = torch.eye(weights.shape[-1], dtype=weights.dtype)
    found = one
    for layer in weights.mean(dim=1) + one:
        found = layer / layer.sum(dim=-1, keepdim=True) @ found
    return found


@rollout.mistake("leaves the residual connection out", hint="What of a token's own vector goes past the attention?")
def no_identity(weights):
    return rolled(weights, step=lambda layer, one: layer)


@rollout.mistake("multiplies in the wrong order",
                 hint="Which layer's rows are the rows of the result: the highest one's or the lowest one's?")
def wrong_order(weights):
    return rolled(weights, join=lambda layer, found: found @ layer)


@rollout.mistake("adds the identity, but does not halve", hint="What does a row of the layer sum to then?")
def not_halved(weights):
    return rolled(weights, step=lambda layer, one: layer + one)


@rollout.mistake("halves the weights alone", hint="Half and half: do both halves have a half?")
def half_of_one(weights):
    return rolled(weights, step=lambda layer, one: layer / 2 + one)


@rollout.mistake("mixes the identity in once at the end, not in each layer",
                 hint="How many residual connections does a stack of three layers have?")
def once_at_the_end(weights):
    one = torch.eye(weights.shape[-1], dtype=weights.dtype)
    return (rolled(weights, step=lambda layer, _: layer) + one) / 2


@rollout.mistake("leaves the identity out in the first layer",
                 hint="Is there a way past the lowest layer, too? With a single layer, what does your code give?")
def first_layer_bare(weights):
    return rolled(weights[1:]) @ weights[0].mean(dim=0)


@rollout.mistake("takes the largest weight of the heads, not their mean",
                 hint="How are the heads of a layer put together here?")
def largest_head(weights):
    return rolled(weights, heads=lambda w: w.amax(dim=1))


@rollout.mistake("adds the heads up", hint="What does a row sum to when three heads are added up?")
def summed_heads(weights):
    return rolled(weights, heads=lambda w: w.sum(dim=1))


@rollout.mistake("takes the mean over the layers, and follows the heads",
                 hint="Which axis are the layers, and which the heads?")
def mean_over_layers(weights):
    return rolled(weights.transpose(0, 1))


@rollout.mistake("looks at the first head only", hint="Where do the other heads of a layer appear in your code?")
def first_head(weights):
    return rolled(weights, heads=lambda w: w[:, 0])


@rollout.mistake("looks at the last layer only", hint="What does the last layer look at: the text, or what was made?")
def last_layer(weights):
    return rolled(weights[-1:])


@rollout.mistake("looks at the first layer only", hint="How often does your code go through its loop?")
def first_layer(weights):
    return rolled(weights[:1])


@rollout.mistake("takes the mean over the layers in place of following them",
                 hint="Token 2 looks at 1 above, and 1 looks at 0 below. Does your result know of that way?")
def mean_of_layers(weights):
    one = torch.eye(weights.shape[-1], dtype=weights.dtype)
    return ((weights.mean(dim=1) + one) / 2).mean(dim=0)


@rollout.mistake("multiplies number by number, not as tables",
                 hint="Which operation adds up over the token in the middle of a way?")
def by_number(weights):
    one = torch.eye(weights.shape[-1], dtype=weights.dtype)
    return ((weights.mean(dim=1) + one) / 2).prod(dim=0)


@rollout.mistake("exchanges queries and keys", hint="Which axis of the weights are the queries?")
def transposed(weights):
    return rolled(weights).T


@rollout.mistake("counts each head as a layer of its own",
                 hint="Do the heads of a layer stand beside each other, or one above the other?")
def heads_as_layers(weights):
    return rolled(weights.flatten(0, 1)[:, None])


@rollout.mistake("counts the identity as one more head",
                 hint="Half and half: which half has the way past when there are three heads?")
def as_one_more_head(weights):
    return rolled(weights, heads=lambda w: w.sum(dim=1) / (w.shape[1] + 1),
                  step=lambda layer, one: layer + one / (weights.shape[1] + 1))


@rollout.mistake("lets the way past lead to the text itself, not to the layer below",
                 hint="What does the residual connection of layer 2 carry: the text, or what layer 1 made of it?")
def past_all_layers(weights):
    one = torch.eye(weights.shape[-1], dtype=weights.dtype)
    return rolled(weights, step=lambda layer, _: layer / 2, join=lambda layer, found: layer @ found + one / 2)


@rollout.alternative("from the top down")
def from_the_top(weights):
    share = torch.eye(weights.shape[-1], dtype=weights.dtype)
    for layer in reversed(range(len(weights))):
        share = 0.5 * share + 0.5 * share @ weights[layer].mean(0)
    return share


@rollout.alternative("one product of all")
def one_product(weights):
    mixed = 0.5 * weights.mean(dim=1) + 0.5 * torch.eye(weights.shape[-1], dtype=weights.dtype)
    return torch.linalg.multi_dot([mixed[-1], *mixed.flip(0)[1:]]) if len(mixed) > 1 else mixed[0]
