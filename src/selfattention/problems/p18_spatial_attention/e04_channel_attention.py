import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=3, minutes=10, builds_on="lesson 18, spatial against channel attention", hints=(
    "What is left of a channel once its places are gone? Which axes does that mean run over?",
    "Do the channels compete for a sum of 1, or has each of them a gate of its own?",
    "One number for each channel of each image, and an image of four axes: which two axes are missing?",
))
def channel_attention(x: Float[Tensor, "batch channels height width"], down: Float[Tensor, "inner channels"],
                      up: Float[Tensor, "channels inner"]) -> Float[Tensor, "batch channels height width"]:
    r"""Let through each channel of each image as far as all channels together find it useful (Hu et al. 2018).

    *Squeeze*: $z$ is the mean of each channel over all places, one vector an image (eq. 2). *Excite*:
    $s = \sigma(W_2\,\max(0, W_1 z))$ with $W_1$ = `down` and $W_2$ = `up` and the logistic function
    $\sigma(a) = 1 / (1 + e^{-a})$ (eq. 3); there are no biases. Return $x$ with each channel multiplied by its number
    in $s$, at all places alike (eq. 4). Gradients must reach all three.
    """
    squeezed = x.mean(dim=(2, 3))
    gates = torch.sigmoid(torch.relu(squeezed @ down.T) @ up.T)
    return x * gates[:, :, None, None]


channel_attention.example(torch.tensor([[[[1.0, 3.0]], [[4.0, 0.0]]]]), torch.tensor([[1.0, 1.0]]),
                          torch.tensor([[1.0], [-0.5]]))
channel_attention.example(torch.tensor([[[[1.0], [3.0]], [[4.0], [0.0]]]]), torch.tensor([[-1.0, -1.0]]),
                          torch.tensor([[1.0], [-0.5]]))
channel_attention.example(torch.tensor([[[[2.0]], [[0.0]]], [[[0.0]], [[2.0]]]]),
                          torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[1.0, 0.0], [0.0, -1.0]]))
channel_attention.example(torch.tensor([[[[1.0, -2.0], [0.5, 3.5]]]]), torch.tensor([[2.0]]), torch.tensor([[0.5]]))


def drawn(rng, batch, channels, height, width, inner):
    return tensor(rng, batch, channels, height, width), 2 * tensor(rng, inner, channels), tensor(rng, channels, inner)


def number_by_number(x, down, up):
    """Each image and each channel on its own, with the standard library's exponential."""
    made = torch.empty_like(x)
    for image, place in zip(x, made):
        means = torch.stack([channel.flatten().sum() / channel.numel() for channel in image])
        inner = torch.stack([torch.dot(row, means) for row in down]).clamp(min=0)
        for channel, row in enumerate(up):
            place[channel] = image[channel] / (1 + torch.exp(-torch.dot(row, inner)))
    return made


@channel_attention.check("multiplies each channel of each image by its gate",
                         hint="In the first example both means are 2. What do the two gates come to?")
def agrees(answer, rng):
    for sizes in ((5, 3, 2, 3, 7), (2, 5, 3, 2, 3), (2, 7, 2, 3, 2)):
        given = drawn(rng, *sizes)
        probes.equal(answer(*given), number_by_number(*given))


@channel_attention.check("works for one image, one channel, one place, and one inner number",
                         hint="Which axes of the gates are of length 1, and which are those of x?")
def edges(answer, rng):
    for sizes in ((1, 3, 2, 5, 2), (2, 1, 3, 2, 3), (3, 4, 1, 1, 2), (2, 3, 4, 2, 1), (1, 1, 1, 1, 1)):
        given = drawn(rng, *sizes)
        probes.equal(answer(*given), number_by_number(*given))


@channel_attention.check("lets gradients reach x by both of its ways, and both matrices",
                         hint="x is multiplied by gates that are made of x. Is one of the two cut off?")
def gradients(answer, rng):
    probes.gradient_parity(answer, channel_attention, *drawn(rng, 2, 5, 3, 4, 7), cotangent=tensor(rng, 2, 5, 3, 4))


def gated(x, down, up, *, squeeze=None, inner=torch.relu, outer=torch.sigmoid):
    """The solution with one thing to be changed at a time."""
    squeezed = x.mean(dim=(2, 3)) if squeeze is None else squeeze(x)
    return x * outer(inner(squeezed @ down.T) @ up.T)[:, :, None, None]


@channel_attention.mistake("takes the mean over the channels, and so a gate for each place",
                           hint="One number for each channel: over which axes must the mean run?")
def over_channels(x, down, up):
    gates = torch.sigmoid(torch.relu(x.mean(dim=1, keepdim=True) * down.sum()) * up.sum())
    return x * gates


@channel_attention.mistake("takes the mean over the images, too", hint="May one image's gates depend on another image?")
def over_images(x, down, up):
    return gated(x, down, up, squeeze=lambda x: x.mean(dim=(0, 2, 3)).expand(len(x), -1))


@channel_attention.mistake("gives all images the gates of the first", hint="Which image is squeezed for image 1?")
def first_image(x, down, up):
    return gated(x, down, up, squeeze=lambda x: x[:1].mean(dim=(2, 3)).expand(len(x), -1))


@channel_attention.mistake("takes the sum over the places", hint="What would an image of twice the size get?")
def summed(x, down, up):
    return gated(x, down, up, squeeze=lambda x: x.sum(dim=(2, 3)))


@channel_attention.mistake("takes the largest over the places", hint="What does the prompt call squeeze?")
def largest(x, down, up):
    return gated(x, down, up, squeeze=lambda x: x.amax(dim=(2, 3)))


@channel_attention.mistake("looks at one place only", hint="How many places does the mean of your code run over?")
def one_place(x, down, up):
    return gated(x, down, up, squeeze=lambda x: x[:, :, 0, 0])


@channel_attention.mistake("takes the mean of the first row only",
                           hint="How many places does the mean of your code run over?")
def one_row(x, down, up):
    return gated(x, down, up, squeeze=lambda x: x[:, :, 0].mean(dim=2))


@channel_attention.mistake("lets the channels compete by a softmax",
                           hint="If all channels are useful, may all of their gates be near 1?")
def softmaxed(x, down, up):
    return gated(x, down, up, outer=lambda scores: torch.softmax(scores, dim=1))


@channel_attention.mistake("leaves out the maximum with 0", hint="What stands between $W_1 z$ and $W_2$ in equation 3?")
def no_relu(x, down, up):
    return gated(x, down, up, inner=lambda scores: scores)


@channel_attention.mistake("takes the maximum with 0 before the first matrix",
                           hint="Which numbers shall be no less than 0: those of $z$, or those of $W_1 z$?")
def relu_first(x, down, up):
    return gated(x, down, up, squeeze=lambda x: x.mean(dim=(2, 3)).clamp(min=0), inner=lambda scores: scores)


@channel_attention.mistake("exchanges the two functions",
                           hint="What is the outermost function of equation 3, and what is within it?")
def exchanged(x, down, up):
    return gated(x, down, up, inner=torch.sigmoid, outer=torch.relu)


@channel_attention.mistake("takes the logistic function twice", hint="What stands between $W_1 z$ and $W_2$?")
def sigmoid_twice(x, down, up):
    return gated(x, down, up, inner=torch.sigmoid)


@channel_attention.mistake("takes the maximum with 0 twice", hint="Between which two numbers does a gate lie?")
def relu_twice(x, down, up):
    return gated(x, down, up, outer=torch.relu)


@channel_attention.mistake("has gates from −1 to 1", hint="What is the logistic function of a very negative number?")
def tanh_gates(x, down, up):
    return gated(x, down, up, outer=torch.tanh)


@channel_attention.mistake("multiplies by the scores, without a function around them",
                           hint="Between which two numbers does a gate lie?")
def ungated(x, down, up):
    return gated(x, down, up, outer=lambda scores: scores)


@channel_attention.mistake("returns the gates, laid out over the places", hint="Equation 4: what is multiplied by s?")
def gates_alone(x, down, up):
    return gated(torch.ones_like(x), down, up, squeeze=lambda _: x.mean(dim=(2, 3)))


@channel_attention.mistake("adds the gates", hint="Equation 4: what is done with s?")
def added(x, down, up):
    return x + gated(torch.ones_like(x), down, up, squeeze=lambda _: x.mean(dim=(2, 3)))


@channel_attention.mistake("adds the result to x", hint="Is there a residual connection in the prompt?")
def residual(x, down, up):
    return x + gated(x, down, up)


@channel_attention.mistake("lets through what the gates hold back", hint="A gate of 1: shall all pass, or nothing?")
def turned(x, down, up):
    return x - gated(x, down, up)


@channel_attention.mistake("multiplies by the gates of the squeezed means, without the layer between",
                           hint="Where do `down` and `up` appear in your code?")
def no_layers(x, down, up):
    return x * torch.sigmoid(x.mean(dim=(2, 3), keepdim=True))


@channel_attention.mistake("cuts the gates off from the gradient of x",
                           hint="x goes two ways into the result. Which one is cut off?")
def squeezed_detached(x, down, up):
    return gated(x, down, up, squeeze=lambda x: x.detach().mean(dim=(2, 3)))


@channel_attention.alternative("1 × 1 convolutions, as they are often written")
def by_convolutions(x, down, up):
    squeezed = torch.nn.functional.adaptive_avg_pool2d(x, 1)
    inner = torch.nn.functional.conv2d(squeezed, down[:, :, None, None]).clamp(min=0)
    return x * torch.nn.functional.conv2d(inner, up[:, :, None, None]).sigmoid()


@channel_attention.alternative("places as one axis, sums by letters")
def by_letters(x, down, up):
    places = x.flatten(2)
    inner = torch.einsum("bcp,ic->bi", places, down) / places.shape[2]
    gates = 1 / (1 + torch.exp(-torch.einsum("bi,ci->bc", torch.where(inner > 0, inner, 0), up)))
    return torch.einsum("bchw,bc->bchw", x, gates)
