from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p19_debugging_attention.shared import centred, mixing, past_mean


@exercise(points=4, minutes=15, builds_on="exercise 5 of chapter 04, a leak found by changing tokens", hints=(
    "Run the model on the tokens as they are. Then change one token. Which outputs have moved?",
    "Each token that you change fills one column of the table. Where does the next token start from?",
    "Layer norms take each token's mean away. By what must its numbers change so that this is noticed?",
))
def depends_on(model: Callable[[Tensor], Tensor],
               x: Float[Tensor, "tokens d"]) -> Bool[Tensor, "tokens tokens"]:
    """Find out who depends on whom: a table with outputs down and tokens across.

    `model(x)` gives as many rows as `x` has, and always the same for the same `x`. Row t, column s of the table is
    `True` where a change of token s alone moves any number of output t. What moves by less than 1e-9 has not moved:
    that is rounding. Some models do not see a change that adds the same number to all features of a token; some see
    one feature only, and some links are small. `d` is at least 2. Ask as often as you like, for gradients too, and do
    not change `x` itself. In the example output t is the mean of the tokens up to t.

    With the table a bug has its name: a `True` above the diagonal is a leak, a `False` below it a blind spot.
    """
    original = model(x)
    table = torch.zeros(len(x), len(x), dtype=torch.bool)
    for s in range(len(x)):
        changed = x.clone()
        changed[s] += torch.arange(1, x.shape[1] + 1)
        table[:, s] = (model(changed) - original).abs().amax(dim=1) > 1e-9
    return table


THREE = torch.tensor([[1.0, 0.0], [2.0, 5.0], [0.0, 4.0]], dtype=torch.float64)
depends_on.example(past_mean, THREE)


def next_token(x):
    """Each output is the next token, the last one its own: a mask that is one too far."""
    return torch.cat([x[1:], x[-1:]])


def token_before(x):
    """Each output is the token before, the first one its own."""
    return torch.cat([x[:1], x[:-1]])


depends_on.example(next_token, THREE)
depends_on.example(token_before, THREE)


def patterns(rng, tokens):
    """Who may depend on whom: everything before, one token too many, a cut in the middle, and by chance."""
    causal = torch.ones(tokens, tokens).tril() > 0
    cut = causal.clone()
    cut[tokens // 2:, :tokens // 2] = False
    return causal, torch.ones(tokens, tokens).tril(1) > 0, cut, torch.from_numpy(rng.random((tokens, tokens)) < 0.5)


@depends_on.check("finds who depends on whom",
                  hint="In the second example output 0 moves with token 1. In which row and which column does that "
                       "stand?")
def who_on_whom(answer, rng):
    for tokens in (5, 7):
        for pattern in patterns(rng, tokens):
            probes.equal(answer(mixing(rng, pattern), tensor(rng, tokens, 3)), pattern)
    probes.equal(answer(lambda x: 2 * x, tensor(rng, 1, 2)), torch.ones(1, 1, dtype=torch.bool))
    empty = tensor(rng, 5, 3) * (torch.arange(5) != 1)[:, None]
    probes.equal(answer(past_mean, empty), torch.ones(5, 5).tril() > 0)


@depends_on.check("takes no rounding for a link",
                  hint="(0.1 + 0.2) − 0.2 is not quite 0.1. By how much does such an output move?")
def no_rounding(answer, rng):
    for tokens in (5, 7):
        pattern = patterns(rng, tokens)[3]
        model = mixing(rng, pattern)
        probes.equal(answer(lambda x, model=model: model(x) + 30 * x.sum() - 30 * x.sum(), tensor(rng, tokens, 3)),
                     pattern)


@depends_on.check("finds links that are hard to see",
                  hint="How small may a move be? In which feature may it be, and in which direction?")
def hard_to_see(answer, rng):
    ends = torch.eye(4, dtype=torch.float64)[[0, -1]]
    for tokens in (3, 5):
        pattern = patterns(rng, tokens)[3]
        inner = mixing(rng, pattern, width=4)
        shares = torch.where(pattern, 1 + torch.from_numpy(rng.random(tuple(pattern.shape))), 0)
        models = [lambda x, inner=inner: 1e-5 * inner(x), lambda x, inner=inner: inner(centred(x)),
                  lambda x, shares=shares: shares @ x.sum(dim=1, keepdim=True) + torch.zeros_like(x),
                  lambda x, shares=shares: -shares @ x.sum(dim=1, keepdim=True) * ends[1],
                  lambda x, shares=shares: shares @ x.sum(dim=1, keepdim=True) * ends[0],
                  lambda x, inner=inner: inner(x) - inner(x).mean(dim=1, keepdim=True),
                  lambda x, shares=shares: shares @ x[:, -1:] + torch.zeros_like(x)]
        for model in models:
            probes.equal(answer(model, tensor(rng, tokens, 4)), pattern)
        probes.equal(answer(lambda x: past_mean(x) + 1e-6 * x.flip(0), tensor(rng, tokens, 4)),
                     torch.eye(tokens).flip(0) + torch.ones(tokens, tokens).tril() > 0)


def table_by(model, x, *, amount=None, read=lambda outputs: outputs, least=1e-9, signed=False, keep=False):
    """The solution with one thing to be changed at a time: by what a token is changed, and what counts as moved."""
    original, changed = read(model(x)), x.clone()
    amount = torch.arange(1, x.shape[1] + 1).to(x.dtype) if amount is None else amount
    table = torch.zeros(len(x), len(x), dtype=torch.bool)
    for s in range(len(x)):
        changed = changed if keep else x.clone()
        changed[s] += amount
        moved = read(model(changed)) - original
        table[:, s] = ((moved if signed else moved.abs()) > least).any(dim=1)
    return table


@depends_on.mistake("puts the tokens down and the outputs across",
                    hint="You changed token 1. Does that fill a row of the table, or a column?")
def transposed(model, x):
    return depends_on(model, x).T


@depends_on.mistake("adds the same number to all features of a token",
                    hint="What does a model see of that, if it subtracts each token's mean first?")
def all_alike(model, x):
    return table_by(model, x, amount=torch.ones(x.shape[1], dtype=x.dtype))


@depends_on.mistake("changes the first feature only", hint="Which numbers of a token may a model look at?")
def first_changed(model, x):
    return table_by(model, x, amount=torch.eye(x.shape[1], dtype=x.dtype)[0])


@depends_on.mistake("compares the first feature only", hint="Which numbers of an output may move?")
def first_compared(model, x):
    return table_by(model, x, read=lambda outputs: outputs[:, :1])


@depends_on.mistake("compares the last feature only", hint="Which numbers of an output may move?")
def last_compared(model, x):
    return table_by(model, x, read=lambda outputs: outputs[:, -1:])


@depends_on.mistake("compares the sums of the outputs", hint="What if one number grows and another one falls?")
def sums(model, x):
    return table_by(model, x, read=lambda outputs: outputs.sum(dim=1, keepdim=True))


@depends_on.mistake("overlooks moves of less than a thousandth", hint="How small may a link be?")
def coarse(model, x):
    return table_by(model, x, least=1e-3)


@depends_on.mistake("takes every difference for a move, however small",
                    hint="Do two computations of the same number always end in the same last digit?")
def tolerance_zero(model, x):
    return table_by(model, x, least=0.0)


@depends_on.mistake("looks for numbers that grow, not for those that fall",
                    hint="May an output fall when a token changes?")
def growing_only(model, x):
    return table_by(model, x, signed=True)


@depends_on.mistake("makes its copy once, so that every change stays",
                    hint="When you change token 2, is token 1 back to what it was?")
def one_copy(model, x):
    return table_by(model, x, keep=True)


@depends_on.mistake("looks at the past only", hint="What would a leak look like in your table?")
def past_only(model, x):
    return depends_on(model, x).tril()


@depends_on.mistake("leaves the diagonal out", hint="May an output depend on its own token?")
def without_itself(model, x):
    return depends_on(model, x).fill_diagonal_(False)


@depends_on.mistake("marks where nothing depends", hint="What does True mean in the prompt?")
def opposite(model, x):
    return ~depends_on(model, x)


@depends_on.mistake("never changes the last token", hint="Which numbers does your loop give for three tokens?")
def last_unchanged(model, x):
    table = depends_on(model, x)
    table[:, -1] = False
    return table


@depends_on.alternative("the derivatives of every output by every token")
def by_jacobian(model, x):
    return torch.autograd.functional.jacobian(model, x).abs().amax(dim=(1, 3)) > 1e-9


@depends_on.alternative("a list of columns")
def by_columns(model, x):
    before, columns = model(x), []
    for s in range(x.shape[0]):
        other = torch.cat([x[:s], x[s:s + 1] * 2 + torch.linspace(1, 3, x.shape[1]), x[s + 1:]])
        columns.append([bool((one - two).abs().max() > 1e-9) for one, two in zip(model(other), before)])
    return torch.tensor(columns).T
