import math

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=5, minutes=15, builds_on="exercise 2 of chapter 05 and lesson 13, what a cache saves", hints=(
    "Which of queries, keys and values of the earlier tokens are needed again, and which are not?",
    "4 tokens are in the past, 2 are new. At which positions do the new ones stand? How many rows and columns have the "
    "scores?",
    "Draw the mask of these 2 rows and 6 columns. How many more columns may the second row see than the first?",
))
def cached_attention(x: Float[Tensor, "batch new d_model"], positions: Float[Tensor, "positions d_model"],
                     query_weight: Float[Tensor, "d_model d_k"], key_weight: Float[Tensor, "d_model d_k"],
                     value_weight: Float[Tensor, "d_model d_v"], past_keys: Float[Tensor, "batch past d_k"],
                     past_values: Float[Tensor, "batch past d_v"],
                     ) -> tuple[Float[Tensor, "batch new d_v"], Float[Tensor, "batch all d_k"],
                                Float[Tensor, "batch all d_v"]]:
    r"""Causal self-attention of new tokens, when keys and values of the tokens before them are known already.

    The `past` tokens (none, or some) stand at the positions from 0 on, the new ones after them. To each new vector of
    `x` add the row of `positions` for its position (there are rows enough, often more than tokens); then make its
    query, key and value with the three matrices. `past_keys` and `past_values` were made in the same way, in earlier
    calls. A new token attends to all past tokens, to itself and to the new ones before it, with the softmax of the
    scores divided by $\sqrt{d_k}$ (Vaswani et al. 2017, eq. 1). Return the outputs of the new tokens, then the keys and
    the values of all tokens so far, in the order of their positions: the next call gets them as its past. Scores may be
    in the thousands. No gradients are asked for.
    """
    past = past_keys.shape[1]
    x = x + positions[past:past + x.shape[1]]
    keys = torch.cat([past_keys, x @ key_weight], dim=1)
    values = torch.cat([past_values, x @ value_weight], dim=1)
    scores = x @ query_weight @ keys.transpose(1, 2) / math.sqrt(keys.shape[-1])
    visible = torch.ones(x.shape[1], keys.shape[1], dtype=torch.bool).tril(diagonal=past)
    return torch.softmax(scores.masked_fill(~visible, -math.inf), dim=-1) @ values, keys, values


ROWS = torch.tensor([[0.0, 0.0], [0.5, 0.0], [0.0, 1.0], [1.0, 1.0]])
cached_attention.example(torch.tensor([[[1.0, 2.0]]]), ROWS, torch.eye(2), torch.eye(2),
                         torch.tensor([[10.0], [1.0]]), torch.tensor([[[1.0, 0.0], [0.0, 1.5]]]),
                         torch.tensor([[[10.0], [20.5]]]))
cached_attention.example(torch.tensor([[[1.0, 2.0], [0.5, 0.0]]]), ROWS, torch.eye(2), torch.eye(2),
                         torch.tensor([[10.0], [1.0]]), torch.tensor([[[1.0, 0.5]]]), torch.tensor([[[5.5]]]))


def known(rng, batch, new, past, d_model=7, d_k=5, d_v=3, huge=False):
    """New vectors, positions, matrices, and a past that was computed with them.

    Args:    huge: whole numbers and scores of hundreds; with `d_k` a square they are exact in float32, too.
    """
    shapes = ((17, d_model), (d_model, d_k), (d_model, d_k), (d_model, d_v), (batch, past, d_model),
              (batch, new, d_model))
    drawn = [(4 * tensor(rng, *shape)).round() if huge else tensor(rng, *shape) / 1.5 for shape in shapes]
    positions, *matrices, earlier, x = drawn
    earlier = earlier + positions[:past]
    return x, positions, *matrices, earlier @ matrices[1], earlier @ matrices[2]


def token_by_token(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    """The new tokens one after the other, each with a longer past and no mask."""
    outputs = []
    for place in range(x.shape[1]):
        token = x[:, place] + positions[past_keys.shape[1]]
        past_keys = torch.cat([past_keys, (token @ key_weight)[:, None]], dim=1)
        past_values = torch.cat([past_values, (token @ value_weight)[:, None]], dim=1)
        scores = ((token @ query_weight)[:, None] * past_keys).sum(dim=-1) / past_keys.shape[-1] ** 0.5
        powers = torch.exp(scores - scores.amax(dim=1, keepdim=True))
        outputs.append((powers[..., None] * past_values).sum(dim=1) / powers.sum(dim=1, keepdim=True))
    return torch.stack(outputs, dim=1), past_keys, past_values


def replies(answer, *cases):
    for reply, given in zip([answer(*given) for given in cases], cases):
        for what, got, expected in zip(("outputs", "keys", "values"), reply, token_by_token(*given)):
            probes.equal(got, expected, f"the {what} differ")


@cached_attention.check("lets one new token attend to the past and to itself",
                        hint="Compute the first example by hand: at which position does the new token stand, and which "
                             "three keys does it meet?")
def one_new_token(answer, rng):
    replies(answer, known(rng, 2, 1, 5), known(rng, 3, 1, 1), known(rng, 1, 1, 11))


@cached_attention.check("lets several new tokens see the past, and each other only backwards",
                        hint="With 4 tokens in the past, which columns may the first new token see? And the second?")
def several_new_tokens(answer, rng):
    replies(answer, known(rng, 2, 3, 5), known(rng, 1, 5, 2), known(rng, 3, 2, 2))


@cached_attention.check("begins without a past", hint="What is kept when nothing was read before? Where does the first "
                                                      "token stand?")
def without_a_past(answer, rng):
    replies(answer, known(rng, 2, 5, 0), known(rng, 3, 1, 0))


@cached_attention.check("stays finite when scores are in the thousands",
                        hint="What is exp(1000) in floating point? What does a softmax take off before?")
def huge_scores(answer, rng):
    replies(answer, known(rng, 5, 3, 0, d_k=4, huge=True))


@cached_attention.check("gives a text in parts what it gives the whole text at once",
                        hint="Is what you return as keys and values what the next call needs as its past?")
def in_parts(answer, rng):
    x, *rest = known(rng, 2, 7, 0)
    outputs, keys, values = [], *rest[-2:]
    for part in x.split((3, 1, 2, 1), dim=1):
        output, keys, values = answer(part, *rest[:-2], keys, values)
        outputs.append(output)
    probes.equal(torch.cat(outputs, dim=1), token_by_token(x, *rest)[0], "in parts the outputs differ")


def attending(x, keys, values, query_weight, visible=None, root=True):
    scores = x @ query_weight @ keys.transpose(1, 2) / (keys.shape[-1] ** 0.5 if root else 1)
    if visible is not None:
        scores = scores.masked_fill(~visible, -math.inf)
    return torch.softmax(scores, dim=-1) @ values


def triangle(x, keys):
    return torch.ones(x.shape[1], keys.shape[1], dtype=torch.bool).tril(keys.shape[1] - x.shape[1])


def grown(x, key_weight, value_weight, past_keys, past_values):
    return torch.cat([past_keys, x @ key_weight], dim=1), torch.cat([past_values, x @ value_weight], dim=1)


def placed(x, positions, start):
    return x + positions[start:start + x.shape[1]]


@cached_attention.mistake("gives the new tokens the first positions again",
                          hint="Five tokens are in the past. At which position does the next one stand?")
def no_offset(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    x = placed(x, positions, 0)
    keys, values = grown(x, key_weight, value_weight, past_keys, past_values)
    return attending(x, keys, values, query_weight, triangle(x, keys)), keys, values


@cached_attention.mistake("counts positions from 1, so that all stand one place too far",
                          hint="At which position stands the first token of all? And the first after a past of 5?")
def one_too_far(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    x = placed(x, positions, past_keys.shape[1] + 1)
    keys, values = grown(x, key_weight, value_weight, past_keys, past_values)
    return attending(x, keys, values, query_weight, triangle(x, keys)), keys, values


@cached_attention.mistake("gives the new tokens the last positions of the table",
                          hint="The table of the first example has rows for 4 positions, and 3 tokens are there. Which "
                               "row is the third token's?")
def last_of_the_table(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    x = x + positions[-x.shape[1]:]
    keys, values = grown(x, key_weight, value_weight, past_keys, past_values)
    return attending(x, keys, values, query_weight, triangle(x, keys)), keys, values


@cached_attention.mistake("gives all new tokens the position of the first",
                          hint="Two tokens are new. Do both stand at the same position?")
def same_position(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    x = x + positions[past_keys.shape[1]]
    keys, values = grown(x, key_weight, value_weight, past_keys, past_values)
    return attending(x, keys, values, query_weight, triangle(x, keys)), keys, values


@cached_attention.mistake("adds no positions", hint="Where does `positions` appear in your code?")
def no_positions(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    keys, values = grown(x, key_weight, value_weight, past_keys, past_values)
    return attending(x, keys, values, query_weight, triangle(x, keys)), keys, values


@cached_attention.mistake("adds the positions to queries and keys alone",
                          hint="From which vector is a value made: with its position, or without?")
def values_without_positions(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    moved = placed(x, positions, past_keys.shape[1])
    keys, values = grown(moved, key_weight, value_weight, past_keys, past_values)
    values = torch.cat([past_values, x @ value_weight], dim=1)
    return attending(moved, keys, values, query_weight, triangle(x, keys)), keys, values


@cached_attention.mistake("makes the new keys without positions",
                          hint="The past's keys were made \"in the same way\". From which vector is a new key made?")
def keys_without_positions(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    moved = placed(x, positions, past_keys.shape[1])
    keys, values = grown(moved, key_weight, value_weight, past_keys, past_values)
    keys = torch.cat([past_keys, x @ key_weight], dim=1)
    return attending(moved, keys, values, query_weight, triangle(x, keys)), keys, values


@cached_attention.mistake("returns the past as it was", hint="What will the next call know of the tokens of this one?")
def stale(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    output, _, _ = cached_attention(x, positions, query_weight, key_weight, value_weight, past_keys, past_values)
    return output, past_keys, past_values


@cached_attention.mistake("returns the keys and values of the new tokens alone",
                          hint="What will the next call know of the tokens before this one?")
def new_alone(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    output, keys, values = cached_attention(x, positions, query_weight, key_weight, value_weight, past_keys,
                                            past_values)
    return output, keys[:, past_keys.shape[1]:], values[:, past_keys.shape[1]:]


@cached_attention.mistake("lets the new tokens see only each other",
                          hint="What is the past good for, if nobody looks at it?")
def past_ignored(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    moved = placed(x, positions, past_keys.shape[1])
    keys, values = grown(moved, key_weight, value_weight, past_keys, past_values)
    new_keys, new_values = keys[:, past_keys.shape[1]:], values[:, past_keys.shape[1]:]
    return attending(moved, new_keys, new_values, query_weight, triangle(x, new_keys)), keys, values


@cached_attention.mistake("does not widen the mask: the first new token sees the first key alone",
                          hint="Your mask has as many rows as new tokens. In which column does its first row end?")
def mask_not_widened(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    x = placed(x, positions, past_keys.shape[1])
    keys, values = grown(x, key_weight, value_weight, past_keys, past_values)
    return attending(x, keys, values, query_weight, torch.ones(x.shape[1], keys.shape[1]).tril() > 0), keys, values


@cached_attention.mistake("hides each new token from itself", hint="May a token attend to itself? In which column "
                                                                   "of its row does it stand?")
def not_itself(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    x = placed(x, positions, past_keys.shape[1])
    keys, values = grown(x, key_weight, value_weight, past_keys, past_values)
    visible = torch.ones(x.shape[1], keys.shape[1]).tril(past_keys.shape[1] - 1) > 0
    return attending(x, keys, values, query_weight, visible), keys, values


@cached_attention.mistake("lets new tokens see those after them",
                          hint="One new token needs no mask. What if there are three?")
def future_seen(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    x = placed(x, positions, past_keys.shape[1])
    keys, values = grown(x, key_weight, value_weight, past_keys, past_values)
    return attending(x, keys, values, query_weight), keys, values


@cached_attention.mistake("puts the new keys and values in front",
                          hint="In which order do the tokens stand in the text? And in your cache?")
def in_front(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    output, keys, values = cached_attention(x, positions, query_weight, key_weight, value_weight, past_keys,
                                            past_values)
    return output, *(torch.cat(part.split((past_keys.shape[1], x.shape[1]), dim=1)[::-1], dim=1)
                     for part in (keys, values))


@cached_attention.mistake("joins past and new along the batch",
                          hint="Which axis grows when a text grows: that of the texts, or that of the tokens?")
def wrong_axis(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    x = placed(x, positions, past_keys.shape[1])
    keys, values = torch.cat([past_keys, x @ key_weight]), torch.cat([past_values, x @ value_weight])
    return attending(x, keys, values, query_weight), keys, values


@cached_attention.mistake("makes the past's keys once more with the matrix",
                          hint="Are `past_keys` vectors of tokens, or keys already?")
def projected_again(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    x = placed(x, positions, past_keys.shape[1])
    keys = torch.cat([past_keys, x], dim=1) @ key_weight
    values = torch.cat([past_values, x], dim=1) @ value_weight
    return attending(x, keys, values, query_weight, triangle(x, keys)), keys, values


@cached_attention.mistake("exchanges keys and values of the past",
                          hint="Which of the two in the past is matched with the query, and which is mixed?")
def exchanged(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    output, keys, values = cached_attention(x, positions, query_weight, key_weight, value_weight, past_keys,
                                            past_values)
    return output, values, keys


@cached_attention.mistake("does not divide the scores", hint="By what are scores divided in eq. 1?")
def not_scaled(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    x = placed(x, positions, past_keys.shape[1])
    keys, values = grown(x, key_weight, value_weight, past_keys, past_values)
    return attending(x, keys, values, query_weight, triangle(x, keys), root=False), keys, values


@cached_attention.mistake("divides by the root of the width of `x`",
                          hint="What is $d_k$: how many numbers has a vector of `x`, or how many has a key?")
def scaled_by_the_width(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    x = placed(x, positions, past_keys.shape[1])
    keys, values = grown(x, key_weight, value_weight, past_keys, past_values)
    narrowed = query_weight * (keys.shape[-1] / x.shape[-1]) ** 0.5
    return attending(x, keys, values, narrowed, triangle(x, keys)), keys, values


@cached_attention.mistake("adds positions to the past once more",
                          hint="When the keys of the past were made, had their positions been added already?")
def past_moved_again(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    again = positions[:past_keys.shape[1]]
    return cached_attention(x, positions, query_weight, key_weight, value_weight, past_keys + again @ key_weight,
                            past_values + again @ value_weight)



@cached_attention.alternative("one new token after the other, which needs no mask")
def without_a_mask(*given):
    return token_by_token(*given)


@cached_attention.alternative("torch's fused attention with a widened mask")
def fused(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    x = placed(x, positions, past_keys.shape[1])
    keys, values = grown(x, key_weight, value_weight, past_keys, past_values)
    places = torch.arange(keys.shape[1])
    visible = places[None] <= places[past_keys.shape[1]:, None]
    output = torch.nn.functional.scaled_dot_product_attention(x @ query_weight, keys, values, attn_mask=visible)
    return output, keys, values
