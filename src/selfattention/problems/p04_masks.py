r"""# Exercises 04: masks

Who may see whom. Read lesson [04](../notebooks/04_masks.ipynb) first. A mask is boolean, and `True` means *may attend*,
always.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes


def tensor(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape))


def lengths_within(rng, size, count):
    """Different lengths of sentences in any order, of which the longest is `size`."""
    return rng.permutation([size, *(1 + rng.choice(size - 1, count - 1, replace=False))]).tolist()


@exercise(points=3, hints=(
    "Draw the mask for 3 queries and 3 keys. May a token see itself?",
    "With 2 queries and 5 keys, the queries are the tokens 3 and 4. Which keys may the first of them see?",
    "Compare the position of each query with the position of each key: one as a column, the other as a row.",
))
def causal_mask(queries: int, keys: int) -> Bool[Tensor, "queries keys"]:
    """Let every token see itself and what stands before it.

    Entry (query, key) is `True` where the query may attend. The queries are the **last** positions of the keys: with 2
    queries and 5 keys, the queries stand at the positions 3 and 4, as when a text is continued token by token. The last
    query sees every key.
    """
    query_positions = torch.arange(keys - queries, keys)
    return torch.arange(keys) <= query_positions[:, None]


causal_mask.example(3, 3)
causal_mask.example(2, 5)


@causal_mask.check("lets each token see itself and the past",
                   hint="Draw the mask for three tokens. Which entries are True?")
def square_mask(answer, rng):
    for size in (1, 2, *rng.permutation((3, 5, 7, 11))[:2].tolist()):
        expected = torch.tensor([[key <= query for key in range(size)] for query in range(size)])
        probes.equal(answer(size, size), expected, "the wrong places are open")


@causal_mask.check("puts the queries at the end of the keys",
                   hint="Which position has the last of 2 queries among 5 keys?")
def fewer_queries(answer, rng):
    for queries, keys in zip((2, 1, 3), rng.permutation((5, 7, 11, 13)).tolist()):
        probes.equal(answer(queries, keys), causal_mask(queries, keys), "the wrong places are open")


@causal_mask.mistake("hides each token from itself", hint="What may the very first token attend to in your mask?")
def strict(queries, keys):
    return torch.ones(queries, keys).tril(diagonal=keys - queries - 1).bool()


@causal_mask.mistake("also shows the next token", hint="Query 0 predicts token 1. May it see key 1?")
def sees_next(queries, keys):
    return torch.ones(queries, keys).tril(diagonal=keys - queries + 1).bool()


@causal_mask.mistake("shows the future instead of the past",
                     hint="Which triangle is the past: below or above the diagonal?")
def upper(queries, keys):
    return torch.ones(queries, keys).triu(diagonal=keys - queries).bool()


@causal_mask.mistake("marks what is hidden, not what may be seen", hint="What does `True` mean in this course?")
def inverted(queries, keys):
    return ~causal_mask(queries, keys)


@causal_mask.mistake("puts the queries at the beginning of the keys",
                     hint="With 1 query and 7 keys: how many keys does your query see?")
def aligned_at_start(queries, keys):
    return torch.ones(queries, keys).tril().bool()


@causal_mask.mistake("returns numbers instead of booleans", hint="Which type has `torch.tril(torch.ones(…))`?")
def numbers(queries, keys):
    return torch.ones(queries, keys).tril(diagonal=keys - queries)


@causal_mask.mistake("returns 0 and −∞, to be added to the scores",
                     hint="That works with some libraries. Which type is asked for here?")
def additive(queries, keys):
    return torch.zeros(queries, keys).masked_fill(~causal_mask(queries, keys), -math.inf)


@causal_mask.mistake("has the keys down and the queries across",
                     hint="Which shape is asked for: (queries, keys) or (keys, queries)?")
def turned(queries, keys):
    return causal_mask(queries, keys).T


@causal_mask.alternative("tril with a shifted diagonal")
def by_tril(queries, keys):
    return torch.ones(queries, keys, dtype=torch.bool).tril(keys - queries)


@causal_mask.alternative("the last rows of the square mask")
def last_rows(queries, keys):
    return torch.tril(torch.ones(keys, keys)).bool()[-queries:]


@causal_mask.alternative("a loop")
def causal_loop(queries, keys):
    return torch.tensor([[key <= query + keys - queries for key in range(keys)] for query in range(queries)])


@exercise(points=3, hints=(
    "A sentence of length 2, padded to 5: write down its row of the mask.",
    "Compare the positions 0, 1, 2, … with the lengths. One must be a row, the other a column.",
    "All queries of a sentence see the same keys: an axis of length 1 stands for them. Where?",
))
def padding_mask(lengths: Int[Tensor, " batch"], keys: int) -> Bool[Tensor, "batch one keys"]:
    """Hide the filling at the end of short sentences, for all queries alike.

    Sentences of different lengths are padded at the end to `keys` tokens. Entry (b, 0, key) is `True` where the key is
    a real token of sentence `b`. The axis of length 1 stands for the queries, so that the mask fits scores of shape
    (batch, queries, keys).
    """
    return (torch.arange(keys) < lengths[:, None])[:, None, :]


padding_mask.example(torch.tensor([2, 3, 1]), 3)


@padding_mask.check("shows the real tokens and hides the filling", hint="How many entries of a row should be True?")
def real_tokens(answer, rng):
    keys = int(rng.choice((7, 11, 13)))
    lengths = rng.permutation([0, 1, keys, *(2 + rng.choice(keys - 2, 2, replace=False))]).tolist()
    expected = torch.tensor([[[key < length for key in range(keys)]] for length in lengths])
    probes.equal(answer(torch.tensor(lengths), keys), expected, "the wrong places are open")


@padding_mask.check("hides keys, not queries, when put onto scores", hint="Which axis of your mask has length 1?")
def onto_scores(answer, rng):
    keys = int(rng.choice((5, 7, 11)))
    lengths, scores = torch.tensor(lengths_within(rng, keys, 3)), tensor(rng, 3, 3, keys)
    seen = scores.masked_fill(~answer(lengths, keys), 0.0)
    expected = scores * (torch.arange(keys) < lengths[:, None])[:, None]
    probes.equal(seen, expected, "put onto scores, the mask hides other entries")


@padding_mask.mistake("shows one token too many",
                      hint="Positions are counted from 0. Which is the last of a sentence with 2 tokens?")
def one_too_many(lengths, keys):
    return (torch.arange(keys) <= lengths[:, None])[:, None]


@padding_mask.mistake("marks the filling", hint="What does `True` mean in this course?")
def marks_filling(lengths, keys):
    return (torch.arange(keys) >= lengths[:, None])[:, None]


@padding_mask.mistake("pads at the beginning", hint="Where does the filling stand: before or after the real tokens?")
def padded_left(lengths, keys):
    return (torch.arange(keys) >= keys - lengths[:, None])[:, None]


@padding_mask.mistake("has no axis for the queries",
                      hint="Shapes are aligned at the right end. With which axis of the scores does your batch line "
                           "up?")
def no_query_axis(lengths, keys):
    return torch.arange(keys) < lengths[:, None]


@padding_mask.mistake("hides queries instead of keys",
                      hint="A padded token must not be *seen*. Is that its row or its column?")
def hides_queries(lengths, keys):
    return (torch.arange(keys) < lengths[:, None])[:, :, None]


@padding_mask.mistake("puts the axis of the queries before the batch",
                      hint="In which order are batch, queries and keys?")
def axis_first(lengths, keys):
    return (torch.arange(keys) < lengths[:, None])[None]


@padding_mask.mistake("returns numbers instead of booleans", hint="Which type does `.float()` or `.int()` give?")
def padding_numbers(lengths, keys):
    return padding_mask(lengths, keys).float()


@padding_mask.alternative("a loop over the sentences")
def padding_loop(lengths, keys):
    mask = torch.zeros(len(lengths), 1, keys, dtype=torch.bool)
    for sentence, length in enumerate(lengths.tolist()):
        mask[sentence, 0, :length] = True
    return mask


@padding_mask.alternative("views and unsqueeze")
def padding_unsqueeze(lengths, keys):
    return lengths.view(-1, 1, 1).gt(torch.arange(keys).unsqueeze(0))


@exercise(points=2, hints=(
    "A key is in the past, but it is filling. May it be seen?",
    "The two masks have different shapes. Which sizes does broadcasting give them together?",
))
def combine_masks(causal: Bool[Tensor, "queries keys"],
                  padding: Bool[Tensor, "batch one keys"]) -> Bool[Tensor, "batch queries keys"]:
    """Allow a key only where both masks allow it.

    `causal` is the same for all sentences, `padding` the same for all queries of a sentence. The result has an entry
    for every sentence, query and key.
    """
    return causal & padding


combine_masks.example(causal_mask(3, 3), padding_mask(torch.tensor([1, 3]), 3))


@combine_masks.check("allows a key that is past and real, and no other",
                     hint="List for one sentence which keys query 1 may see.")
def past_and_real(answer, rng):
    size = int(rng.choice((5, 7, 11)))
    lengths = lengths_within(rng, size, 3)
    got = answer(causal_mask(size, size), padding_mask(torch.tensor(lengths), size))
    expected = torch.tensor(
        [[[key <= query and key < length for key in range(size)] for query in range(size)] for length in lengths]
    )
    probes.equal(got, expected, "the wrong places are open")


@combine_masks.check("works with fewer queries than keys", hint="Did you write the shape of the result yourself?")
def fewer_queries_combined(answer, rng):
    queries, keys = int(rng.choice((3, 5))), int(rng.choice((7, 11, 13)))
    padding = padding_mask(torch.tensor(lengths_within(rng, keys, 2)), keys)
    probes.parity(answer, combine_masks, causal_mask(queries, keys), padding)


@combine_masks.mistake("allows what either mask allows", hint="`|` is *or*. May a filling token in the past be seen?")
def either(causal, padding):
    return causal | padding


@combine_masks.mistake("drops the padding", hint="Does a short sentence see its filling?")
def causal_only(causal, padding):
    return causal.expand(padding.shape[0], *causal.shape)


@combine_masks.mistake("drops the causal mask", hint="Does query 0 see key 1 in a long sentence?")
def padding_only(causal, padding):
    return padding.expand(-1, causal.shape[0], -1)


@combine_masks.mistake("adds the masks as numbers", hint="Which type has your result? What does a 2 in a mask mean?")
def added(causal, padding):
    return causal.int() + padding.int()


@combine_masks.mistake("allows what exactly one mask allows",
                       hint="`^` is *exclusive or*. What if both masks say True?")
def exclusive(causal, padding):
    return causal ^ padding


@combine_masks.mistake("returns the mask of the first sentence only",
                       hint="How many sentences are in the result that is asked for?")
def first_sentence(causal, padding):
    return causal & padding[0]


@combine_masks.alternative("a product of booleans")
def product(causal, padding):
    return causal * padding


@combine_masks.alternative("logical_and of expanded masks")
def expanded(causal, padding):
    return torch.logical_and(causal.expand(padding.shape[0], -1, -1), padding)


@combine_masks.alternative("where")
def by_where(causal, padding):
    return torch.where(padding, causal, torch.tensor(False))


@exercise(points=5, hints=(
    "What must the score of a hidden key be, so that its weight is exactly 0 and the others still sum to one?",
    "Which weights does a softmax give a row in which *every* score is −∞? Print it.",
    "An empty row needs harmless scores before the softmax and zeros after it. A NaN that is patched afterwards can "
    "still sit in the gradient.",
))
def masked_weights(scores: Float[Tensor, "*batch queries keys"],
                   mask: Bool[Tensor, "*#batch queries keys"]) -> Float[Tensor, "*batch queries keys"]:
    r"""Turn scores into weights that ignore what the mask hides.

    Hidden keys get the weight 0, exactly; the weights of the others sum to one, as if the hidden ones were not there. A
    query that may attend to **nothing** gets weights of 0 throughout, and its gradient is 0, not NaN. Scores may be as
    large as ±10⁴.
    """
    empty = ~mask.any(dim=-1, keepdim=True)
    weights = torch.softmax(scores.masked_fill(~mask & ~empty, -math.inf), dim=-1)
    return weights.masked_fill(~mask, 0.0)


EXAMPLE_SCORES = torch.tensor([[0.0, 1.0, 2.0], [0.0, 0.0, 5.0], [1.0, 1.0, 1.0]], dtype=torch.float64)
masked_weights.example(EXAMPLE_SCORES, torch.tensor([[True, True, False], [True, True, False], [False, False, False]]))
masked_weights.example(EXAMPLE_SCORES + 9999, causal_mask(3, 3))


def open_mask(rng, *shape):
    """A random mask in which every row has at least one open place."""
    mask = torch.from_numpy(rng.random(shape) < 0.6)
    mask[..., 0] |= ~mask.any(dim=-1)
    return mask


@masked_weights.check("gives hidden keys no weight, and the others all of it",
                      hint="What do your weights sum to over the visible keys?")
def as_if_absent(answer, rng):
    scores, mask = tensor(rng, 3, 5), open_mask(rng, 3, 5)
    mask[1, 2] = mask[2, 3] = False
    weights = answer(scores, mask)
    for query in range(3):
        probes.equal(
            weights[query, mask[query]],
            torch.softmax(scores[query, mask[query]], dim=-1),
            "the visible keys do not share all the weight",
        )
        probes.require(bool((weights[query, ~mask[query]] == 0).all()), "a hidden key has some weight")


@masked_weights.check("hides just as well when scores are huge",
                      hint="Is the number you fill in small enough for any score?")
def huge_masked(answer, rng):
    scores = tensor(rng, 3, 5) - torch.tensor(10_000.0)
    mask = open_mask(rng, 3, 5)
    mask[:, 4], scores[:, 4] = False, 10_000.0
    probes.equal(answer(scores, mask), masked_weights(scores, mask))
    scores[:, 0], mask[:, 0] = 4000.0, True  # among those that are seen, too, one stands far above the others
    probes.equal(answer(scores, mask), masked_weights(scores, mask))


@masked_weights.check("works for a batch, with one mask for all or one each",
                      hint="Which axes does your mask have, and which the scores?")
def batched_masks(answer, rng):
    scores = tensor(rng, 2, 13, 3, 5)
    for mask in (open_mask(rng, 3, 5), open_mask(rng, 2, 1, 3, 5)):
        probes.parity(answer, masked_weights, scores, mask)


@masked_weights.check("gives an empty row zeros, not NaN",
                      hint="What is the softmax of a row in which all scores are −∞?")
def empty_row(answer, rng):
    mask = open_mask(rng, 3, 5)
    mask[1] = False
    probes.parity(answer, masked_weights, tensor(rng, 3, 5), mask)


@masked_weights.check("keeps NaN out of the gradient",
                      hint="Zero times NaN is NaN. Where does the NaN first arise: before or behind your patch?")
def clean_gradient(answer, rng):
    mask = open_mask(rng, 3, 5)
    mask[2] = False
    probes.gradient_parity(answer, masked_weights, tensor(rng, 3, 5), mask, cotangent=tensor(rng, 3, 5))


def filled(scores, mask, number):
    return torch.softmax(scores.masked_fill(~mask, number), dim=-1)


@masked_weights.mistake("fills hidden scores with 0",
                        hint="Which weight does a score of 0 get? Is it the smallest there is?")
def filled_with_zero(scores, mask):
    return filled(scores, mask, 0.0)


@masked_weights.mistake("fills hidden scores with a number that is not small enough",
                        hint="What if a visible score lies below the number you fill in?")
def filled_with_hundred(scores, mask):
    return filled(scores, mask, -100.0)


@masked_weights.mistake("fills hidden scores with −10⁹, so that an empty row attends to everything",
                        hint="All scores of a row equal: which weights result?")
def filled_with_billion(scores, mask):
    return filled(scores, mask, -1e9)


@masked_weights.mistake("leaves NaN in an empty row", hint="Divide 0 by 0. Which row of your weights does that?")
def nan_in_empty_row(scores, mask):
    return filled(scores, mask, -math.inf)


@masked_weights.mistake("adds −∞ and patches the NaN after the softmax, where the gradient still has it",
                        hint="`nan_to_num` mends the result. Run `backward` and look at the gradient of the scores.")
def patched(scores, mask):
    offset = torch.zeros(mask.shape, dtype=scores.dtype).masked_fill(~mask, -math.inf)
    return torch.softmax(scores + offset, dim=-1).nan_to_num(0.0)


@masked_weights.mistake("hides after the softmax, without sharing out again",
                        hint="What do the weights of a row sum to now?")
def hidden_after(scores, mask):
    return torch.softmax(scores, dim=-1) * mask


@masked_weights.mistake("hides after the softmax and divides by what is left",
                        hint="If a hidden score is 20,000 larger, what is left for the visible keys after the softmax?")
def shared_out_again(scores, mask):
    weights = torch.softmax(scores, dim=-1) * mask
    return weights / weights.sum(dim=-1, keepdim=True)


@masked_weights.mistake("hides after the softmax and divides by what is left, plus a small number",
                        hint="If a hidden score is 20,000 larger, what is left for the visible keys after the softmax?")
def shared_out_safely(scores, mask):
    weights = torch.softmax(scores, dim=-1) * mask
    return weights / (weights.sum(dim=-1, keepdim=True) + 1e-9)


@masked_weights.mistake("divides by the sum over all rows",
                        hint="What do the weights of *one* query sum to? Which axis does your sum run over?")
def over_everything(scores, mask):
    weights = torch.softmax(scores.masked_fill(~mask, -1e30), dim=-1) * mask
    return weights / weights.sum()


@masked_weights.mistake("fills hidden scores with +∞",
                        hint="Which score gives a weight of 0: a very large or a very small one?")
def plus_infinity(scores, mask):
    return filled(scores, mask, math.inf)


@masked_weights.mistake("hides what may be seen",
                        hint="`masked_fill` fills where its mask is True. What does True mean in ours?")
def polarity(scores, mask):
    return torch.softmax(scores.masked_fill(mask, -math.inf), dim=-1)


@masked_weights.mistake("multiplies the scores by the mask",
                        hint="A score of 0 is not the absence of a key. Which weight does it get?")
def multiplied(scores, mask):
    return torch.softmax(scores * mask, dim=-1) * mask


@masked_weights.mistake("ignores the mask", hint="Where does `mask` appear in your code?")
def mask_ignored(scores, mask):
    return torch.softmax(scores, dim=-1)


@masked_weights.mistake("runs the softmax over the queries",
                        hint="Over which axis must the visible weights sum to one?")
def over_queries(scores, mask):
    return torch.softmax(scores.masked_fill(~mask, -math.inf), dim=-2)


@masked_weights.alternative("minus infinity from the boolean, and a safe row")
def additive_infinity(scores, mask):
    mask = mask.expand(scores.shape)
    empty = ~mask.any(dim=-1, keepdim=True)
    offset = torch.zeros_like(scores).masked_fill(~(mask | empty), -math.inf)
    return torch.softmax(scores + offset, dim=-1) * mask


@masked_weights.alternative("exponentials of the visible scores, then their share")
def visible_exponentials(scores, mask):
    top = scores.masked_fill(~mask, -math.inf).amax(dim=-1, keepdim=True)
    top = torch.where(top.isinf(), torch.zeros_like(top), top).detach()
    powers = torch.exp(torch.where(mask, scores - top, torch.tensor(-math.inf, dtype=scores.dtype)))
    total = powers.sum(dim=-1, keepdim=True)
    return powers / torch.where(total > 0, total, torch.ones_like(total))


@masked_weights.alternative("masked_fill, whose gradient is 0 where it filled, then nan_to_num")
def filled_and_patched(scores, mask):
    return filled(scores, mask, -math.inf).nan_to_num(0.0)


@masked_weights.alternative("where, and zeros behind it")
def where_then_zero(scores, mask):
    weights = torch.softmax(torch.where(mask, scores, torch.full_like(scores, -1e30)), dim=-1)
    return torch.where(mask, weights, torch.zeros_like(weights))


@exercise(points=4, hints=(
    "Change one token and run the model again. Which outputs may change, and which may not?",
    "A model may look one step ahead only, or only from a certain place. Which tokens do you have to change to notice?",
    "For every token t: change it alone, and compare the outputs *before* t with those of the original.",
))
def leaks(model: Callable[[Tensor], Tensor], x: Float[Tensor, "tokens d"]) -> bool:
    """Find out whether a model lets any output see a later token.

    `model(x)` turns tokens of shape (tokens, d) into outputs with as many rows and is deterministic. It **leaks** if
    changing some token t changes an output at a position before t. Return `True` then, else `False`. Call the model as
    often as you like, or ask for its gradients. Do not change `x` itself.
    """
    original = model(x)
    for t in range(1, len(x)):
        changed = x.clone()
        changed[t] += 1.0
        if not torch.allclose(model(changed)[:t], original[:t]):
            return True
    return False


def running_mean(x):
    """Causal: the mean of all tokens so far."""
    return x.cumsum(dim=0) / torch.arange(1, len(x) + 1)[:, None]


leaks.example(running_mean, torch.tensor([[1.0, 0.0], [2.0, 2.0], [0.0, 4.0]], dtype=torch.float64))


def only_at(position):
    """Causal but for one position, which looks at the token after it."""
    def model(x):
        result = running_mean(x)
        if position + 1 < len(x):
            result[position] = result[position] + x[position + 1]
        return result
    return model


def past_without_first(x):
    """Causal: the sum of all tokens so far but for the first, which nothing depends on."""
    return torch.cat([torch.zeros_like(x[:1]), x[1:].cumsum(dim=0)])


def past_alone(x):
    """Causal: the sum of the tokens before but for the first, so that no output depends on its own token either."""
    return past_without_first(x) - torch.cat([torch.zeros_like(x[:1]), x[1:]])


HONEST = [past_alone, past_without_first, running_mean, lambda x: x * 2, lambda x: x * 0]


@leaks.check("clears models that see no future", hint="An output may change with its own token and with earlier ones.")
def honest_models(answer, rng):
    for model in HONEST:
        for tokens in (1, 2, 7):
            probes.require(not answer(model, tensor(rng, tokens, 3)), "an honest model is accused")


def among_honest(answer, rng, tokens, leaking):
    """Ask about each leaking (message, model) and about three honest ones in a random order; then weigh the answers."""
    models = [*leaking, *(("", HONEST[number]) for number in rng.choice(len(HONEST), 3, replace=False))]
    asked = [models[number] for number in rng.permutation(len(models))]
    found = [(message, answer(model, tensor(rng, tokens, 3))) for message, model in asked]
    for message, leak in found:
        probes.require(bool(leak) or not message, message)
    for message, leak in found:
        probes.require(bool(message) or not leak, "an honest model is accused")


@leaks.check("catches models that see everything", hint="Which outputs change when the last token does?")
def open_models(answer, rng):
    missed = "a model that sees the whole text is cleared"
    among_honest(answer, rng, int(rng.choice((5, 7))), [
        (missed, lambda x: x.mean(dim=0).expand_as(x)),
        (missed, lambda x: x.flip(0)),
        (missed, lambda x: x.flip(0).cumsum(0).flip(0)),
    ])


@leaks.check("catches a model that sees only the next token",
             hint="Output 2 sees token 3 and no later one. Did you change token 3?")
def next_token(answer, rng):
    missed = "a look at the next token is missed"
    among_honest(answer, rng, int(rng.choice((5, 7))), [
        (missed, lambda x: torch.cat([x[1:], x[-1:]])),
        (missed, lambda x: running_mean(x) + torch.cat([x[1:], x[-1:]])),
    ])


@leaks.check("catches a leak at a single position",
             hint="Which tokens do you change, and which outputs do you compare?")
def single_position(answer, rng):
    tokens = int(rng.choice((7, 11)))
    among_honest(answer, rng, tokens, [(f"a leak at position {position} is missed", only_at(position))
                                       for position in (0, int(rng.integers(2, tokens - 3)), tokens - 2)])


@leaks.mistake("never finds anything",
               hint="Which line of your code returns True? Run it on a model that averages the whole text.")
def never(model, x):
    return False


@leaks.mistake("gives its verdict after the first token",
               hint="How far is your `return` indented? When may you be sure that there is no leak?")
def early_verdict(model, x):
    for t in range(1, len(x)):
        changed = x.clone()
        changed[t] += 1
        return not torch.allclose(model(changed)[:t], model(x)[:t])
    return False


@leaks.mistake("takes any change of the outputs for a leak",
               hint="Output t may change when token t does. Which outputs may not?")
def any_change(model, x):
    for t in range(len(x)):
        changed = x.clone()
        changed[t] += 1
        if not torch.allclose(model(changed), model(x)):
            return True
    return False


@leaks.mistake("changes the tokens of `x` itself, which stay changed",
               hint="Does `changed = x` make a copy? Look at `x` afterwards.")
def changes_x(model, x):
    original = model(x)
    for t in range(1, len(x)):
        changed = x
        changed[t] += 1
        if not torch.allclose(model(changed)[:t], original[:t]):
            return True
    return False


@leaks.mistake("changes the last token only",
               hint="Which outputs can notice a change of the last token, if each sees one step ahead?")
def last_token_only(model, x):
    changed = x.clone()
    changed[-1] += 1
    return not torch.allclose(model(changed)[:-1], model(x)[:-1])


@leaks.mistake("compares the changed position as well", hint="May an output change when its own token does?")
def own_position(model, x):
    for t in range(1, len(x)):
        changed = x.clone()
        changed[t] += 1
        if not torch.allclose(model(changed)[:t + 1], model(x)[:t + 1]):
            return True
    return False


@leaks.mistake("compares the outputs after the changed token", hint="Is it a leak when the future depends on the past?")
def wrong_side(model, x):
    for t in range(len(x)):
        changed = x.clone()
        changed[t] += 1
        if not torch.allclose(model(changed)[t + 1:], model(x)[t + 1:]):
            return True
    return False


@leaks.mistake("changes the first token only", hint="Which outputs stand before the first token?")
def first_token_only(model, x):
    changed = x.clone()
    changed[0] += 1
    return not torch.allclose(model(changed)[1:], model(x)[1:])


@leaks.mistake("looks at the first output only", hint="Can a leak sit at another position than the first?")
def first_output_only(model, x):
    for t in range(1, len(x)):
        changed = x.clone()
        changed[t] += 1
        if not torch.allclose(model(changed)[:1], model(x)[:1]):
            return True
    return False


@leaks.mistake("reports the opposite", hint="Is `True` good or bad news here?")
def opposite(model, x):
    return not leaks(model, x)


@leaks.mistake("looks at the output right before the changed token only",
               hint="Changing token 4 must leave *all* outputs before it alone. Which do you compare?")
def neighbour_only(model, x):
    for t in range(1, len(x)):
        changed = x.clone()
        changed[t] += 1
        if not torch.allclose(model(changed)[t - 1], model(x)[t - 1]):
            return True
    return False


@leaks.alternative("changing everything from t on")
def change_all_after(model, x):
    noise = torch.linspace(1, 2, x.numel(), dtype=x.dtype).reshape(x.shape)
    original = model(x)
    return any(
        not torch.allclose(model(torch.cat([x[:t], x[t:] + noise[t:]]))[:t], original[:t]) for t in range(1, len(x))
    )


@leaks.alternative("cutting the text off after t")
def cut_off(model, x):
    original = model(x)
    for t in range(1, len(x)):
        changed = x.clone()
        changed[t:] = 0.5
        if bool(((model(changed) - original)[:t].abs() > 1e-9).any()):
            return True
    return False


@leaks.alternative("the derivatives of every output by every token")
def by_jacobian(model, x):
    slopes = torch.autograd.functional.jacobian(model, x).abs().amax(dim=(1, 3))
    return bool(slopes.triu(diagonal=1).any())


@leaks.alternative("the gradient of each output in turn")
def by_backward(model, x):
    for t in range(len(x)):
        leaf = x.clone().requires_grad_()
        model(leaf)[t].sum().backward()
        if leaf.grad[t + 1:].any():
            return True
    return False


@leaks.alternative("all derivatives at once, by torch.func")
def by_jacrev(model, x):
    slopes = torch.func.jacrev(model)(x)
    return any(bool(slopes[t, :, t + 1:].any()) for t in range(len(x)))


@leaks.alternative("running the model on the beginnings of the text")
def on_prefixes(model, x):
    whole = model(x)
    return any(not torch.allclose(model(x[:t]), whole[:t]) for t in range(1, len(x)))
