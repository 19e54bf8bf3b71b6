import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p07_positions.shared import turned


@exercise(points=4, minutes=15, builds_on="lesson 07, rotary positions", hints=(
    "Where do (1, 0) and (0, 1) go when they are turned by θ? Every pair is a sum of multiples of these two.",
    "`x[..., 0::2]` is the first number of every pair, `x[..., 1::2]` the second. How do they become pairs again?",
))
def rotate(x: Float[Tensor, "*batch tokens d"], positions: Int[Tensor, " tokens"]) -> Float[Tensor, "*batch tokens d"]:
    r"""Turn each pair of neighbouring numbers by an angle that grows with the position (RoPE).

    Numbers $2i$ and $2i+1$ of a token at position $m$ are turned by the angle $m / 10000^{2i/d}$, counterclockwise (Su
    et al. 2021, eq. 34). `positions` says where each token is; $d$ is even. Gradients must reach `x`.
    """
    rates = 10_000 ** (-torch.arange(0, x.shape[-1], 2, dtype=torch.float64) / x.shape[-1])
    angles = positions[:, None] * rates
    cosines, sines = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cosines - odd * sines, even * sines + odd * cosines], dim=-1).flatten(-2)


rotate.example(torch.tensor([[1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 1.0, 0.0], [0.0, 2.0, 0.0, 2.0]]),
               torch.tensor([0, 1, 1]))
rotate.example(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([1, 2]))


@rotate.check("turns each pair as a complex number is turned",
              hint="Where does (1, 0) at position 1 go? And (0, 1)? Draw both.")
def turns_pairs(answer, rng):
    x, positions = tensor(rng, 2, 5, 6), torch.tensor([2, 0, 1, 7, 1000])
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    rates = 10_000 ** (-torch.arange(3, dtype=torch.float64) * 2 / 6)
    angles = positions[:, None] * rates
    expected = torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(-2)
    probes.equal(answer(x, positions).to(torch.float32), expected.to(torch.float32))


@rotate.check("makes dot products depend only on the distance", hint="Are queries and keys turned the same way round?")
def distance_decides(answer, rng):
    query, key = tensor(rng, 1, 14), tensor(rng, 1, 14)
    products = [answer(query, torch.tensor([at])) @ answer(key, torch.tensor([at + 3])).T for at in (0, 5, 13)]
    for product in products[1:]:
        probes.equal(product.float(), products[0].float(), "the same distance at another place gives another product")


@rotate.check("keeps all lengths, and turns nothing at position 0", hint="Does a turned arrow grow or shrink?")
def keeps_lengths(answer, rng):
    x = tensor(rng, 2, 3, 5, 6)
    turned = answer(x, torch.tensor([0, 3, 5, 100, 1000]))
    probes.equal(turned.norm(dim=-1).float(), x.norm(dim=-1).float(), "a length has changed")
    probes.equal(turned[..., 0, :].float(), x[..., 0, :].float(), "a token at position 0 was turned")


@rotate.check("lets gradients pass", hint="Which step leaves torch's graph?")
def gradients_pass(answer, rng):
    positions = torch.tensor([1, 0, 4])
    probes.gradient_parity(answer, rotate, tensor(rng, 3, 6).float(), positions,
                           cotangent=tensor(rng, 3, 6).float())


@rotate.mistake("pairs the first half with the second half",
                hint="Some models do so. Which two numbers are a pair here: neighbours, or two half the width apart?")
def half_apart(x, positions):
    angles = positions[:, None] * 10_000 ** (-torch.arange(0, x.shape[-1], 2, dtype=torch.float64) / x.shape[-1])
    cosines, sines = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cosines - second * sines, first * sines + second * cosines], dim=-1)


@rotate.mistake("takes neighbours as pairs, but puts the results into halves",
                hint="Where is the second number of the first pair in your result?")
def mixed_halves(x, positions):
    return turned(x, positions).unflatten(-1, (-1, 2)).transpose(-2, -1).flatten(-2)


@rotate.mistake("turns the wrong way round", hint="Where does (1, 0) go when it is turned a little counterclockwise?")
def clockwise(x, positions):
    return turned(x, positions, sign=-1)


@rotate.mistake("uses i where the exponent has 2i",
                hint="Which exponents do you use for d = 4, and which does the formula?")
def slow_exponents(x, positions):
    return turned(x, positions, torch.arange(x.shape[-1] // 2, dtype=torch.float64) / x.shape[-1])


@rotate.mistake("turns all pairs equally fast", hint="Does the angle depend on the pair in your code?")
def equally_fast(x, positions):
    return turned(x, positions, torch.zeros(x.shape[-1] // 2, dtype=torch.float64))


@rotate.mistake("counts the tokens instead of reading `positions`", hint="Where does `positions` appear in your code?")
def counted(x, positions):
    return turned(x, torch.arange(x.shape[-2]))


@rotate.mistake("adds instead of subtracting in the first number",
                hint="Is the length of a pair kept? Turn (1, 1) by 90°.")
def sign_lost(x, positions):
    angles = positions[:, None] * 10_000 ** (-torch.arange(0, x.shape[-1], 2, dtype=torch.float64) / x.shape[-1])
    cosines, sines = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cosines + odd * sines, even * sines + odd * cosines], dim=-1).flatten(-2)


@rotate.mistake("adds the sinusoids instead of turning",
                hint="Does a turned vector keep its length? Does a shifted one?")
def shifted(x, positions):
    angles = positions[:, None] * 10_000 ** (-torch.arange(0, x.shape[-1], 2, dtype=torch.float64) / x.shape[-1])
    return x + torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2).to(x.dtype)


@rotate.mistake("cuts the result off from the gradient", hint="Which line leaves torch's graph?")
def detached(x, positions):
    return turned(x.detach(), positions) + 0 * x


@rotate.mistake("turns the second number with the first one already turned",
                hint="Your second line needs the first number as it was. Is it still there?")
def first_overwritten(x, positions):
    exponents = torch.arange(0, x.shape[-1], 2, dtype=torch.float64) / x.shape[-1]
    angles = positions[:, None] * 10_000.0**-exponents
    cosines, sines = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    even = x[..., 0::2] * cosines - x[..., 1::2] * sines
    odd = even * sines + x[..., 1::2] * cosines
    return torch.stack([even, odd], dim=-1).flatten(-2)


@rotate.mistake("counts positions from the first one given",
                hint="If the tokens are at 5, 6 and 7, by which angle is the first one turned?")
def from_the_first(x, positions):
    return turned(x, positions - positions[0])


@rotate.alternative("complex numbers")
def by_complex(x, positions):
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    angles = positions[:, None] * 10_000 ** (-torch.arange(0, x.shape[-1], 2, dtype=torch.float64) / x.shape[-1])
    turn = torch.polar(torch.ones_like(angles), angles).to(pairs.dtype)
    return torch.view_as_real(pairs * turn).flatten(-2)


@rotate.alternative("cosines and sines repeated, pairs turned by 90 degrees")
def by_quarter_turn(x, positions):
    angles = positions[:, None] * 10_000 ** (-torch.arange(0, x.shape[-1], 2) / x.shape[-1])
    angles = angles.repeat_interleave(2, dim=-1).to(x.dtype)
    quarter = torch.stack([-x[..., 1::2], x[..., 0::2]], dim=-1).flatten(-2)
    return x * angles.cos() + quarter * angles.sin()
