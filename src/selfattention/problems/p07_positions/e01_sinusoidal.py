import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes


@exercise(points=4, minutes=12, builds_on="lesson 07, waves", hints=(
    "First make the angles, a table of positions by pairs; then take its sine and its cosine.",
    "`torch.arange(0, d_model, 2)` is $2i$ for every pair. How do two tables become one with alternating columns?",
))
def sinusoidal(tokens: int, d_model: int) -> Float[Tensor, "tokens d_model"]:
    r"""Give each position a fixed vector of sines and cosines.

    $PE_{pos, 2i} = \sin(pos / 10000^{2i/d})$ and $PE_{pos, 2i+1} = \cos(pos / 10000^{2i/d})$, where $d$ is `d_model`,
    an even number (Vaswani et al. 2017, §3.5). Sines and cosines alternate; positions are counted from 0.
    """
    angles = torch.arange(tokens)[:, None] / 10_000 ** (torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


sinusoidal.example(3, 4)


@sinusoidal.check("alternates sines and cosines of slower and slower waves",
                  hint="Compute the row of position 1 for d_model = 4 by hand: four numbers.")
def alternates(answer, rng):
    for tokens, d_model in zip(rng.permutation((3, 5, 11, 13)).tolist(), (*rng.permutation((6, 14)).tolist(), 2)):
        expected = torch.zeros(tokens, d_model, dtype=torch.float64)
        for position in range(tokens):
            for i in range(d_model // 2):
                angle = torch.tensor(position / 10_000 ** (2 * i / d_model), dtype=torch.float64)
                expected[position, 2 * i], expected[position, 2 * i + 1] = angle.sin(), angle.cos()
        probes.equal(answer(tokens, d_model).to(torch.float32), expected.to(torch.float32))


@sinusoidal.check("gives two positions a dot product that depends only on their distance",
                  hint="sin a sin b + cos a cos b = cos(a − b). Does each sine have its cosine beside it?")
def distance_alone(answer, rng):
    tokens, d_model = int(rng.choice((11, 13, 17, 19))), 2 * int(rng.choice((5, 7, 23, 29)))
    table = answer(tokens, d_model).to(torch.float32)
    products = table @ table.T
    for distance in (1, int(rng.integers(2, 8))):
        along = products.diagonal(distance)
        probes.equal(along, along[:1].expand(len(along)), f"the products at distance {distance} differ")


def angles_of(tokens, d_model, exponents=None):
    exponents = torch.arange(0, d_model, 2, dtype=torch.float64) / d_model if exponents is None else exponents
    return torch.arange(tokens)[:, None] / 10_000**exponents


@sinusoidal.mistake("puts all sines before all cosines",
                    hint="The formula has 2i and 2i + 1: which column follows a sine?")
def halves(tokens, d_model):
    angles = angles_of(tokens, d_model)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


@sinusoidal.mistake("uses i where the exponent has 2i",
                    hint="Which exponents do you use for d_model = 4, and which does the formula?")
def single_exponent(tokens, d_model):
    angles = angles_of(tokens, d_model, torch.arange(d_model // 2, dtype=torch.float64) / d_model)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


@sinusoidal.mistake("gives each column a frequency of its own, not each pair",
                    hint="Of which angles are columns 0 and 1 the sine and cosine? Of the same one?")
def each_column(tokens, d_model):
    angles = angles_of(tokens, d_model, torch.arange(d_model, dtype=torch.float64) / d_model)
    return torch.where(torch.arange(d_model) % 2 == 0, angles.sin(), angles.cos())


@sinusoidal.mistake("exchanges sines and cosines", hint="What must the first number of position 0 be: 0 or 1?")
def exchanged(tokens, d_model):
    angles = angles_of(tokens, d_model)
    return torch.stack([angles.cos(), angles.sin()], dim=-1).flatten(-2)


@sinusoidal.mistake("counts positions from 1", hint="What is sin(0)? Is it in your first row?")
def from_one(tokens, d_model):
    angles = angles_of(tokens + 1, d_model)[1:]
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


@sinusoidal.mistake("multiplies by the power instead of dividing",
                    hint="Do the waves get slower or faster from left to right?")
def faster(tokens, d_model):
    angles = torch.arange(tokens)[:, None] * 10_000 ** (torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


@sinusoidal.mistake("gives every pair the same frequency", hint="Does column 2 differ from column 0 in your table?")
def one_wave(tokens, d_model):
    angles = torch.arange(tokens, dtype=torch.float64)[:, None].expand(tokens, d_model // 2)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


@sinusoidal.alternative("filling every second column")
def filled(tokens, d_model):
    table = torch.zeros(tokens, d_model)
    table[:, 0::2] = angles_of(tokens, d_model).sin()
    table[:, 1::2] = angles_of(tokens, d_model).cos()
    return table


@sinusoidal.alternative("exponentials of logarithms")
def by_logarithms(tokens, d_model):
    slower = torch.exp(torch.arange(0, d_model, 2) * (-torch.log(torch.tensor(10_000.0)) / d_model))
    angles = torch.arange(tokens)[:, None] * slower
    return torch.stack([torch.sin(angles), torch.cos(angles)], dim=2).reshape(tokens, d_model)
