import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p14_efficient_attention.shared import ATTENTION


@exercise(points=4, minutes=15, builds_on="exercise 7, and exercise 3 of chapter 06", ready_made=ATTENTION, hints=(
    "Write down the score of one query and one key as two products, one for each part of the key. Which of them is the "
    "same for all heads?",
    "A key of one head is `key_up[h]` times a latent. Its product with a query: what can be multiplied first?",
    "A mean of values that are all made by one matrix: must each of them be made?",
))
def latent_attention(queries: Float[Tensor, "heads queries d_head"],
                     turned_queries: Float[Tensor, "heads queries rotary"],
                     latents: Float[Tensor, "keys latent"], turned_keys: Float[Tensor, "keys rotary"],
                     key_up: Float[Tensor, "heads d_head latent"],
                     value_up: Float[Tensor, "heads d_head latent"]) -> Float[Tensor, "heads queries d_head"]:
    r"""Attend to what a latent cache holds (MLA; DeepSeek-AI 2024, §2.1).

    Of each token the cache has one latent $c$ and one turned key $k^R$ for all heads. Head h's key is
    $[U_h c;\ k^R]$, two parts one after the other, and its value is $V_h c$; $U_h$ is `key_up[h]`, $V_h$ is
    `value_up[h]`. A query, too, has two parts: a row of `queries[h]` and the same row of `turned_queries[h]`.
    Everything is turned already. Scores are divided by $\sqrt{d_{head} + rotary}$; nothing is masked.

    Return each head's mixed values. You may make keys and values, or find a way without: both are right. Gradients must
    reach all six inputs.
    """
    scores = queries @ key_up @ latents.mT + turned_queries @ turned_keys.mT
    weights = torch.softmax(scores / (queries.shape[-1] + turned_queries.shape[-1]) ** 0.5, dim=-1)
    return weights @ latents @ value_up.mT


latent_attention.example(torch.tensor([[[1.0, 0.0]]]), torch.tensor([[[0.5, 1.0]]]),
                         torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]]), torch.tensor([[0.0, 1.0], [1.0, 1.0]]),
                         torch.tensor([[[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]]]),
                         torch.tensor([[[10.0, 0.0, 0.0], [0.0, 5.0, 1.0]]]))
latent_attention.example(torch.tensor([[[1.0]], [[-1.0]]]), torch.tensor([[[0.0]], [[2.0]]]),
                         torch.tensor([[1.0, 0.5], [-1.0, 2.0], [0.0, 1.0]]), torch.tensor([[1.0], [0.0], [-0.5]]),
                         torch.tensor([[[1.0, 1.0]], [[0.5, -1.0]]]), torch.tensor([[[10.0, 0.0]], [[0.0, 8.0]]]))


def cached(rng, heads=3, queries=2, keys=5, d_head=7, rotary=4, latent=6):
    return (tensor(rng, heads, queries, d_head), tensor(rng, heads, queries, rotary), tensor(rng, keys, latent),
            tensor(rng, keys, rotary), tensor(rng, heads, d_head, latent) / 2, tensor(rng, heads, d_head, latent))


def head_by_head(queries, turned_queries, latents, turned_keys, key_up, value_up):
    """Every key and value made, one by one."""
    heads = []
    for head in range(len(queries)):
        keys = torch.stack([torch.cat([key_up[head] @ latent, turned])
                            for latent, turned in zip(latents, turned_keys)])
        values = torch.stack([value_up[head] @ latent for latent in latents])
        asked = torch.cat([queries[head], turned_queries[head]], dim=1)
        powers = torch.exp(asked @ keys.mT / keys.shape[1] ** 0.5)
        heads.append(powers @ values / powers.sum(dim=1, keepdim=True))
    return torch.stack(heads)


@latent_attention.check("gives what every head finds with its own keys and values",
                        hint="Make the two keys of the first example by hand: four numbers each.")
def own_keys_and_values(answer, rng):
    for sizes in ({}, {"heads": 2, "d_head": 3, "latent": 5, "rotary": 2}):
        given = cached(rng, **sizes)
        probes.equal(answer(*given), head_by_head(*given))


@latent_attention.check("counts the turned parts in each score",
                        hint="Let the plain queries be 0. Does anything still tell the keys apart?")
def turned_parts_count(answer, rng):
    queries, *rest = cached(rng)
    probes.equal(answer(0 * queries, *rest), head_by_head(0 * queries, *rest))
    queries, turned_queries, latents, turned_keys, *ups = cached(rng)
    probes.equal(answer(queries, 0 * turned_queries, latents, turned_keys, *ups),
                 head_by_head(queries, 0 * turned_queries, latents, turned_keys, *ups))


@latent_attention.check("works where several sizes are equal, and for one key",
                        hint="Where all sizes are equal, every wrong axis fits. Follow one number.")
def equal_sizes(answer, rng):
    for size in (3, 1):
        given = cached(rng, *[size] * 6)
        probes.equal(answer(*given), head_by_head(*given))


@latent_attention.check("lets gradients reach queries, cache and matrices",
                        hint="On which way does a latent learn: by its keys, by its values, or by both?")
def gradients_reach_all(answer, rng):
    given = cached(rng)
    probes.gradient_parity(answer, latent_attention, *given, cotangent=tensor(rng, 3, 2, 7))


def attended(queries, turned_queries, latents, turned_keys, key_up, value_up, *, scale=None, axis=-1):
    """The solution with one thing to be changed at a time."""
    scores = queries @ key_up @ latents.mT + turned_queries @ turned_keys.mT
    scale = (queries.shape[-1] + turned_queries.shape[-1]) ** -0.5 if scale is None else scale
    return torch.softmax(scores * scale, dim=axis) @ latents @ value_up.mT


@latent_attention.mistake("divides by √d_head alone", hint="How many numbers has a query, both parts together?")
def plain_width(queries, turned_queries, latents, turned_keys, key_up, value_up):
    return attended(queries, turned_queries, latents, turned_keys, key_up, value_up, scale=queries.shape[-1] ** -0.5)


@latent_attention.mistake("divides by √(latent + rotary)",
                          hint="That is how wide a query is once it is brought to the latents. Which width does the "
                               "prompt name?")
def latent_width(queries, turned_queries, latents, turned_keys, key_up, value_up):
    return attended(queries, turned_queries, latents, turned_keys, key_up, value_up,
                    scale=(latents.shape[-1] + turned_keys.shape[-1]) ** -0.5)


@latent_attention.mistake("divides each part by the root of its own width",
                          hint="One score is one product of two long vectors. How many roots is it divided by?")
def own_widths(queries, turned_queries, latents, turned_keys, key_up, value_up):
    scores = queries @ key_up @ latents.mT / queries.shape[-1] ** 0.5
    scores = scores + turned_queries @ turned_keys.mT / turned_queries.shape[-1] ** 0.5
    return torch.softmax(scores, dim=-1) @ latents @ value_up.mT


@latent_attention.mistake("divides the first part alone", hint="What is divided: a part of the score, or the score?")
def first_part_divided(queries, turned_queries, latents, turned_keys, key_up, value_up):
    scale = (queries.shape[-1] + turned_queries.shape[-1]) ** -0.5
    return attended(queries * scale, turned_queries, latents, turned_keys, key_up, value_up, scale=1.0)


@latent_attention.mistake("does not scale the scores", hint="Which of chapter 03's steps is missing?")
def not_scaled(queries, turned_queries, latents, turned_keys, key_up, value_up):
    return attended(queries, turned_queries, latents, turned_keys, key_up, value_up, scale=1.0)


@latent_attention.mistake("forgets the turned parts", hint="Where does `turned_keys` appear in your code?")
def turned_forgotten(queries, turned_queries, latents, turned_keys, key_up, value_up):
    return attended(queries, turned_queries, latents, 0 * turned_keys, key_up, value_up)


@latent_attention.mistake("multiplies the two parts' scores in place of adding them",
                          hint="What is the product of [a, b] and [c, d]?")
def parts_multiplied(queries, turned_queries, latents, turned_keys, key_up, value_up):
    scores = (queries @ key_up @ latents.mT) * (turned_queries @ turned_keys.mT)
    scale = (queries.shape[-1] + turned_queries.shape[-1]) ** -0.5
    return torch.softmax(scores * scale, dim=-1) @ latents @ value_up.mT


@latent_attention.mistake("takes two softmaxes, one for each part, and adds them",
                          hint="What do a query's weights sum to? One key has two parts, and one weight.")
def two_softmaxes(queries, turned_queries, latents, turned_keys, key_up, value_up):
    scale = (queries.shape[-1] + turned_queries.shape[-1]) ** -0.5
    weights = torch.softmax(queries @ key_up @ latents.mT * scale, dim=-1)
    weights = weights + torch.softmax(turned_queries @ turned_keys.mT * scale, dim=-1)
    return weights @ latents @ value_up.mT


@latent_attention.mistake("makes the values with the keys' matrix",
                          hint="Two matrices go up from a latent. Which one is for what is read?")
def keys_matrix(queries, turned_queries, latents, turned_keys, key_up, value_up):
    return attended(queries, turned_queries, latents, turned_keys, key_up, key_up)


@latent_attention.mistake("exchanges the matrices of keys and values",
                          hint="Two matrices go up from a latent. Which one is for what is found?")
def matrices_exchanged(queries, turned_queries, latents, turned_keys, key_up, value_up):
    return attended(queries, turned_queries, latents, turned_keys, value_up, key_up)


@latent_attention.mistake("uses the first head's matrices for all heads",
                          hint="The latent is shared. Are the keys and values made of it shared, too?")
def first_heads(queries, turned_queries, latents, turned_keys, key_up, value_up):
    return attended(queries, turned_queries, latents, turned_keys, key_up[:1], value_up[:1])


@latent_attention.mistake("uses the first head's turned queries for all heads",
                          hint="The turned keys are shared. And the turned queries?")
def first_turned(queries, turned_queries, latents, turned_keys, key_up, value_up):
    return attended(queries, turned_queries[:1], latents, turned_keys, key_up, value_up)


@latent_attention.mistake("normalises over the queries", hint="Over which axis do the weights of one query sum to one?")
def over_queries(queries, turned_queries, latents, turned_keys, key_up, value_up):
    return attended(queries, turned_queries, latents, turned_keys, key_up, value_up, axis=-2)


@latent_attention.mistake("cuts the latents off from the gradient where they are values",
                          hint="A latent is read as well as found. Who learns from what is read?")
def values_cut_off(queries, turned_queries, latents, turned_keys, key_up, value_up):
    scores = queries @ key_up @ latents.mT + turned_queries @ turned_keys.mT
    weights = torch.softmax(scores / (queries.shape[-1] + turned_queries.shape[-1]) ** 0.5, dim=-1)
    return weights @ latents.detach() @ value_up.mT


@latent_attention.alternative("all keys and values made, then attention as usual")
def made_first(queries, turned_queries, latents, turned_keys, key_up, value_up):
    keys = torch.cat([latents @ key_up.mT, turned_keys.expand(len(queries), -1, -1)], dim=-1)
    asked = torch.cat([queries, turned_queries], dim=-1)
    return torch.softmax(asked @ keys.mT / asked.shape[-1] ** 0.5, dim=-1) @ (latents @ value_up.mT)


@latent_attention.alternative("one key for all heads: latent and turned key side by side")
def one_key_for_all(queries, turned_queries, latents, turned_keys, key_up, value_up):
    asked = torch.cat([torch.einsum("hqd,hdl->hql", queries, key_up), turned_queries], dim=-1)
    found = torch.cat([latents, turned_keys], dim=-1)
    scores = torch.einsum("hqw,kw->hqk", asked, found) / (queries.shape[-1] + turned_queries.shape[-1]) ** 0.5
    return torch.einsum("hqk,kl,hdl->hqd", scores.softmax(-1), latents, value_up)
