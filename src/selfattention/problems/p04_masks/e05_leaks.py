from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p04_masks.models import (
    HONEST,
    centred,
    falls_by_later,
    first_sees_second,
    last_feature_is_seen,
    last_feature_sees,
    later,
    next_token_seen,
    only_at,
    running_mean,
)


@exercise(points=4, minutes=15, builds_on="lesson 04, what an output may depend on", hints=(
    "Change one token and run the model again. Which outputs may change, and which may not?",
    "A model may look only one step ahead, or only from one position. Which tokens do you have to change to notice?",
    "For every token t: change it alone, and compare the outputs *before* t with those of the original.",
))
def leaks(model: Callable[[Tensor], Tensor], x: Float[Tensor, "tokens d"]) -> bool:
    """Find out whether a model lets any output see a later token.

    `model(x)` turns tokens of shape (tokens, d) into outputs with as many rows and is deterministic. It **leaks** if
    some change of a token t changes any number of an output at a position before t, however little. Return `True` if it
    does, else `False`. Call the model as often as you like, or ask for its gradients. Do not change `x` itself.
    """
    original = model(x)
    for t in range(1, len(x)):
        changed = x.clone()
        changed[t] += torch.rand(x.shape[1])
        if not torch.equal(model(changed)[:t], original[:t]):
            return True
    return False


leaks.example(running_mean, torch.tensor([[1.0, 0.0], [2.0, 2.0], [0.0, 4.0]], dtype=torch.float64))
for _model in (next_token_seen, first_sees_second, falls_by_later):
    leaks.example(_model, torch.tensor([[1.0, 0.0], [0.0, 0.5], [1.0, 1.0]], dtype=torch.float64))


@leaks.check("clears models that see no future", hint="May an output change with its own token? And with earlier ones?")
def honest_models(answer, rng):
    accused = [answer(model, tensor(rng, tokens, 3)) for model in HONEST for tokens in (1, 2, 7)]
    probes.require(not any(accused), "an honest model is accused")
    for width in (1, 5):  # outputs need not be as wide as tokens
        mix = tensor(rng, 3, width)
        probes.require(not answer(lambda x, mix=mix: x.cumsum(0) @ mix.to(x.dtype), tensor(rng, 5, 3)),
                       "an honest model is accused")


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
        ("a last feature that sees later tokens is missed", last_feature_sees),
        ("a look at the last feature of later tokens is missed", last_feature_is_seen),
    ])


@leaks.check("catches models in which a leak is hard to see",
             hint="By how much does an output change, in which direction, and does the model notice your change at "
                  "all?")
def hidden_leaks(answer, rng):
    among_honest(answer, rng, int(rng.choice((5, 7))), [
        ("a small leak is missed", lambda x: x + later(x) / 1000),
        ("outputs that fall when a later token grows are missed", lambda x: running_mean(x) - later(x)),
        ("a leak is missed where an output's numbers always sum to one",
         lambda x: (torch.arange(1, 4) * (x + later(x))).softmax(dim=-1)),
        ("a leak is missed where each token's mean is subtracted first",
         lambda x: torch.arange(1, 4) * later(centred(x))),
        ("a leak is missed where each token is brought to length one first",
         lambda x: later(x / x.norm(dim=-1, keepdim=True))),
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


def leaks_by(model, x, *, tokens=None, features=slice(None), amount=None, outputs=slice, read=lambda outputs: outputs,
             closeness=1e-8):
    """The solution with one thing to be changed at a time: which tokens are changed, by what, and what is compared."""
    original = model(x)
    for t in range(len(x))[1:] if tokens is None else tokens:
        changed = x.clone()
        changed[t, features] += (torch.linspace(1, 2, x.shape[1]) if amount is None else amount)[features]
        if not torch.allclose(read(model(changed))[outputs(t)], read(original)[outputs(t)], atol=closeness):
            return True
    return False


@leaks.mistake("changes the first feature only", hint="Which numbers of a token do you change?")
def one_feature_changed(model, x):
    return leaks_by(model, x, features=slice(0, 1))


@leaks.mistake("compares the first feature only", hint="Which numbers of an output do you compare?")
def one_feature_compared(model, x):
    return leaks_by(model, x, read=lambda outputs: outputs[:, :1])


@leaks.mistake("compares the sum of an output's numbers", hint="What if one number grows and another one falls?")
def sums_compared(model, x):
    return leaks_by(model, x, read=lambda outputs: outputs.sum(dim=1))


@leaks.mistake("adds the same number to all features of a token",
               hint="Which models do not notice that? Think of one that subtracts each token's mean.")
def all_features_alike(model, x):
    return leaks_by(model, x, amount=torch.ones(x.shape[1]))


@leaks.mistake("overlooks a change of less than a hundredth",
               hint="How far may an output move if it must not change at all?")
def coarse(model, x):
    return leaks_by(model, x, closeness=0.01)


@leaks.mistake("changes the last token only",
               hint="Which outputs can notice a change of the last token, if each sees one step ahead?")
def last_token_only(model, x):
    return leaks_by(model, x, tokens=[len(x) - 1])


@leaks.mistake("changes the first token only", hint="Which outputs are before the first token?")
def first_token_only(model, x):
    return leaks_by(model, x, tokens=[0], outputs=lambda t: slice(1, None))


@leaks.mistake("never changes the last token", hint="Which numbers does `range(1, len(x) - 1)` give?")
def last_unchanged(model, x):
    return leaks_by(model, x, tokens=range(1, len(x) - 1))


@leaks.mistake("gives its verdict after the first token",
               hint="How far is your `return` indented? When can you be sure that there is no leak?")
def early_verdict(model, x):
    return leaks_by(model, x, tokens=range(1, min(2, len(x))))


@leaks.mistake("takes any change of the outputs for a leak",
               hint="Output t may change when token t does. Which outputs may not?")
def any_change(model, x):
    return leaks_by(model, x, tokens=range(len(x)), outputs=lambda t: slice(None))


@leaks.mistake("compares the changed position as well", hint="Is it a leak when an output changes with its own token?")
def own_position(model, x):
    return leaks_by(model, x, outputs=lambda t: slice(t + 1))


@leaks.mistake("compares the outputs after the changed token", hint="Is it a leak when the future depends on the past?")
def wrong_side(model, x):
    return leaks_by(model, x, tokens=range(len(x)), outputs=lambda t: slice(t + 1, None))


@leaks.mistake("looks at the first output only", hint="Can a leak be at a position other than the first?")
def first_output_only(model, x):
    return leaks_by(model, x, outputs=lambda t: slice(1))


@leaks.mistake("looks only at the output right before the changed token",
               hint="Changing token 4 must leave *all* outputs before it alone. Which do you compare?")
def neighbour_only(model, x):
    return leaks_by(model, x, outputs=lambda t: slice(t - 1, t))


@leaks.mistake("leaves out the output right before the changed token",
               hint="Token 4 was changed. Is output 3 among those that you compare?")
def neighbour_left_out(model, x):
    return leaks_by(model, x, outputs=lambda t: slice(t - 1))


@leaks.mistake("never finds anything",
               hint="Which line of your code returns True? Run it on a model that averages the whole text.")
def never(model, x):
    return False


@leaks.mistake("reports the opposite", hint="Is `True` good or bad news here?")
def opposite(model, x):
    return not leaks(model, x)


@leaks.mistake("looks for larger outputs only, not for smaller ones",
               hint="Must an output grow when a later token changes?")
def larger_only(model, x):
    original = model(x)
    for t in range(1, len(x)):
        changed = x.clone()
        changed[t] += torch.linspace(1, 2, x.shape[1])
        if (model(changed)[:t] - original[:t]).max() > 1e-9:
            return True
    return False


@leaks.mistake("changes the tokens of `x` itself, which stay changed",
               hint="Does `changed = x` make a copy? Look at `x` afterwards.")
def changes_x(model, x):
    return with_one_copy(model, x, x)


@leaks.mistake("makes its copy once, before the loop, so that every change stays",
               hint="When you change token 4, is token 3 back to what it was?")
def one_copy(model, x):
    return with_one_copy(model, x, x.clone())


def with_one_copy(model, x, changed):
    original = model(x)
    for t in range(1, len(x)):
        changed[t] += torch.linspace(1, 2, x.shape[1])
        if not torch.allclose(model(changed)[:t], original[:t]):
            return True
    return False


@leaks.alternative("changing everything from t onwards")
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
        output = model(leaf)[t]
        (output * torch.linspace(1, 2, len(output))).sum().backward()
        if leaf.grad[t + 1:].any():
            return True
    return False


@leaks.alternative("all derivatives at once, with torch.func")
def by_jacrev(model, x):
    slopes = torch.func.jacrev(model)(x)
    return any(bool(slopes[t, :, t + 1:].any()) for t in range(len(x)))


@leaks.alternative("running the model on the beginnings of the text")
def on_prefixes(model, x):
    whole = model(x)
    return any(not torch.allclose(model(x[:t]), whole[:t]) for t in range(1, len(x)))
