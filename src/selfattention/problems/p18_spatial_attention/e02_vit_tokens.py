import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=3, minutes=8, builds_on="lesson 18, ViT", hints=(
    "Three steps: patches become vectors, the class token is put before them, positions are added. In which order?",
    "How many rows has `positions`, and how many patches are there? Whose is the first row?",
    "The class token is one vector. How do you give it to every image without a loop?",
))
def vit_tokens(patches: Float[Tensor, "batch patches numbers"], projection: Float[Tensor, "d_model numbers"],
               bias: Float[Tensor, " d_model"], class_token: Float[Tensor, " d_model"],
               positions: Float[Tensor, "tokens d_model"]) -> Float[Tensor, "batch tokens d_model"]:
    r"""Make of patches what the first layer of a ViT reads.

    $z_0 = [x_\mathrm{class}; x_p^1 E; \dots; x_p^N E] + E_{pos}$ (Dosovitskiy et al. 2021, eq. 1). Each patch is
    projected to d_model numbers and gets the bias; `projection` stands as in `nn.Linear`, outputs first. Before the
    patches of each image stands `class_token` as it is, neither projected nor with the bias. Then `positions` are
    added, whose first row is for the class token, so there is one more of them than of patches. Gradients must reach
    all five.
    """
    x = patches @ projection.T + bias
    first = class_token.expand(len(x), 1, -1)
    return torch.cat([first, x], dim=1) + positions


vit_tokens.example(torch.tensor([[[1.0], [2.0]]]), torch.tensor([[10.0]]), torch.tensor([0.5]), torch.tensor([7.0]),
                   torch.tensor([[100.0], [200.0], [300.0]]))
vit_tokens.example(torch.tensor([[[1.0, 2.0]], [[3.0, 5.0]]]), torch.tensor([[1.0, 1.0], [0.0, 2.0]]),
                   torch.tensor([0.0, 0.0]), torch.tensor([7.0, 8.0]), torch.tensor([[100.0, 0.0], [200.0, 0.0]]))
vit_tokens.example(torch.tensor([[[1.0, 2.0]]]), torch.tensor([[1.0, 0.0], [3.0, 1.0]]), torch.tensor([0.0, 0.5]),
                   torch.tensor([7.0, 8.0]), torch.tensor([[0.0, 0.0], [0.0, 0.0]]))


def drawn(rng, batch, patches, numbers, d_model):
    return (tensor(rng, batch, patches, numbers), tensor(rng, d_model, numbers), tensor(rng, d_model),
            tensor(rng, d_model), tensor(rng, patches + 1, d_model))


def token_by_token(patches, projection, bias, class_token, positions):
    """Each token of each image on its own."""
    return torch.stack([torch.stack([class_token + positions[0],
                                     *(projection @ patch + bias + position
                                       for patch, position in zip(image, positions[1:]))]) for image in patches])


@vit_tokens.check("has the class token first, then the projected patches, each with its position",
                  hint="Follow the first example with a pencil: which three numbers must come out?")
def agrees(answer, rng):
    for sizes in ((2, 3, 5, 7), (3, 5, 2, 4), (2, 7, 3, 3)):
        given = drawn(rng, *sizes)
        probes.equal(answer(*given), token_by_token(*given))


@vit_tokens.check("works for one image, one patch, and patches of one number",
                  hint="Which axis of your result counts the images when there is one image only?")
def edges(answer, rng):
    for sizes in ((1, 1, 3, 2), (1, 5, 1, 3), (4, 1, 2, 1), (1, 1, 1, 1)):
        given = drawn(rng, *sizes)
        probes.equal(answer(*given), token_by_token(*given))


@vit_tokens.check("lets gradients reach all five",
                  hint="The class token is learned: does its gradient collect what all images say?")
def gradients(answer, rng):
    probes.gradient_parity(answer, vit_tokens, *drawn(rng, 2, 3, 5, 4), cotangent=tensor(rng, 2, 4, 4))


def tokens(patches, projection, bias, class_token, positions, *, scale=1.0):
    return torch.cat([class_token.expand(len(patches), 1, -1), (patches @ projection.T + bias) * scale], 1) + positions


@vit_tokens.mistake("puts the class token at the end", hint="Whose vector does a classifier read: that at place 0?")
def class_last(patches, projection, bias, class_token, positions):
    x = patches @ projection.T + bias
    return torch.cat([x, class_token.expand(len(x), 1, -1)], dim=1) + positions


@vit_tokens.mistake("has all as it should be, but the class token and its position at the end",
                    hint="Which row of your result is the class token's?")
def rolled(*given):
    return tokens(*given).roll(-1, dims=1)


@vit_tokens.mistake("adds positions before the class token is there: it gets none, and the patches get the first rows",
                    hint="In the first example, which position belongs to the first patch: 100 or 200?")
def positions_first(patches, projection, bias, class_token, positions):
    x = patches @ projection.T + bias + positions[:-1]
    return torch.cat([class_token.expand(len(x), 1, -1), x], dim=1)


@vit_tokens.mistake("gives the class token no position", hint="How many rows of `positions` do you use?")
def class_without(patches, projection, bias, class_token, positions):
    x = patches @ projection.T + bias + positions[1:]
    return torch.cat([class_token.expand(len(x), 1, -1), x], dim=1)


@vit_tokens.mistake("gives the last position to the class token, and the first to the first patch",
                    hint="Whose is the first row of `positions`?")
def positions_rolled(patches, projection, bias, class_token, positions):
    return tokens(patches, projection, bias, class_token, positions.roll(1, dims=0))


@vit_tokens.mistake("has no positions", hint="Where does `positions` appear in your code? What would shuffling change?")
def no_positions(patches, projection, bias, class_token, positions):
    return tokens(patches, projection, bias, class_token, 0 * positions)


@vit_tokens.mistake("multiplies by the positions", hint="What is the sign between the bracket and $E_{pos}$?")
def multiplied(patches, projection, bias, class_token, positions):
    return tokens(patches, projection, bias, class_token, torch.zeros_like(positions)) * positions


@vit_tokens.mistake("gives all tokens of an image the same position: the sum of them",
                    hint="Which axis of `positions` counts the tokens?")
def summed_positions(patches, projection, bias, class_token, positions):
    return tokens(patches, projection, bias, class_token, positions.sum(dim=0, keepdim=True))


@vit_tokens.mistake("adds no bias", hint="Where does `bias` appear in your code?")
def no_bias(patches, projection, bias, class_token, positions):
    return tokens(patches, projection, 0 * bias, class_token, positions)


@vit_tokens.mistake("adds the bias to the class token as well", hint="Is the class token projected?")
def bias_for_all(patches, projection, bias, class_token, positions):
    return tokens(patches, projection, 0 * bias, class_token, positions) + bias


@vit_tokens.mistake("takes the mean of the patches for the class token",
                    hint="Where does `class_token` appear in your code?")
def mean_for_class(patches, projection, bias, class_token, positions):
    x = patches @ projection.T + bias
    return torch.cat([x.mean(dim=1, keepdim=True), x], dim=1) + positions


@vit_tokens.mistake("has zeros in place of the class token", hint="Where does `class_token` appear in your code?")
def zeros_for_class(patches, projection, bias, class_token, positions):
    return tokens(patches, projection, bias, 0 * class_token, positions)


@vit_tokens.mistake("adds the class token to the patches, and has none of its own",
                    hint="How many tokens does an image of two patches have?")
def class_into_patches(patches, projection, bias, class_token, positions):
    return (patches @ projection.T + bias) + class_token + positions[1:]


@vit_tokens.mistake("gives the class token to the first image only",
                    hint="How many images are there, and class tokens?")
def first_image_only(*given):
    made = tokens(*given)
    return torch.cat([made[:, :1] - given[3] * (torch.arange(len(made)) > 0)[:, None, None], made[:, 1:]], dim=1)


@vit_tokens.mistake("gives all patches the position of the first", hint="How many rows of `positions` do you use?")
def one_position(patches, projection, bias, class_token, positions):
    both = torch.cat([positions[:1], positions[1:2].expand(len(positions) - 1, -1)])
    return tokens(patches, projection, bias, class_token, both)


@vit_tokens.mistake("adds the class token to every patch, too", hint="How many tokens does it become?")
def class_added(patches, projection, bias, class_token, positions):
    return tokens(patches, projection, bias + class_token, class_token, positions)


@vit_tokens.mistake("multiplies the patches by the root of d_model",
                    hint="The Transformer of 2017 does that with its embeddings. Does equation 1?")
def scaled(*given):
    return tokens(*given, scale=len(given[2]) ** 0.5)


@vit_tokens.mistake("adds the positions once for each image", hint="How often does one image's patch get its position?")
def positions_batch(patches, projection, bias, class_token, positions):
    return tokens(patches, projection, bias, class_token, (1 + len(patches)) * positions)


@vit_tokens.mistake("leaves out the class token", hint="How many tokens does an image of two patches have?")
def class_missing(*given):
    return tokens(*given)[:, 1:]


@vit_tokens.mistake("cuts class token and positions off from the gradient",
                    hint="Both are learned. Look for `.detach()`, `.data` or `torch.tensor`.")
def detached(patches, projection, bias, class_token, positions):
    return tokens(patches, projection, bias, class_token.detach(), positions.detach())


@vit_tokens.mistake("cuts the class token off from the gradient",
                    hint="It is learned. Look for `.detach()`, `.data` or a table of zeros that is filled.")
def class_detached(patches, projection, bias, class_token, positions):
    return tokens(patches, projection, bias, class_token.detach(), positions)


@vit_tokens.alternative("image by image")
def by_image(patches, projection, bias, class_token, positions):
    made = []
    for image in patches:
        made.append(torch.vstack([class_token, torch.nn.functional.linear(image, projection, bias)]) + positions)
    return torch.stack(made)


@vit_tokens.alternative("the class token and its position in one step")
def in_two_parts(patches, projection, bias, class_token, positions):
    x = torch.einsum("bpn,dn->bpd", patches, projection) + (bias + positions[1:])
    first = (class_token + positions[0]).repeat(patches.shape[0], 1, 1)
    return torch.hstack([first, x])
