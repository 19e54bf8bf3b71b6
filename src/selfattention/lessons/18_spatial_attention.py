# %% [markdown]
# # 18 · Spatial attention
#
# Attention reads a row of tokens. An image is a sheet of pixels. **How can the same layers read an image, and what does it cost them not to know what lies beside what?**
#
# The *vision transformer*, ViT (2021), cuts an image into patches and reads them like the words of a sentence. We build it, train it on handwritten digits, set it beside methods that are older than it, and ask what it knows of space.

# %%
import torch
from torch.nn import functional

from selfattention import patches
from selfattention.channels import SqueezeExcitation
from selfattention.claims import claim, tally
from selfattention.data import digits
from selfattention.layers import MultiHeadAttention
from selfattention.models.hybrid import ConvolutionalStem, Hybrid
from selfattention.models.vit import ImageClassifier, Sizes, ViT
from selfattention.plots import bars, canvas, course_map, heatmap, heatmaps, images, show
from selfattention.source import show_source
from selfattention.training import Recipe, fit, muon

show(course_map(18, machine="image encoder",
                here=["source tokens", "source vectors", "source positions"]),
     "Where we are: the layers are those of chapter 08. New is what stands below: what a token is.")

# %% [markdown]
# ## The idea in one picture
#
# scikit-learn brings 1,797 handwritten digits of 8 × 8 pixels; each pixel is a number from 0 (paper) to 1 (ink). We cut one into **patches**, squares of 2 × 2 pixels. In the order of reading, they are a sentence of 16 words, each of which is 4 numbers long.

# %%
train, test = digits.split()
three = train.images[(train.labels == 3).nonzero()[0]]
cells = patches.cut(three, 2)[0].view(16, 2, 2)
show(images({"the digit": three[0, 0]}, patch=2, width=1.8), "A digit, to be cut at the lines.")
show(images({str(place): cell for place, cell in enumerate(cells)}, most=8),
     "Its 16 patches as the encoder is given them, one after the other: 0 to 7 are the upper half "
     "of the digit, 8 to 15 the lower half.")

# %% [markdown]
# ## Three patches by hand
#
# An image of 2 × 6 pixels makes three patches. Its numbers lie in memory row by row, so the first patch is **not** the first four numbers. It is two from the upper row and two from the lower.
#
# As a loop, and without one: the array form splits height into rows of patches and rows within a patch, splits width likewise, and then moves the axes. `permute` brings those first that say *which* patch it is. (A *channel* is one number of each pixel; our digits have one, a photo has three: red, green and blue.)

# %%
def by_loop(images, patch):
    found = []
    for top in range(0, images.shape[2], patch):
        for left in range(0, images.shape[3], patch):
            square = images[:, :, top:top + patch, left:left + patch]
            found.append(square.flatten(1))
    return torch.stack(found, dim=1)


strip = torch.arange(12.0).view(1, 1, 2, 6)  # axes: images, channels, height, width
print(strip[0, 0], "makes", *by_loop(strip, 2)[0].tolist(), sep="\n")
assert torch.equal(patches.cut(test.images, 2), by_loop(test.images, 2))
show_source(patches.cut)

# %% [markdown]
# ## Break it on purpose: without the permute
#
# A `reshape` alone would make 16 rows of 4 numbers, too. Nothing complains, as the shape is right.
#
# **Predict first:** of the 64 pixels of a digit, how many come into a patch where they do not belong?

# %%
guess_pixels = None  # your guess, from 0 to 64

# %% tags=["claim:reshaped-patches"]
numbers = torch.arange(16.0).repeat_interleave(4)  # 16 patches of 4 pixels
squares, strips = patches.join(numbers.view(1, 16, 4), 1, 8, 8)[0, 0], numbers.view(8, 8)
claim("18.reshaped-patches", guess_pixels, wrong=(squares != strips).sum().item())
figure, (left, right) = canvas(2, height=3.0)
names = {"row_axis": "rows of pixels", "column_axis": "columns of pixels", "role": "scores"}
heatmap(left, squares, title="with permute", good=True, **names)
heatmap(right, strips, title="reshape alone", good=False, wrong=squares != strips, **names)
show(figure, "In which patch each pixel ends, counted from 0. Left: squares of 2 × 2. Right: "
             "strips of 1 × 4, numbered in another order, too; crosses: wrong patches.")

# %% [markdown]
# Would a training show it? Not by its accuracy: after 10 seconds of one core the ViT below gets 0.973 of the test digits right with squares, and 0.978 with strips (`python benchmarks/images.py --seconds 10 --seeds 3`; medians of three). Shapes and curves tell nothing here; compare with a loop.
#
# ## A patch is a window that jumps
#
# Each patch is projected to d_model numbers by one matrix, the same for all: an embedding without a vocabulary. That is a **convolution** (chapter 11: one small set of weights slides over the whole input), whose window is as large as a patch and moves on by a patch each time (its *stride*):

# %% tags=["claim:a-patch-is-a-window"]
torch.manual_seed(0)
weight, bias = torch.randn(64, 4).double(), torch.randn(64).double()
projected = patches.cut(test.images.double(), 2) @ weight.T + bias
windows = functional.conv2d(test.images.double(), weight.view(64, 1, 2, 2), bias, stride=2)
claim("18.a-patch-is-a-window", apart=(windows.flatten(2).mT - projected).abs().max())

# %% [markdown]
# ## ViT
#
# Before the patches stands one more vector, the **class token**: it is learned, the same for all images, and plays the part of BERT's [CLS] (chapter 12): it looks at the patches, and what it has become by the last layer is what the classes are read from. Then a learned position is added to each token:
#
# $$z_0 = [x_\mathrm{class};\; x_p^1 E;\; x_p^2 E;\; \dots;\; x_p^N E] + E_{pos} \qquad\text{(Dosovitskiy et al. 2021, eq. 1)}$$
#
# $x_p^i$ is patch $i$, $E$ the projection, $E_{pos}$ the positions, a table of $N + 1$ rows. All else is an encoder with norms before its sublayers (eq. 2–4; chapter 08). Nothing says that patch 4 lies below patch 0: rows and columns must be learned from images. (Our positions begin 25 times as large as the authors', with a standard deviation of 0.5. With their 0.02, 10 seconds of training bring 0.927 of the digits below in place of 0.973: so small positions are noticed late.)

# %%
show_source(ViT.embed)
show_source(ViT.forward)

# %% [markdown]
# ## Digits, and their rivals
#
# 1,347 digits are for learning, 450 for the test. Digits of the same 13 writers are in both parts. Two methods of scikit-learn without any attention learn from the same pixels: *logistic regression* gives each pixel a weight for each class, and adds up; a *support vector machine* (SVM, 1995) compares an image with some of those that it has learned from.
#
# **Predict first:** what share of the 450 does the SVM get right, with scikit-learn's settings as they are?

# %%
guess_svm = None  # your guess, between 0 and 1

# %% tags=["claim:an-old-rival"]
old = digits.rivals(train, test)
claim("18.an-old-rival", guess_svm, svm=old["SVM"], moved=old["SVM, shifted too"],
      logistic=old["logistic regression"])

# %% [markdown]
# "Shifted too" learns from each digit nine times: at its place, and moved by one pixel in eight directions. Our models see every digit moved like that, at random, whenever it is drawn (*augmentation*: a three that has moved is still a three).
#
# Three models, each trained for 150 steps with Muon (chapter 11): a ViT; the same without positions; and a **hybrid**, in which three convolutions of 3 × 3 pixels make 64 features for each of 4 × 4 places, and an encoder of one layer reads those places as its patches (Dosovitskiy et al. 2021, §3.1; convolutions as in Xiao et al. 2021). A convolution knows neighbours from the start.

# %%
def trained(model):
    fit(model, digits.ShiftedBatches(train, 64), Recipe(steps=150, rate=2e-3, warmup=20),
        loss=digits.loss, make=muon)
    return model


torch.manual_seed(0)
sizes = Sizes(dropout=0.0)  # patches of 2 × 2, width 64, 2 layers
vit = trained(ImageClassifier(ViT.paper(sizes), classes=10))
orderless = trained(ImageClassifier(ViT.orderless(sizes), classes=10))
sizes = Sizes(image=(4, 4), patch=1, channels=64, layers=1)  # with a dropout of 0.1
hybrid = trained(Hybrid(ConvolutionalStem((1, 32, 32, 64), strides=(1, 1, 2)),
                        ImageClassifier(ViT.paper(sizes), classes=10)))

# %% tags=["claim:a-bag-of-patches"]
found = {name: digits.accuracy(model, test) for name, model in {
    "ViT without positions": orderless, "ViT": vit, "hybrid": hybrid}.items()}
claim("18.a-bag-of-patches", orderless=found["ViT without positions"], vit=found["ViT"],
      hybrid=found["hybrid"])
figure, axes = canvas(width=6.0, height=2.7)
wrong = {name: round(len(test) * (1 - share)) for name, share in (found | old).items()}
bars(axes, wrong, role="outputs", xlabel="wrong, of 450 test digits", most=50)
show(figure, "Our three models after 150 steps, then scikit-learn's methods: the shorter, the "
             "better. A blind guess gets 405 wrong.")

# %% [markdown]
# Positions make the largest difference, convolutions a second one; what lies between hybrid and SVM is chance. After 10 seconds of one core the ViT has 0.973 right, without positions 0.544; the hybrid has 0.987 (0.982 to 0.989, three splits), as much as the SVM. But our models learned from shifted digits, and so did the SVM that has 0.996. Convolutions *without any attention* have 0.991 (the same recipe). On 1,347 small images, attention is no gain. The paper does not say otherwise: ViT overtakes convolutional networks where it learns from many millions of images first (Dosovitskiy et al. 2021, §4.3).
#
# ## Shuffle the patches
#
# Attention without positions is *equivariant* (chapter 05): another order in, the same vectors in that other order out. The class token, which looks at all of them, sees no difference at all. Now each test image gets its patches in an order of its own:

# %%
torch.manual_seed(0)
orders = torch.rand(len(test), 16).argsort(dim=1)  # one for each image
mixed = digits.Digits(patches.reordered(test.images, 2, orders), test.labels)
firsts = {str(label): (test.labels == label).nonzero()[0].item() for label in (0, 1, 3, 4, 6, 7)}
drawn = {name: test.images[place, 0] for name, place in firsts.items()}
shuffled = {f"{name}, shuffled": mixed.images[place, 0] for name, place in firsts.items()}
show(images(drawn | shuffled, patch=2),
     "Six test digits, and below them the same patches in another order.")

# %% [markdown]
# **Predict first:** what share of the shuffled digits does the ViT *with* positions get right? (A blind guess is right in 0.1 of the cases.)

# %%
guess_shuffled = None  # your guess, between 0 and 1

# %% tags=["claim:shuffled-patches"]
def answers(model, images):
    with torch.no_grad():
        return model(images).argmax(dim=1)


changed = (answers(orderless, test.images) != answers(orderless, mixed.images)).sum()
claim("18.shuffled-patches", guess_shuffled, sighted=digits.accuracy(vit, mixed), guessed=0.1,
      changed=changed.item())

# %% [markdown]
# Positions are all that a ViT knows of space beyond one patch. Without them it reads a bag of patches (chapter 11's bag of words): which patches there are, but not where. With them it does little better than a blind guess when the patches stand elsewhere.
#
# Shuffle the patches of *all* images in one and the same way, for training and test, and the ViT learns as well: 0.967 after 10 seconds beside 0.973, which is chance. It never knew which places are neighbours, so it has the same to learn. The hybrid falls from 0.987 to 0.953: its convolutions count on neighbours that are none now (the same recipe).
#
# ## What it looks at
#
# The weights of the class token in the last layer, a number for each patch, can be laid over the image. We take the mean over the heads and leave out what it gives to itself. Does the map show what counts? We blank the two patches with the largest weights, two at random, and the two with most ink: what share of the answers is still right?

# %% tags=["claim:maps-and-effects"]
*_, last = vit.encoder.weights(test.images)  # (images, heads, tokens, tokens) of the last layer
looks = last[:, :, 0, 1:].mean(dim=1)  # the class token's row, without itself
dots = {name: looks[place].view(4, 4) for name, place in firsts.items()}
show(images(drawn, patch=2, weights=dots), "Six test digits and what the class token looks at: "
     "the larger a dot, the larger the weight of its patch, in all six on one scale.")


def blanked(order):
    cells = patches.cut(test.images, 2).scatter(1, order[:, :2, None].expand(-1, -1, 4), 0.0)
    return digits.accuracy(vit, digits.Digits(patches.join(cells, 1, 8, 8), test.labels))


ink = patches.cut(test.images, 2).sum(dim=2)
watched, inky = (blanked(one.argsort(descending=True)) for one in (looks, ink))
claim("18.maps-and-effects", watched=watched, inky=inky, drawn=blanked(orders), less=watched - inky)

# %% [markdown]
# Ink is a better guide than the map: the two patches with most ink were missed more in each of five trainings. Where the map ranks beside chance differs: one of the five lost *less* without what it looked at most than without two patches at random. To blank a patch that is empty changes nothing at all. Yet a dot on empty paper is no mistake: the layer before has mixed other patches into that token. A weight says which token was read, not what the answer hangs on (chapter 16 measures that for texts).
#
# ## Spatial against channel attention
#
# So far each **place** asks which places it needs. *Channel attention* asks another question: which **features** count in this image? A *squeeze-and-excitation* block (Hu et al. 2018) takes the mean of each channel over all places (squeeze), lets a small network make of all these means a number between 0 and 1 for each channel, its *gate* (excite), and multiplies each channel by its gate:
#
# $$z_c = \frac{1}{HW}\sum_{i,j} x_{c,i,j}, \qquad s = \sigma(W_2\,\max(0, W_1 z)), \qquad \tilde x_c = s_c\, x_c \qquad\text{(eq. 2–4)}$$
#
# There is no softmax: channels do not compete, and all gates may be open.
#
# We give both kinds the features that the hybrid's stem makes of 25 digits: 64 channels at 4 × 4 places. Then we empty the right half: 8 places of each image hold nothing but zeros.
#
# **Predict first:** at how many of these 200 places does anything other than zeros stand after channel attention?

# %%
guess_filled = None  # your guess, from 0 to 200

# %% tags=["claim:what-not-where"]
torch.manual_seed(0)
squeeze, attend = SqueezeExcitation(64), MultiHeadAttention(64, heads=4)
with torch.no_grad():
    features = hybrid.stem(test.images[:25])
    features[..., 2:] = 0.0
    gated = squeeze(features)
    attended = attend(features.flatten(2).mT).mT.view(features.shape)
    mixed_up = patches.reordered(features, 1, orders[:25])
    moved = squeeze.gates(mixed_up) - squeeze.gates(features)
filled = [(x[..., 2:] != 0).any(dim=1).sum().item() for x in (gated, attended)]
claim("18.what-not-where", guess_filled, channels=filled[0], places=filled[1],
      moved=moved.abs().max())

# %%
tables = {"features": features, "channel attention": gated, "self-attention": attended}
means = {name: x[0].abs().mean(dim=0) for name, x in tables.items()}
show(heatmaps(means, role="outputs", largest=means["features"].max(), row_axis="rows",
              column_axis="columns", height=2.3),
     "The mean size of the 64 features at each of 4 × 4 places of one digit, whose right half was "
     "emptied. Neither kind is trained: how much arrives depends on weights; where it can, not.")
tally()

# %% [markdown]
# A gate multiplies what is there, by the same number everywhere; it moves nothing. Self-attention moves content from place to place. And the gates are made of means: shuffled places give the same gates. (The *spatial attention* of Woo et al. 2018 is a third thing: a gate for each place, which moves nothing either.) On these digits channel attention wins nothing: convolutions alone have 0.987 with it and 0.991 without, the hybrid 0.982 and 0.987 (the same recipe); two splits differ as much.
#
# ## What to take along
#
# - Patches are tokens. Cutting needs a `permute`: a reshape alone gives the right shape and the wrong pixels.
# - Projecting patches is a convolution whose stride is the patch. All else is the encoder of chapter 08, with a class token and learned positions.
# - A ViT knows of space what its positions tell, and learns that from images. With few images, convolutions in front of it help more than a longer training, and an SVM may do as well as the two together.
# - Self-attention moves content between places; channel attention scales features, everywhere alike, and knows no place.
#
# ## Five questions
#
# <details><summary>1. An image of 224 × 224 pixels with 3 channels, patches of 16 × 16: how many tokens does the encoder read, and how long is a patch's vector before the projection?</summary>
#
# 14 × 14 = 196 patches and the class token: 197. A patch has 16 · 16 · 3 = 768 numbers.
# </details>
# <details><summary>2. Half the patch's side: how many times as many scores does a layer make?</summary>
#
# Four times as many patches, so about sixteen times as many.
# </details>
# <details><summary>3. Without positions, which of the encoder's outputs stay the same when the patches are shuffled?</summary>
#
# That of the class token. Those of the patches stay the same, too, but stand in the new order.
# </details>
# <details><summary>4. Why does the class token's vector hold anything of the image, though it is the same for all images at the beginning?</summary>
#
# It is a query as every token is: in each layer it attends to the patches and adds what it finds.
# </details>
# <details><summary>5. Turn a 6 around, and call it a 9. One channel holds the ink: can a gate tell the two apart?</summary>
#
# No: it is made of the channel's mean, which turning does not change. It needs channels that know a place or a direction, such as those of a convolution.
# </details>
#
# ## Where to read on
#
# Dosovitskiy et al. 2021, §3 and appendix D: the model, and what it learns of space. Xiao et al. 2021: why convolutions at the beginning help. Hu et al. 2018, §3; Woo et al. 2018 put channel and spatial gates one after the other. All in the [bibliography](bibliography.ipynb).
#
# The scores of a ViT grow with the square of the number of patches. Next: [windows and scales](18_windows_and_scales.ipynb), which make an image of many patches affordable.
