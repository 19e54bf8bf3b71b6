# %% [markdown]
# # Cheat sheet
#
# Package names stand without `selfattention.` in front; `attention_weights` is in `attention`, `MultiHeadAttention` in `layers`, `Transformer` in `models.transformer`. Words: [glossary](glossary.ipynb).

# %% [markdown]
# ## Shapes
#
# Count axes from the end; any batch axes stand in front. Try things out with different sizes: 2, 3, 5, 7.
#
# | what | shape |
# |---|---|
# | queries, keys, values | (…, queries, $d_k$), (…, keys, $d_k$), (…, keys, $d_v$) |
# | scores, weights, mask | (…, queries, keys) |
# | output of attention | (…, queries, $d_v$) |
# | causal mask; padding mask | (queries, keys); (batch, 1, keys) |
# | tokens as vectors | (batch, tokens, $d_{model}$) |
# | after `split_heads` | (batch, heads, tokens, $d_{head}$); $d_{head}$ is $d_{model}$ / heads |
# | bias on the scores | (heads, queries, keys) |
# | weights of cross-attention | (batch, heads, target, source) |
# | decoder input, labels; logits | (batch, target); (batch, target, vocab) |
#
# | step | runs over | what disappears |
# |---|---|---|
# | score | the numbers of query and key, −1 of both | $d_k$ |
# | softmax | the keys, −1 | nothing |
# | mix: `weights @ values` | the keys, −1 of weights, −2 of values | keys |
# | layer norm | the numbers of one token, −1 | nothing |
# | loss | real tokens, then divide by their number | batch and target |
#
# `swapaxes(-1, -2)` (torch: `.mT`) exchanges two axes. `reshape` and `view` move no number. `keepdims=True` keeps an axis for broadcasting.
#
# **Masks: `True` = may attend.** torch's `scaled_dot_product_attention` agrees. In `nn.Transformer` and `nn.MultiheadAttention` a boolean `True`
# *hides*: pass `~mask`. `masks.combine` is *and*.

# %% [markdown]
# ## Formulas
#
# | what | formula | package |
# |---|---|---|
# | dot product | $S = QK^\top$, $\; q \cdot k = \sum_i q_i k_i$ | `arrays.scores` |
# | softmax, stable | $w_j = e^{s_j - m} / \sum_k e^{s_k - m}$, $m = \max_k s_k$ of its own row | `arrays.softmax` |
# | its derivatives | $\partial w_i / \partial s_j = w_i(\delta_{ij} - w_j)$ | |
# | entropy | $-\sum_j w_j \log w_j$, from 0 to $\log n$ | `arrays.entropy` |
# | attention | $\mathrm{softmax}(QK^\top/\sqrt{d_k})\,V$ | `attention.attention` |
# | with a mask | $s_j = -\infty$ where the mask is False, *before* the softmax; empty rows get weights 0 | `attention_weights` |
# | causal; padding | key ≤ query; key < length | `masks.causal`, `masks.padding` |
# | self-attention | $Q = XW^Q$, $K = XW^K$, $V = XW^V$ | `MultiHeadAttention` |
# | split heads | `x.unflatten(-1, (heads, -1)).transpose(1, 2)` | `layers.split_heads` |
# | merge heads | `x.transpose(1, 2).flatten(-2)`, then $W^O$ | `layers.merge_heads` |
# | sinusoids | $PE_{pos,2i} = \sin(pos/10000^{2i/d})$, $\; PE_{pos,2i+1} = \cos(\dots)$ | `positions.sinusoidal` |
# | RoPE, $\theta = m/10000^{2i/d}$ | $(a, b) \to$ $(a\cos\theta - b\sin\theta,$ $a\sin\theta + b\cos\theta)$ for pair $i$ at position $m$; queries and keys only | `positions.rotate` |
# | ALiBi | $-2^{-8h/n} \cdot$ distance, added to the scores of head $h$ of $n$, counted from 1 | `positions.alibi` |
# | layer norm | $g \odot (x - \mu)/\sqrt{\sigma^2 + \epsilon} + b$; divide by $d$, not $d - 1$ | `layers.layer_norm` |
# | feed-forward | $\max(0, xW_1 + b_1)W_2 + b_2$ | `layers.FeedForward` |
# | post-norm | $\mathrm{LayerNorm}(x + f(x))$ | `layers.PostNorm` |
# | pre-norm | $x + f(\mathrm{LayerNorm}(x))$; one norm more at the end | `layers.PreNorm` |
# | cross-entropy | $-\sum \log p(\text{label})\,/$ number of real tokens | `training.cross_entropy` |
# | smoothed target | $1 - \epsilon + \epsilon/V$ for the true word, $\epsilon/V$ for the others | |
# | warm-up | $d_{model}^{-0.5}\min(step^{-0.5},$ $step \cdot warmup^{-1.5})$ | `training.inverse_root` |
# | decoder | reads begin sign + words, answers words + end sign | `data.batches.batch` |
# | search | best token each time; best beginnings | `decoding.greedy`, `decoding.beam` |
# | alignment error | $1 - 2\,\lvert A \cap G\rvert / (\lvert A\rvert + \lvert G\rvert)$ | `alignment.error_rate` |
# | the whole | encoder, decoder | `Transformer` |

# %% [markdown]
# ## Formulas of chapters 11 to 18
#
# | what | formula | package |
# |---|---|---|
# | causal convolution | $y_t = b + \sum_j W_j\, x_{t-(k-1-j)d}$; it spans $1 + (k-1)\sum d$ tokens | `convolution` |
# | LSTM | $c_t = f \odot c_{t-1} + i \odot g$, $\; h_t = o \odot \tanh c_t$ | `recurrence.lstm_step` |
# | BERT's gaps | 15 % asked: 80 % [MASK], 10 % another token, 10 % unchanged | `data.masked.masked_tokens` |
# | bits a character | loss in nats $/ \ln 2$ | `compression.model_bits` |
# | top-p | the fewest best tokens whose probabilities reach $p$; the one that crosses is kept | `sampling.top_p` |
# | online softmax | new largest $m'$: multiply sum and mixture by $e^{m-m'}$; divide once, at the end | `efficient.blockwise` |
# | linear attention | $\phi(q)^\top \sum_j \phi(k_j) v_j^\top \,/\, \phi(q)^\top \sum_j \phi(k_j)$ | `efficient.linear` |
# | delta rule | $S \leftarrow S + \beta\, k\,(v - S^\top k)^\top$ | `efficient.linear` |
# | cache | 2 · layers · key heads · $d_{head}$ numbers a token | `efficient.caches` |
# | Transformer-XL | $(q + u) \cdot k + (q + v) \cdot r_{distance}$; memory cut off from the gradient | `models.transformer_xl` |
# | BigBird | window + global + random blocks, the same in every call | `efficient.patterns.Pattern` |
# | rollout | $\prod_l (\tfrac12 A_l + \tfrac12 I)$, later layers on the left | `interpretability` |
# | GAT; GATv2 | $\mathrm{LeakyReLU}(a^\top[Wh_i \Vert Wh_j])$; $\; a^\top\mathrm{LeakyReLU}(W[h_i \Vert h_j])$ | `models.gat` |
# | patches | split both sides, `permute` which-patch before which-pixel | `patches.cut` |
# | shifted windows | roll, cut, mask what came around, roll back | `efficient.grids` |
# | summaries of $c$ tokens | mean keys, mean values, $\ln c$ added to the score | `efficient.scales` |

# %% [markdown]
# ## Usual bugs, and the probe that finds each
#
# | bug | probe | chapter |
# |---|---|---|
# | axes mixed up | sizes that differ: is the shape right? | 00 |
# | softmax over the wrong axis | does each query's row sum to 1? | 02 |
# | overflow | scores of 1000 and −1000: any NaN? | 02 |
# | no scale, or $d$ for $\sqrt{d_k}$ | random input, $d = 512$: do the scaled scores spread by 1? | 03 |
# | future seen | change token $t$: does an output before $t$ move? Is the loss below the entropy? | 04 |
# | masked after the softmax | do the visible weights sum to 1? | 04 |
# | padding seen | fill it with other numbers: do real outputs move? | 04 |
# | empty row | is its gradient finite? | 04 |
# | positions forgotten | permute the tokens, no mask: are the outputs only permuted? | 05, 07 |
# | `view` for transpose | Jacobian: which token depends on which? a loop over heads: equal? | 06 |
# | RoPE wrong | move all positions by 5: do the scores stay? Are values left alone? | 07 |
# | norm over tokens | the norm alone: change one token: does another one's result move? | 08 |
# | pre-norm adds to the normed x | $f = 0$: does x come out unchanged? | 08 |
# | `eval()` forgotten | same input twice: same output? | 08 |
# | labels not shifted | training loss near 0; write freely: nonsense? | 09 |
# | causal mask on the source | first row of cross-attention: does any later source word get weight? | 09 |
# | padding in the loss | add a column of padding: does the loss stay? | 09 |
# | links read one row off | score them against gold links | 10 |
# | convolution padded on both sides | Jacobian: anything above the diagonal? | 11 |
# | state not reset between texts | change the text before: does anything move? | 11 |
# | loss over all tokens of a masked model | accuracy on hidden words alone | 12 |
# | stale cache, or no position offset | write with the cache and without: the same tokens? | 13 |
# | no rescale at a new maximum | blocks of other sizes: the same result? | 14 |
# | scores masked, not left out | count scores, or the largest memory | 14, 15 |
# | memory not detached | is there a gradient in the segment before? | 15 |
# | a map taken for a cause | take the head out, or patch it: does the answer change? | 16 |
# | sources and targets exchanged; node without edges | Jacobian; any NaN in the gradient? | 17 |
# | patches by `reshape` alone; shift without a mask | a loop; do opposite ends see each other? | 18 |
# | anything else | the same weights in torch (`parity.from_torch`), float64: difference below $10^{-12}$? | 08, 09 |
