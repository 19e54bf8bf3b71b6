import torch

from selfattention.engine import exercise, probes


@exercise(points=3, minutes=8, builds_on="lesson 06, the four projections", hints=(
    "Four matrices. Which of them depend on the number of key heads?",
    "A head is d_model / heads numbers wide. How wide are all key heads together?",
))
def parameter_count(d_model: int, heads: int, key_heads: int, bias: bool) -> int:
    r"""Count the learned numbers of a multi-head attention layer.

    The projections of queries and output are d_model → d_model, for all heads together. Keys and values have
    `key_heads` heads, each as wide as a head of the queries (in the usual layer, `key_heads` equals `heads`). With
    `bias`, each of the four projections also adds a learned number to each of its outputs. Return a whole number.
    """
    narrow = d_model // heads * key_heads
    matrices = 2 * d_model * d_model + 2 * d_model * narrow
    return matrices + (2 * d_model + 2 * narrow if bias else 0)


parameter_count.example(6, 3, 1, True)


def layer_sizes(rng):
    """Two pairs of d_model and heads."""
    widths, heads = rng.permutation((11, 13, 17)).tolist(), rng.permutation((2, 3, 5, 7)).tolist()
    return [(width * number, number) for width, number in zip(widths[:2], heads)]


@parameter_count.check("counts the usual layer", hint="Count by hand for d_model = 2 and one head.")
def usual_layer(answer, rng):
    for d_model, heads in ((2, 1), *layer_sizes(rng), (512, 8)):
        layer = torch.nn.MultiheadAttention(d_model, heads, device="meta")
        expected = sum(parameter.numel() for parameter in layer.parameters())
        probes.equal(answer(d_model, heads, heads, True), expected)


@parameter_count.check("counts without biases", hint="What is left when nothing is added to the outputs?")
def without_biases(answer, rng):
    for d_model, heads in layer_sizes(rng):
        probes.equal(answer(d_model, heads, heads, False), 4 * d_model**2)


@parameter_count.check("counts shared key heads", hint="With one key head, how wide is a key?")
def shared_keys(answer, rng):
    for (d_model, heads), shared in zip(layer_sizes(rng), (1, int(rng.choice((2, 3))))):
        for bias in (True, False):
            probes.parity(answer, parameter_count, d_model * shared, heads * shared, shared, bias)


@parameter_count.mistake("counts every head with the full width", hint="Do more heads make the layer larger?")
def heads_times(d_model, heads, key_heads, bias):
    narrow = d_model * key_heads
    return 2 * d_model * d_model * heads + 2 * d_model * narrow + (2 * d_model * heads + 2 * narrow if bias else 0)


@parameter_count.mistake("forgets the output projection", hint="How many matrices are there in the formula?")
def no_output_counted(d_model, heads, key_heads, bias):
    narrow = d_model // heads * key_heads
    return d_model * d_model + 2 * d_model * narrow + (d_model + 2 * narrow if bias else 0)


@parameter_count.mistake("ignores that key heads are shared", hint="Where does `key_heads` appear in your code?")
def sharing_ignored(d_model, heads, key_heads, bias):
    return 4 * d_model * d_model + (4 * d_model if bias else 0)


@parameter_count.mistake("always counts the biases", hint="Where does `bias` appear in your code?")
def always_biases(d_model, heads, key_heads, bias):
    narrow = d_model // heads * key_heads
    return 2 * d_model * d_model + 2 * d_model * narrow + 2 * d_model + 2 * narrow


@parameter_count.mistake("never counts the biases", hint="Where does `bias` appear in your code?")
def never_biases(d_model, heads, key_heads, bias):
    return 2 * d_model * d_model + 2 * d_model * (d_model // heads * key_heads)


@parameter_count.mistake("counts a single number as the bias of a projection",
                         hint="How many outputs does a projection have, and what is added to each?")
def one_number_each(d_model, heads, key_heads, bias):
    return 2 * d_model * d_model + 2 * d_model * (d_model // heads * key_heads) + (4 if bias else 0)


@parameter_count.mistake("gives the biases of keys and values the full width",
                         hint="How many outputs does the projection of the keys have?")
def wide_biases(d_model, heads, key_heads, bias):
    narrow = d_model // heads * key_heads
    return 2 * d_model * d_model + 2 * d_model * narrow + (4 * d_model if bias else 0)


@parameter_count.mistake("gives 0 where there are no biases",
                         hint="`a + b if bias else 0`: where do you need brackets, so that a is counted either way?")
def nothing_without_biases(d_model, heads, key_heads, bias):
    return parameter_count(d_model, heads, key_heads, True) if bias else 0


@parameter_count.alternative("counting a layer that was built")
def by_building(d_model, heads, key_heads, bias):
    widths = (d_model, d_model, d_model // heads * key_heads, d_model // heads * key_heads)
    layers = [torch.nn.Linear(d_model, width, bias=bias, device="meta") for width in widths]
    return sum(parameter.numel() for layer in layers for parameter in layer.parameters())
