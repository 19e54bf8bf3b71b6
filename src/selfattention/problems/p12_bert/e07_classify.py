import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=2, minutes=6, builds_on="lesson 12, a head for whole texts", hints=(
    "How many vectors does a text have, and how many go into the answer?",
    "Two layers, one bend between them. Which of the two makes as many numbers as there are classes?",
))
def classify(x: Float[Tensor, "batch tokens d_model"], pooler_weight: Float[Tensor, "d_model pooled"],
             pooler_bias: Float[Tensor, " pooled"], class_weight: Float[Tensor, "pooled classes"],
             class_bias: Float[Tensor, " classes"]) -> Float[Tensor, "batch classes"]:
    r"""Put each text into a class, by the vector of its first token.

    `x` is what the last layer gave. [CLS] stands first in every text, and its vector is used for the whole of it
    (Devlin et al. 2019, §4.1; the pooler is in their code): the *pooler* is a linear layer with tanh, and a second
    linear layer makes a score (logit) for each class, with no softmax. A linear layer is $x W + b$, with the weights as
    they are given.
    Gradients must reach `x`, both weights and both biases.
    """
    pooled = torch.tanh(x[:, 0] @ pooler_weight + pooler_bias)
    return pooled @ class_weight + class_bias


classify.example(torch.tensor([[[1.0, 0.5], [9.0, -9.0], [-3.0, 0.25]], [[-0.5, 2.0], [4.0, 4.0], [0.0, 0.0]]]),
                 torch.tensor([[1.0, 0.0], [0.0, 0.5]]), torch.tensor([0.0, 0.25]),
                 torch.tensor([[1.0, 2.0], [0.0, 10.0]]), torch.tensor([0.0, 100.0]))
classify.example(torch.tensor([[[0.5, 1.0], [2.0, 0.0]]]), torch.tensor([[1.0, 0.5], [0.25, -1.0]]),
                 torch.tensor([0.5, 0.0]), torch.tensor([[1.0, -1.0], [0.5, 2.0]]), torch.tensor([0.25, 0.5]))


def weights(rng, d_model=7, pooled=5, classes=3):
    return (tensor(rng, d_model, pooled) / 2, tensor(rng, pooled) / 2, tensor(rng, pooled, classes),
            tensor(rng, classes))


def by_hand(x, pooler_weight, pooler_bias, class_weight, class_bias):
    """Text by text and class by class; the tanh out of two exponentials."""
    rows = []
    for text in x:
        inner = (text[0][:, None] * pooler_weight).sum(dim=0) + pooler_bias
        bent = (torch.exp(inner) - torch.exp(-inner)) / (torch.exp(inner) + torch.exp(-inner))
        rows.append(torch.stack([(bent * column).sum() + offset for column, offset in zip(class_weight.T, class_bias)]))
    return torch.stack(rows)


@classify.check("makes its scores of the first token's vector",
                hint="Follow the example by hand: which two numbers of the first text go in?")
def first_vector(answer, rng):
    for batch, tokens, classes in ((2, 5, 3), (3, 2, 2), (5, 3, 7)):
        x, some = tensor(rng, batch, tokens, 7), weights(rng, classes=classes)
        probes.equal(answer(x, *some), by_hand(x, *some))


@classify.check("does not notice the other tokens of the last layer",
                hint="The other tokens had their say in the layers before. Where do they come in here?")
def others_unnoticed(answer, rng):
    x, some = tensor(rng, 2, 5, 7), weights(rng)
    changed = torch.cat([x[:, :1], 3 * tensor(rng, 2, 4, 7)], dim=1)
    before, after = answer(x, *some), answer(changed, *some)
    probes.unmoved(before, after, "a score changed because the vector of another token did")
    probes.equal(before, by_hand(x, *some))


@classify.check("takes a single text, and a pooler that is not square",
                hint="With one text in the batch, has your result still two axes?")
def one_text(answer, rng):
    for batch, tokens, d_model, pooled, classes in ((1, 1, 7, 7, 2), (1, 3, 5, 5, 5), (2, 2, 3, 11, 1)):
        x, some = tensor(rng, batch, tokens, d_model), weights(rng, d_model, pooled, classes)
        probes.equal(answer(x, *some), by_hand(x, *some))


@classify.check("lets gradients reach the text and all weights", hint="Which of the four weights gets no gradient?")
def all_learn(answer, rng):
    probes.gradient_parity(answer, classify, tensor(rng, 2, 3, 7), *weights(rng), cotangent=tensor(rng, 2, 3))


def scored(vector, pooler_weight, pooler_bias, class_weight, class_bias, bend=torch.tanh):
    return bend(vector @ pooler_weight + pooler_bias) @ class_weight + class_bias


@classify.mistake("takes the mean of all tokens, padding included",
                  hint="Which token stands for the text here? What does padding do to a mean?")
def mean_of_all(x, *given):
    return scored(x.mean(dim=1), *given)


@classify.mistake("takes the sum of all tokens", hint="Which token stands for the text here?")
def sum_of_all(x, *given):
    return scored(x.sum(dim=1), *given)


@classify.mistake("takes the mean of all tokens' pooled vectors",
                  hint="How many tokens does the pooler see in the formula of the prompt?")
def pooled_mean(x, pooler_weight, pooler_bias, class_weight, class_bias):
    return torch.tanh(x @ pooler_weight + pooler_bias).mean(dim=1) @ class_weight + class_bias


@classify.mistake("cuts the text off from the gradient",
                  hint="Shall only the two layers on top learn, or all of BERT?")
def text_detached(x, *given):
    return scored(x.detach()[:, 0], *given)


@classify.mistake("takes the last token instead of the first", hint="Where in a text does [CLS] stand?")
def last_token(x, *given):
    return scored(x[:, -1], *given)


@classify.mistake("takes the second token, the text's first word", hint="Which place has [CLS], counted from 0?")
def second_token(x, *given):
    return scored(x[:, min(1, x.shape[1] - 1)], *given)


@classify.mistake("takes the largest number of each feature over all tokens",
                  hint="Which token stands for the text here?")
def largest_of_all(x, *given):
    return scored(x.amax(dim=1), *given)


@classify.mistake("scores every token", hint="How many rows of scores has a text? How many are asked for?")
def every_token(x, *given):
    return scored(x, *given)


@classify.mistake("takes all tokens of the first text", hint="Which axis of x are the texts, and which the tokens?")
def first_text(x, *given):
    return scored(x[0], *given)


@classify.mistake("leaves the pooler out",
                  hint="Where do `pooler_weight` and `pooler_bias` appear in your code?")
def no_pooler(x, pooler_weight, pooler_bias, class_weight, class_bias):
    width = min(x.shape[-1], len(class_weight))
    return x[:, 0, :width] @ class_weight[:width] + class_bias


@classify.mistake("leaves the tanh out", hint="What do two linear layers in a row amount to?")
def no_bend(x, *given):
    return scored(x[:, 0], *given, bend=lambda inner: inner)


@classify.mistake("bends with ReLU instead of tanh", hint="Which function does the prompt name for the pooler?")
def by_relu(x, *given):
    return scored(x[:, 0], *given, bend=torch.relu)


@classify.mistake("bends with a sigmoid instead of tanh", hint="Which function does the prompt name for the pooler?")
def by_sigmoid(x, *given):
    return scored(x[:, 0], *given, bend=torch.sigmoid)


@classify.mistake("bends the scores, not the pooled vector", hint="After which of the two layers comes the tanh?")
def bent_late(x, *given):
    return torch.tanh(scored(x[:, 0], *given, bend=lambda inner: inner))


@classify.mistake("bends both layers",
                  hint="After which of the two layers comes the tanh? Can a logit be larger than 1?")
def bent_twice(x, *given):
    return torch.tanh(scored(x[:, 0], *given))


@classify.mistake("returns probabilities instead of scores", hint="Can a score be negative? Can your result be?")
def probabilities(x, *given):
    return torch.softmax(scored(x[:, 0], *given), dim=-1)


@classify.mistake("adds the pooler's bias after the tanh", hint="Which of the two comes first: the bias or the bend?")
def bias_late(x, pooler_weight, pooler_bias, class_weight, class_bias):
    return (torch.tanh(x[:, 0] @ pooler_weight) + pooler_bias) @ class_weight + class_bias


@classify.mistake("forgets the biases", hint="Where do `pooler_bias` and `class_bias` appear in your code?")
def no_biases(x, pooler_weight, pooler_bias, class_weight, class_bias):
    return torch.tanh(x[:, 0] @ pooler_weight) @ class_weight


@classify.alternative("torch's linear, which wants its weights the other way round")
def by_linear(x, pooler_weight, pooler_bias, class_weight, class_bias):
    linear = torch.nn.functional.linear
    return linear(linear(x[:, 0], pooler_weight.T, pooler_bias).tanh(), class_weight.T, class_bias)


@classify.alternative("every token through both layers, then the first is taken")
def taken_late(x, pooler_weight, pooler_bias, class_weight, class_bias):
    inner = torch.einsum("btd,dp->btp", x, pooler_weight) + pooler_bias
    return (torch.tanh(inner) @ class_weight).add(class_bias).select(1, 0)
