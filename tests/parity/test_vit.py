"""ViT against Hugging Face's, the hybrid against the same behind a convolution in loops; float64."""

import pytest
import torch
from torch import nn

from selfattention.channels import SqueezeExcitation
from selfattention.models.hybrid import ConvolutionalStem, Hybrid
from selfattention.models.vit import ImageClassifier, Sizes, ViT
from selfattention.parity.vit import from_vit

CLOSE = {"rtol": 1e-9, "atol": 1e-11}
SIZES = Sizes(image=(6, 15), patch=3, channels=5, d_model=14, heads=2, d_ff=23, layers=3, dropout=0.0)
NAMES = {"class_token": "embeddings.cls_token", "positions.table": "embeddings.position_embeddings",
         "projection.weight": "embeddings.patch_embeddings.projection.weight",
         "layers.0.attention.query.weight": "layers.0.attention.q_proj.weight",
         "layers.1.attention.output.bias": "layers.1.attention.o_proj.bias",
         "layers.1.around_feed_forward.norm.gain": "layers.1.layernorm_after.weight",
         "layers.2.feed_forward.0.weight": "layers.2.mlp.fc1.weight", "norm.offset": "layernorm.bias"}
pytestmark = pytest.mark.usefixtures("float64")


def random_weights(module):
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module.eval()


def config(sizes, **more):
    transformers = pytest.importorskip("transformers")
    return transformers.ViTConfig(
        image_size=sizes.image, patch_size=(sizes.patch, sizes.patch), num_channels=sizes.channels,
        hidden_size=sizes.d_model, num_attention_heads=sizes.heads, intermediate_size=sizes.d_ff,
        num_hidden_layers=sizes.layers, hidden_dropout_prob=0.0, layer_norm_eps=sizes.epsilon, **more)


def assert_same(ours, theirs, leaves):
    """The same numbers, and the same gradients at leaves that hold the same numbers, whatever their shape."""
    torch.testing.assert_close(ours, theirs, **CLOSE)
    cotangent = torch.randn_like(ours)
    one, other = (torch.autograd.grad(output, some, cotangent) for output, some in zip((ours, theirs), zip(*leaves)))
    for mine, yours in zip(one, other, strict=True):
        torch.testing.assert_close(mine, yours.reshape(mine.shape), **CLOSE)


def pairs(ours, theirs, images, start="", their_start=""):
    """Where gradients are compared: at the images, and at some weights of every kind."""
    return [(images, images), *((ours.get_parameter(start + mine), theirs.get_parameter(their_start + yours))
                                for mine, yours in NAMES.items())]


def test_equals_hugging_faces_model():
    transformers = pytest.importorskip("transformers")
    theirs = random_weights(transformers.ViTModel(config(SIZES), add_pooling_layer=False).double())
    ours = from_vit(ViT.paper(SIZES), theirs).eval()
    images = torch.randn(2, 5, 6, 15, requires_grad=True)
    assert_same(ours(images), theirs(images).last_hidden_state, pairs(ours, theirs, images))


def test_equals_hugging_faces_classifier_and_its_weights_of_attention():
    transformers = pytest.importorskip("transformers")
    theirs = random_weights(transformers.ViTForImageClassification(config(SIZES, num_labels=7)).double())
    ours = from_vit(ImageClassifier(ViT.paper(SIZES), 7), theirs).eval()
    images = torch.randn(2, 5, 6, 15, requires_grad=True)
    assert_same(ours(images), theirs(images).logits, [
        *pairs(ours, theirs, images, "encoder.", "vit."), (ours.output.weight, theirs.classifier.weight)])
    theirs.set_attn_implementation("eager")  # whose softmax is computed in float32
    seen = theirs(images, output_attentions=True).attentions
    for mine, yours in zip(ours.encoder.weights(images), seen, strict=True):
        torch.testing.assert_close(mine, yours, rtol=1e-4, atol=1e-6)


def window_by_window(x, weight, stride):
    """A convolution of 3 × 3 with a rim of zeros, place by place."""
    batch, _, height, width = x.shape
    padded = torch.zeros(batch, x.shape[1], height + 2, width + 2)
    padded[:, :, 1:-1, 1:-1] = x
    places = [[(padded[:, None, :, row:row + 3, column:column + 3] * weight).sum(dim=(2, 3, 4))
               for column in range(0, width, stride)] for row in range(0, height, stride)]
    return torch.stack([torch.stack(row, dim=-1) for row in places], dim=-2)


def test_the_hybrid_is_hugging_faces_model_behind_convolutions_in_loops():
    transformers = pytest.importorskip("transformers")
    sizes = Sizes(image=(4, 7), patch=1, channels=5, d_model=14, heads=2, d_ff=23, layers=3, dropout=0.0)
    theirs = random_weights(transformers.ViTModel(config(sizes), add_pooling_layer=False).double())
    ours = Hybrid(random_weights(ConvolutionalStem((2, 3, 5), (1, 2))), from_vit(ViT.paper(sizes), theirs)).train()
    images = torch.randn(3, 2, 7, 13, requires_grad=True)
    x = images
    for (convolution, norm, _), stride in zip(ours.stem, (1, 2)):
        x = window_by_window(x, convolution.weight, stride)
        variance, mean = torch.var_mean(x, dim=(0, 2, 3), keepdim=True, correction=0)
        x = (x - mean) / (variance + 1e-5).sqrt() * norm.weight[:, None, None] + norm.bias[:, None, None]
        x = x.clamp(min=0)
    leaves = [*pairs(ours.encoder, theirs, images), *((one, one) for one in ours.stem.parameters())]
    assert_same(ours(images), theirs(x).last_hidden_state, leaves)


def test_squeeze_and_excitation_equals_that_of_hugging_faces_regnet():
    transformers = pytest.importorskip("transformers")
    from transformers.models.regnet.modeling_regnet import RegNetSELayer

    assert transformers
    theirs = random_weights(RegNetSELayer(15, 5).double())
    ours = SqueezeExcitation(15, 3)
    ours.load_state_dict({"down.weight": theirs.attention[0].weight.flatten(1), "down.bias": theirs.attention[0].bias,
                          "up.weight": theirs.attention[2].weight.flatten(1), "up.bias": theirs.attention[2].bias})
    x = torch.randn(2, 15, 7, 11, requires_grad=True)
    assert_same(ours(x), theirs(x), [(x, x), (ours.down.weight, theirs.attention[0].weight),
                                     (ours.up.weight, theirs.attention[2].weight),
                                     (ours.up.bias, theirs.attention[2].bias)])
