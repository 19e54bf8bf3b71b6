# %% [markdown]
# # 08 · The Transformer block
#
# Attention takes means of values. It moves information between tokens, but with given weights it is linear: it computes nothing new from a token. And the more means of means are taken, the more alike all tokens become.
# **What else must a layer have, and why does a stack of many layers train at all?**
#
# A block has four more parts: a **norm**, a **feed-forward layer**, a **way past** attention and past the feed-forward layer (a residual connection), and **dropout**. Attention and the feed-forward layer are its *sublayers*. A block is
# also called a layer; blocks on top of each other are a *stack*. This chapter builds each, measures what happens without it, and holds the whole against torch's.

# %%
import inspect
import math
from statistics import geometric_mean

import torch
from torch import nn

from selfattention.claims import Measured, claim, guessed
from selfattention.layers import EncoderLayer, FeedForward, LayerNorm, MultiHeadAttention, PostNorm, PreNorm, layer_norm
from selfattention.masks import causal
from selfattention.parity import from_torch
from selfattention.plots import canvas, lines, show
from selfattention.positions import sinusoidal
from selfattention.training import up_and_down

torch.set_printoptions(precision=2, sci_mode=False)

# %% [markdown]
# ## LayerNorm by hand
#
# Three tokens: (1, 2, 6), (10, 20, 60) and (101, 102, 106). The first has the mean 3; its deviations are −2, −1, 3. Their squares 4, 1, 9 have the mean 4.67: that is the variance, and its root is 2.16. Deviation by root: (−0.93, −0.46, 1.39).
#
# $$\mathrm{LayerNorm}(x) = g \odot \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + b$$
#
# (Ba et al. 2016, eq. 3, 4; there without $\epsilon$.) **Each token has its own $\mu$ and $\sigma^2$**, taken over its $d$ numbers. The gain $g$ and the offset $b$ are learned and start as 1 and 0. A loop, then the array form, the package's and torch's:

# %%
def layer_norm_loop(x, epsilon=1e-5):
    rows = []
    for token in x.tolist():
        mean = sum(token) / len(token)
        variance = sum((number - mean) ** 2 for number in token) / len(token)
        rows.append([(number - mean) / math.sqrt(variance + epsilon) for number in token])
    return torch.tensor(rows, dtype=x.dtype)


tokens = torch.tensor([[1.0, 2, 6], [10, 20, 60], [101, 102, 106]], dtype=torch.float64)
ours, torchs = LayerNorm(3).double(), nn.LayerNorm(3).double()
assert torch.allclose(ours(tokens), layer_norm_loop(tokens))
assert torch.allclose(ours(tokens), torchs(tokens), atol=1e-12)
print(inspect.getsource(layer_norm).split('"""')[2], ours(tokens).detach(), sep="\n")

# %% [markdown]
# The three tokens have become one: a norm takes away how **large** a token is and where its middle lies. What is left is the pattern.
#
# ## The feed-forward layer
#
# $$\mathrm{FFN}(x) = \max(0, xW_1 + b_1)\,W_2 + b_2$$
#
# (Vaswani et al. 2017, eq. 2.) It makes a token wider ($d_{ff}$ = 2048 for $d$ = 512), cuts negatives off, and makes it narrow again. **Each token goes through it alone**, which we check with the Jacobian of chapter 06. By hand, with one number in, two hidden units
# and one out: $\max(0, x) + \max(0, -x) = |x|$. No mean of values gives that.

# %%
bend = FeedForward(1, 2)
bend.load_state_dict({"0.weight": torch.tensor([[1.0], [-1.0]]), "0.bias": torch.zeros(2),
                      "2.weight": torch.ones(1, 2), "2.bias": torch.zeros(1)})
print(bend(torch.tensor([[-3.0], [2.0], [0.5]])).flatten())


def links(layer, tokens=6, width=12):
    """Which output token depends on which input token: where the Jacobian is not zero."""
    x = torch.randn(tokens, width, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return torch.autograd.functional.jacobian(layer, x).abs().amax(dim=(1, 3)) > 0


assert torch.equal(links(FeedForward(12, 48).double()), torch.eye(6, dtype=torch.bool))

# %% [markdown]
# The model is named for its attention. **Predict:** what share of a block's parameters is in the feed-forward layer, with $d$ = 512 and $d_{ff}$ = 2048?

# %%
guess_share = None  # your guess, between 0 and 1

# %% tags=["claim:parameters-sit-in-the-feed-forward-layer"]
def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


block = EncoderLayer(MultiHeadAttention(512, 8), FeedForward(512, 2048))
share = Measured(count(block.feed_forward) / count(block), digits=2, above=0.6, below=0.7)
guessed(guess_share, share)
claim("two thirds of a block's parameters are in the feed-forward layer, not in attention",
      f"{count(block.feed_forward):,} of {count(block):,}: {share}; attention has {count(block.attention):,}", share)

# %% [markdown]
# ## The way past, in two orders
#
# A sublayer's result does not replace a token: it is **added** to it. Where does the norm stand? In 2017 behind the sum, which is called **post-norm**; in most later models before the sublayer, **pre-norm**:
#
# $$\mathrm{LayerNorm}(x + \mathrm{Sublayer}(x)) \qquad\qquad x + \mathrm{Sublayer}(\mathrm{LayerNorm}(x))$$
#
# (Vaswani et al. 2017, §3.1; Xiong et al. 2020, §3.3.) In pre-norm no norm touches $x$ itself; it grows with every layer, so a pre-norm stack ends with one more norm. An encoder layer is two such steps, around attention and around the feed-forward layer. Below
# is the package's code; with torch's weights it must give what torch gives, in both orders:

# %% tags=["claim:our-block-is-torchs"]
torch.manual_seed(0)
x, difference = torch.randn(3, 5, 14).double(), []
for residual in (PostNorm, PreNorm):
    print(residual.__name__, inspect.getsource(residual.forward).split('"""')[2])
    theirs = nn.TransformerEncoderLayer(14, 2, 23, dropout=0.0, batch_first=True,
                                        norm_first=residual is PreNorm).double()
    for weight in theirs.parameters():
        nn.init.normal_(weight, std=0.5)
    ours = from_torch(EncoderLayer(MultiHeadAttention(14, 2), FeedForward(14, 23), residual).double(), theirs)
    difference.append((ours(x) - theirs(x)).abs().max().item())
largest = Measured(max(difference), below=1e-12)
claim("the package's layer is torch's, in both orders", f"the largest difference in float64 is {largest}", largest)

# %% [markdown]
# ## Surprise 1: a norm that sees the future
#
# A norm over the wrong axis has the right shape. Below it runs over the **tokens** of a text instead of over the numbers of a token. The mask of attention is causal, and no token may depend on a later one: of the 36 possible links between six tokens 21 are
# allowed, 15 forbidden. **Predict:** how many of the forbidden links does the norm open?

# %%
guess_leaks = None  # your guess, between 0 and 15

# %% tags=["claim:a-norm-over-tokens-leaks"]
class OverTokens(LayerNorm):
    def forward(self, x):
        variance, mean = torch.var_mean(x, dim=-2, keepdim=True, correction=0)  # -2 where -1 should stand
        return (x - mean) * torch.rsqrt(variance + self.epsilon) * self.gain + self.offset


def a_layer(norm, residual=PostNorm, d_model=12, heads=2):
    layer = EncoderLayer(MultiHeadAttention(d_model, heads), FeedForward(d_model, 2 * d_model), residual)
    layer.around_attention.norm, layer.around_feed_forward.norm = norm(d_model), norm(d_model)
    return layer


seen = {norm: links(lambda x, layer=a_layer(norm).double(): layer(x[None], causal(6))[0])
        for norm in (LayerNorm, OverTokens)}
allowed = Measured(int(seen[LayerNorm].sum()), exactly=21)
leaks = Measured(int((seen[OverTokens] & ~seen[LayerNorm]).sum()), exactly=15)
guessed(guess_leaks, leaks)
claim("a norm over the tokens opens the future through a causal mask",
      f"{leaks} of 15 forbidden links, with every shape right", leaks, allowed)

# %% [markdown]
# All of them: the mean of the text is in every token. What does training make of it? We take a source of which we know the entropy, as in chapter 04: symbols move on by 1, 2 or 4 places with the probabilities 0.6, 0.3 and 0.1.

# %%
STEPS, CHANCES, SYMBOLS, TOKENS = torch.tensor([1, 2, 4]), torch.tensor([0.6, 0.3, 0.1]), 7, 16
entropy = -(CHANCES * CHANCES.log()).sum().item()


def texts(count, generator):
    moves = STEPS[torch.multinomial(CHANCES, count * TOKENS, replacement=True, generator=generator)]
    first = torch.randint(SYMBOLS, (count, 1), generator=generator)
    return (first + moves.reshape(count, TOKENS).cumsum(dim=1)) % SYMBOLS


class Model(nn.Module):
    def __init__(self, depth, residual, norm=LayerNorm, d_model=32):
        super().__init__()
        self.read, self.answer = nn.Embedding(SYMBOLS, d_model), nn.Linear(d_model, SYMBOLS)
        self.positions = sinusoidal(TOKENS, d_model).float()
        self.layers = nn.ModuleList(a_layer(norm, residual, d_model) for _ in range(depth))
        self.last = norm(d_model) if residual is PreNorm else nn.Identity()

    def forward(self, text):
        x = self.read(text) + self.positions[:text.shape[1]]
        for layer in self.layers:
            x = layer(x, causal(text.shape[1]))
        return self.answer(self.last(x))

# %%
def loss_of(model, text):
    return nn.functional.cross_entropy(model(text[:, :-1]).flatten(0, 1), text[:, 1:].flatten())


def train(*what, rates, seed=0):
    """A model trained for as many steps as there are learning rates, and the losses on the way."""
    torch.manual_seed(seed)
    model, generator, history = Model(*what), torch.Generator().manual_seed(seed + 1), []
    adam = torch.optim.Adam(model.parameters())
    for rate in rates:
        adam.param_groups[0]["lr"] = rate
        loss = loss_of(model, texts(32, generator))
        adam.zero_grad()
        loss.backward()
        adam.step()
        history.append(loss.item())
    return model, history

# %% [markdown]
# **Predict:** the entropy is 0.9 nats, and no honest model can have a smaller expected loss. Which training loss does one layer reach with the norm over tokens? (The *true loss* is measured with the beginning of a text alone, so that no future is there.)

# %%
guess_loss = None  # your guess, in nats

# %% tags=["claim:a-leaking-norm-beats-the-entropy"]
def true_loss(model, text):
    last = [model(text[:, :n])[:, -1] for n in range(1, TOKENS)]
    return nn.functional.cross_entropy(torch.cat(last), text[:, 1:].T.flatten())


test, training, true = texts(500, torch.Generator().manual_seed(2)), {}, {}
for norm in (LayerNorm, OverTokens):
    model, _ = train(1, PostNorm, norm, rates=[5e-3] * 300)
    with torch.no_grad():
        training[norm], true[norm] = loss_of(model, test).item(), true_loss(model, test).item()
right = Measured(training[LayerNorm], digits=1, above=entropy - 0.04, below=entropy + 0.04)
leaking, useless = Measured(training[OverTokens], below=entropy / 2), Measured(true[OverTokens], above=1.6)
guessed(guess_loss, leaking, "nats")
claim("a norm over the tokens trains to a loss under the entropy, and to a far worse model than the honest one",
      f"norm over numbers: loss {right} in training and in truth; norm over tokens: under half of the entropy in "
      f"training, {useless} nats in truth (a blind guess: {math.log(SYMBOLS):.1f})",
      right, Measured(true[LayerNorm] - training[LayerNorm], above=-1e-4, below=1e-4), leaking, useless)

# %% [markdown]
# As with the masks of chapter 04: **a loss under the entropy is a leak**, whatever part of the model leaks.
#
# ## Surprise 2: what depth does
#
# Why do a norm and a way past belong to each other? Here are all four combinations, and both orders of the whole. For stacks of 24 layers, fresh from their initialisation, we ask two things at each layer: how much do the **tokens** of a text still differ
# (distance from their mean, as a share of their size), and how large is the **gradient** of the layer's $W_2$?

# %%
def kind(step):
    """A residual connection of another kind: what becomes of x, the sublayer f and the norm."""
    return type("Kind", (PreNorm,), {"forward": lambda self, x, f: step(x, f, self.norm)})


KINDS = {"neither": kind(lambda x, f, norm: f(x)),
         "norm only": kind(lambda x, f, norm: f(norm(x))),
         "way past only": kind(lambda x, f, norm: x + f(x)),
         "post-norm": PostNorm,  # norm(x + f(x))
         "pre-norm": PreNorm}    # x + f(norm(x))


def a_stack(residual, depth, dropout=0.0):
    return nn.ModuleList(EncoderLayer(MultiHeadAttention(64, 4), FeedForward(64, 256), residual, dropout)
                         for _ in range(depth)).double()

# %%
def by_layer(name, depth, seed=0, tokens=32, answers=50):
    torch.manual_seed(seed)
    stack, read_out = a_stack(KINDS[name], depth), nn.Linear(64, answers).double()
    last = LayerNorm(64).double() if name == "pre-norm" else nn.Identity()
    x, wanted, differ = torch.randn(4, tokens, 64).double(), torch.randint(answers, (4 * tokens,)), []
    for layer in stack:
        x = layer(x, causal(tokens))
        differ.append(((x - x.mean(dim=1, keepdim=True)).norm() / x.norm()).item())
    nn.functional.cross_entropy(read_out(last(x)).flatten(0, 1), wanted).backward()
    return differ, [layer.feed_forward[2].weight.grad.norm().item() for layer in stack], x.std().item()

# %% [markdown]
# **Predict:** with neither norm nor way past, how much smaller is the gradient of the first layer than that of the last? Guess the number of zeros: 3 for a thousand times smaller.

# %%
guess_zeros = None  # your guess

# %% tags=["claim:depth-needs-a-norm-and-a-way-past"]
stacks = {name: [by_layer(name, 24, seed) for seed in range(4)] for name in KINDS}
differ = {name: geometric_mean(differs[-1] for differs, _, _ in four) for name, four in stacks.items()}
ratio = {name: geometric_mean(slopes[0] / slopes[-1] for _, slopes, _ in four) for name, four in stacks.items()}
vanishes, alike = Measured(ratio["neither"], below=1e-10), Measured(differ["norm only"], below=1e-4)
explodes = Measured(ratio["way past only"], above=20)
level = [Measured(ratio[name], above=0.05, below=10) for name in ("norm only", "post-norm", "pre-norm")]
apart = Measured(min(differ["post-norm"], differ["pre-norm"]), above=0.01)
guessed(guess_zeros, Measured(-math.log10(ratio["neither"]), above=10), "zeros")
claim("at initialisation a deep stack needs both: ways past keep tokens apart, norms keep gradients in hand",
      f"gradient of the first of 24 layers against the last: {vanishes} with neither, {explodes} with ways past only, "
      f"{level[0]} with norms; in the last layer tokens differ by {apart} of their size with both, by {alike} with norms "
      "only", vanishes, explodes, *level, alike, apart)

# %%
figure, axes = canvas(2, width=7.6, height=3.3)
for panel, which, what in ((axes[0], 0, "how much tokens differ"), (axes[1], 1, "gradient of the layer")):
    lines(panel, range(1, 25), {name: four[0][which] for name, four in stacks.items()}, xlabel="layer",
          ylabel=what, log_y=True)
axes[0].set_ylim(1e-9, 3)
axes[1].set_ylim(1e-10, 1e8)
axes[0].get_legend().remove()
show(figure, "Stacks of 24 fresh layers, the first of the four seeds. Left: with neither, tokens become alike within a few layers, with norms "
             "alone within some twenty; with a way past they stay apart longer, longest in pre-norm. "
             "Right: towards the first layer the gradient vanishes with neither, explodes with a way past alone, and "
             "is about level with norms, even with a norm alone.")

# %% [markdown]
# "Residual connections are there against vanishing gradients" is half of it. With norms alone the gradient does **not** vanish. But the tokens have become one, and such a gradient no longer knows which was which. Dong et al. (2021) prove it for attention alone:
# with depth all tokens become alike, doubly exponentially. (Here it goes more slowly, a straight line in the figure. Our stacks have feed-forward layers and a causal mask; which of the two slows it down is not measured.) Feed-forward layers without a way past do not prevent it here. And a way past does not
# quite stop it: in the fresh post-norm stack, tokens differ by about 2 % of their size after 24 layers.
#
# ## Pre-norm and post-norm
#
# In our fresh stacks both gradients are level within a factor of 10, so where do they differ? Xiong et al. (2020, theorem 1) look at the **last** layer at initialisation. Their bound on its gradient does not depend on the depth $L$ in post-norm, and falls as $1/\sqrt{L}$ in pre-norm. We compare 2 and 24 layers, so $\sqrt{24/2} = 3.5$:

# %% tags=["claim:pre-norm-last-gradient-falls-with-depth"]
last, size = {}, {}
for name in ("post-norm", "pre-norm"):
    shallow, deep = [by_layer(name, 2, seed) for seed in range(4)], stacks[name]
    last[name] = sum(slopes[-1] for _, slopes, _ in shallow) / sum(slopes[-1] for _, slopes, _ in deep)
    size[name] = sum(x for _, _, x in deep) / sum(x for _, _, x in shallow)
smaller, larger = (Measured(change["pre-norm"], digits=0, above=2.5, below=4.5) for change in (last, size))
hardly = Measured(last["post-norm"], above=0.6, below=1.6), Measured(size["post-norm"], above=0.9, below=1.1)
claim("in pre-norm the last layer's gradient falls with the root of the depth, in post-norm it does not",
      f"from 2 to 24 layers it becomes {smaller} times smaller in pre-norm, while x becomes {larger} times larger; in "
      f"post-norm the same ratios are {hardly[0]} and {hardly[1]}", smaller, larger, *hardly)

# %% [markdown]
# In pre-norm every layer adds to $x$, and the last norm divides by its size: the deeper the stack, the less one layer's step changes the answer. In post-norm the last layers push as hard in a deep stack as in a shallow one. Too hard for the first steps, suspect
# Xiong et al., unless the learning rate starts small: the **warm-up** of 2017 (§5.3). (Liu et al. 2020 see the cause elsewhere: in post-norm, small changes of all weights add up to a large change of the output.)
#
# We train four stacks of **8 layers** for 120 steps, all with a highest learning rate of 0.012 that falls in a line to 0: post-norm without and with a warm-up of 60 steps, norm only with the same warm-up, and pre-norm without. Such trainings hang on details, so each is done
# **three times**, with other weights and texts, and the middle one counts. Guessing blindly costs log 7 = 1.95 nats, the entropy is 0.90. **Predict:** how many of the four come below 1.3 nats?

# %%
guess_learn = None  # your guess, between 0 and 4

# %% tags=["claim:a-deep-post-norm-stack-needs-warm-up"]
RUNS = {"norm only, warm-up": (KINDS["norm only"], 60), "post-norm": (PostNorm, 1), "post-norm, warm-up": (PostNorm, 60),
        "pre-norm": (PreNorm, 1)}
histories, reached = {}, {}
for name, (residual, warm_up) in RUNS.items():
    rates, runs = [0.012 * up_and_down(step, warm_up, 120) for step in range(120)], []
    for seed in range(3):
        model, history = train(8, residual, rates=rates, seed=seed)
        with torch.no_grad():
            runs.append((loss_of(model, test).item(), history))
    reached[name], histories[name] = sorted(runs)[1]
learns = [Measured(reached[name], below=1.3) for name in ("post-norm, warm-up", "pre-norm")]
stuck = [Measured(reached[name], above=1.7) for name in ("norm only, warm-up", "post-norm")]
guessed(guess_learn, Measured(sum(loss < 1.3 for loss in reached.values()), exactly=2))
claim("a deep post-norm stack needs a warm-up where a pre-norm stack does not; without ways past nothing is learned",
      f"8 layers: pre-norm, and post-norm with a warm-up, end at {learns[0]} nats; post-norm without, and norms only "
      f"with one, at {stuck[0]}", *learns, *stuck)

# %%
figure, axes = canvas(width=6.4, height=3.3)
curves = {name: [sum(history[i:i + 10]) / 10 for i in range(0, 120, 10)] for name, history in histories.items()}
lines(axes, range(5, 120, 10), curves, xlabel="training step", ylabel="training loss (nats)")
axes.axhline(entropy, color="0.3", linewidth=1)
axes.text(80, entropy - 0.09, "entropy", color="0.3")
axes.set_ylim(0.7, 2.2)
show(figure, "Training loss of four stacks of 8 layers, the middle one of three trainings. Pre-norm comes near the "
             "entropy within 20 steps. Post-norm does so only with a warm-up, and later. Post-norm at once, and norms "
             "without a way past even with a warm-up, stay at the loss of a blind guess.")

# %% [markdown]
# This is one learning rate, one depth and one small task; how far it reaches is not measured here. And easier to train does not mean better in the end: Liu et al. (2020) find that post-norm, where it trains, can end up ahead.
#
# ## Dropout
#
# In training each number of a sublayer's result is set to 0 with a chance of 0.1, before it is added (Vaswani et al. 2017, §5.4). The others are divided by 0.9, so that the **mean stays**. In use nothing is dropped. A text goes through the same
# pre-norm stack of 12 layers twice after `train()`, and twice after `eval()`:

# %% tags=["claim:forgotten-eval"]
torch.manual_seed(3)
dropped = nn.functional.dropout(torch.ones(1_000_000), 0.1, training=True)
print(f"of a million ones {(dropped == 0).float().mean():.0%} became 0, the others {dropped.max():.2f}; their mean "
      f"is {dropped.mean():.2f}")
stack, text, share = nn.Sequential(*a_stack(PreNorm, 12, dropout=0.1)), torch.randn(4, 32, 64).double(), {}
for mode in ("train", "eval"):
    getattr(stack, mode)()
    with torch.no_grad():
        first, second = stack(text), stack(text)
    share[mode] = 100 * ((first - second).norm() / second.norm()).item()
in_training, in_use = Measured(share["train"], above=20), Measured(share["eval"], exactly=0)
claim("a model left in training mode gives the same text another answer each time",
      f"two passes differ by {in_training} % in training mode, by {in_use} % after eval()", in_training, in_use)

# %% [markdown]
# ## Break it on purpose
#
# **The wrong x is added.** People write pre-norm like this: `x = norm(x)`, then `x = x + sublayer(x)`. The shapes are right, and the norm does stand before the sublayer. But what is added to is the *normed* x. Follow it through a stack: norm, add, norm, add, … That is a
# **post-norm** stack, with each norm counted to the step before it:

# %% tags=["claim:adding-to-the-normed-input-is-post-norm"]
adds_to_normed = kind(lambda x, f, norm: (normed := norm(x)) + f(normed))
torch.manual_seed(4)
broken, post = (nn.Sequential(*a_stack(residual, 12)) for residual in (adds_to_normed, PostNorm))
norm = LayerNorm(64).double()
post.load_state_dict(broken.state_dict())
apart = Measured((norm(broken(text)) - post(norm(text))).abs().max().item(), below=1e-10)
claim("a pre-norm stack that adds to the normed input is a post-norm stack",
      f"with a norm at the other end of each, 12 layers of both differ by {apart}", apart)

# %% [markdown]
# So it trains like one: it needs a warm-up that its author does not expect.
#
# **The wrong deviation.** torch's `std` divides by $d - 1$. And $\epsilon$ beside the root instead of under it does less where it is needed: for tokens of small numbers. A much-read implementation, the Annotated Transformer, has both. How much does that change?

# %%
generator = torch.Generator().manual_seed(5)
for width, size in ((7, 1.0), (512, 1.0), (512, 0.001)):
    token = size * torch.randn(1000, width, generator=generator).double()
    right = LayerNorm(width).double()(token)
    centred = token - token.mean(dim=-1, keepdim=True)
    unbiased = centred / (token.var(dim=-1, keepdim=True) + 1e-5).sqrt()
    outside = centred / (token.std(dim=-1, keepdim=True, correction=0) + 1e-5)
    print(f"d = {width:3}, numbers of size {size:5}: with d − 1 {(unbiased.norm() / right.norm()).item():.3f} times "
          f"as large, with ε outside {(outside.norm() / right.norm()).item():.2f} times")

# %% [markdown]
# At the usual widths and sizes the results hardly change, so such slips live long. A comparison with torch in float64, as above, finds them at once.
#
# ## What to take along
#
# - A norm works on the numbers of one token. Over any other axis it leaks, and the training loss gets better.
# - Attention moves information between tokens; the feed-forward layer works on each token alone and holds two thirds of the parameters.
# - Ways past keep tokens apart, norms keep sizes in hand. A deep stack needs both.
# - Pre-norm trains deep without a warm-up; what is added to must be the x that no norm has touched.
# - Dropout belongs to training. Call `eval()`.
#
# Now do the [exercises](../exercises/08_transformer_block.ipynb), then go on to [09 · Encoder and decoder](09_encoder_decoder.ipynb).
