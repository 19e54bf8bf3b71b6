# %% [markdown]
# # Glossary
#
# Every word that the lessons and exercises use in a sense of their own, in one to three sentences, with the chapter that introduces it. Three parts:
# the course's own words, the symbols, and then the terms from A to Z. Formulas and shapes on one page: [cheat sheet](cheat_sheet.ipynb). Papers: [bibliography](bibliography.ipynb).

# %% [markdown]
# ## Words of this course
#
# For some things the course has a plain word of its own. In other books you will find these instead:
#
# | here | elsewhere | chapter |
# |---|---|---|
# | width | dimension, size, number of components | 01 |
# | axis | dimension (in torch `dim`) | 00 |
# | features, numbers of a vector | components, entries | 00 |
# | weights (between queries and keys) | attention weights, attention map | 01 |
# | blind guess | chance level, random baseline | 01 |
# | even, peaked (weights) | uniform, concentrated or low in entropy | 02 |
# | filling | padding | 04 |
# | hidden (key) | masked | 04 |
# | honest model, true loss | model without a leak, loss measured without the future | 04 |
# | parameters | weights | 03 |
# | offset | bias (of a linear layer), shift or β (of a norm) | 03 |
# | writing | decoding, generating | 04, 09 |
# | key heads | KV heads | 06 |
# | turning (queries and keys) | rotating | 07 |
# | gain | scale, weight, γ | 08 |
# | way past | residual connection, skip connection | 08 |
# | block, layer | Transformer block, Transformer layer | 08 |
# | begin sign, end sign | BOS and EOS, `<s>` and `</s>`, start and end token | 09 |
# | memory | encoder output, encoder hidden states | 09 |
# | `past` | KV cache | 09 |
# | free running | autoregressive decoding, inference | 09 |
# | the target's embedding, used again for the scores | tied embeddings, weight tying | 09 |
# | pieces | subwords | 10 |
# | word links | word alignment | 10 |
# | beginning (of a sentence, in a search) | prefix, hypothesis | 10 |
# | runs of words | n-grams | 10 |
# | stream | residual stream | 08, 16 |
# | mending a run | activation patching, causal tracing, interchange intervention | 16 |
# | cutting a look | attention knockout | 16 |
# | summary (of far tokens) | pooled key and value, coarse-grained attention | 18 |
#
# Masks mean different things in different libraries. Here `True` means *may attend*, as in torch's `scaled_dot_product_attention`. In torch's `nn.Transformer` and `nn.MultiheadAttention`
# a boolean `True` means the opposite: *may not*.
#
# ## Symbols
#
# | symbol | meaning | chapter |
# |---|---|---|
# | $d$ | width of the vectors at hand | 01 |
# | $d_k$, $d_v$ | width of queries and keys; width of values | 03 |
# | $d_{model}$ | width of the vectors that go into a layer and come out of it | 06, 07 |
# | $d_{head}$ | width of one head: $d_{model}$ / heads | 06 |
# | $d_{ff}$ | width inside the feed-forward layer | 08 |
# | $n$ | how many: tokens, weights, words | 02 |
# | $q$, $k$, $v$ | one query, key, value | 01 |
# | $Q$, $K$, $V$ | all of them, one in each row | 01, 03 |
# | $S = QK^\top$ | all scores; $^\top$ exchanges rows and columns | 01 |
# | $\lvert k \rvert$, $\alpha$ | length of a vector; angle between two | 01 |
# | $s_j$, $w_j$ | score and weight of key $j$ | 02 |
# | $T$ | temperature | 02 |
# | $H$ | entropy | 02 |
# | $\partial w_i / \partial s_j$ | derivative of weight $i$ by score $j$ | 02 |
# | $\delta_{ij}$ | 1 if $i = j$, else 0 | 02 |
# | $W$; $W^Q$, $W^K$, $W^V$, $W^O$ | learned matrices: for queries, keys, values, output | 05 (exercises), 06 |
# | $h$ | how many heads (in 06); which head (in the slopes of 07) | 06, 07 |
# | $PE_{pos, i}$ | number $i$ of the vector of position $pos$ | 07 |
# | $m_h$ | slope of head $h$ | 07 (exercises) |
# | $\mu$, $\sigma^2$, $\sigma$ | mean, variance, standard deviation | 08 |
# | $\epsilon$ | a small number under a root; a share of the target | 08; 09 (exercises) |
# | $g$, $b$ | gain and offset of a norm | 08 |
# | $W_1$, $b_1$, $W_2$, $b_2$ | matrices and offsets of the feed-forward layer | 08 |
# | $\odot$ | multiply number by number | 08 |
# | $L$ | how many layers | 08 |
# | $\beta$ | how much of its running means Adam keeps at each step: 0.9 and 0.98 in 2017 | 10 |
# | $p$, $p_n$ | a probability; in BLEU the precision of n-grams | 09, 10 (exercises) |
# | $\alpha$ | in beam search, the exponent of the length penalty | 10 (exercises) |
# | $BP$ | in BLEU, the penalty for too short translations | 10 (exercises) |
# | $A$, $G$ | guessed links and gold links | 10 (exercises) |

# %% [markdown]
# ## A
#
# ### ablation
#
# Taking a part out of a trained model to see what it was worth: with zero in its place (*zero ablation*), or with what it gives on average (*mean
# ablation*). *Chapter [16](16_induction.ipynb).*
#
# ### activation patching
#
# Running a model on one text with a vector that it had on another, at one place and after one layer, to see where the answer comes back. Also
# *causal tracing*. *Chapter [16](16_induction.ipynb).*
#
# ### Adam
#
# An [optimizer](#optimizer) (Kingma and Ba 2015). It keeps a running mean of each [parameter](#parameter)'s [gradient](#gradient) and one of the
# gradient's square, and divides the first by the root of the second. So every parameter moves in steps of about the size of the [learning
# rate](#learning-rate). *Chapter [03](03_torch.ipynb), second part.*
#
# ### ALiBi
#
# *Attention with linear biases.* A number is subtracted from each [score](#score): a [slope](#slope) times the distance between query and key, with
# another slope for each [head](#head). Nothing about positions is learned. *Chapter [07](07_positions.ipynb).*
#
# ### alignment error rate
#
# How wrong guessed [word links](#link) are, from 0 to 1. With $A$ the guessed and $G$ the [gold links](#gold-link) it is
# $1 - 2|A \cap G| / (|A| + |G|)$: 0 when both are the same links, 1 when they share none. Short form: AER. *Chapter
# [10](10_training_a_translator.ipynb).*
#
# ### associative recall
#
# A task: keys with values are told, then keys are asked, and the model shall answer with the value that stood beside each. *Chapter
# [11](11_side_by_side.ipynb).*
#
# ### attention
#
# Every [query](#query) is compared with every [key](#key); the comparisons become [weights](#weight); the weights mix the [values](#value):
# $\mathrm{softmax}(QK^\top/\sqrt{d_k})V$. *In one sentence in chapter [00](00_start_here.ipynb), as a formula in chapter
# [03](03_scaled_dot_product_attention.ipynb).*
#
# ### attention rollout
#
# The product of all layers' weights, each mixed half and half with the identity: a guess at how much of a token's last vector comes from each token
# of the text. *Chapter [16](16_interpretability.ipynb).*
#
# ### attention-only model
#
# A decoder of attention layers alone: no feed-forward layers, no norms. Its scores are a sum of what each head adds. *Chapter
# [16](16_induction.ipynb).*
#
# ### augmentation
#
# Training on changed copies of what is there to learn from, such as digits moved by a pixel, where the change does not alter the answer. *Chapter
# [18](18_spatial_attention.ipynb).*
#
# ### axis
#
# One direction of an array. An array of [shape](#shape) (2, 3, 5) has axis 0 with length 2, axis 1 with length 3 and axis 2 with length 5; counted from
# the end they are −3, −2 and −1. In `x.mean(axis=-2)` the axis named is the one that disappears. Torch says `dim`. *Chapter [00](00_start_here.ipynb).*

# %% [markdown]
# ## B
#
# ### bag of patches
#
# Which [patches](#patch) an image has, and nothing of where they are; what a [ViT](#ViT) without positions reads. *Chapter
# [18](18_spatial_attention.ipynb).*
#
# ### bag of words
#
# How often each word stands in a text, and nothing of their order. *Chapter [11](11_side_by_side.ipynb).*
#
# ### batch
#
# Several texts that are computed at once, stacked along a first axis. Each is computed as if it were alone. *Chapter
# [00](00_start_here.ipynb).*
#
# ### batch norm
#
# A [norm](#norm) whose mean and variance are taken over the examples of a batch, one [feature](#feature) at a time. The Transformer does not use it.
# *Named in a hint of the exercises of chapter [08](08_transformer_block.ipynb).*
#
# ### beam search
#
# [Decoding](#decoding) that keeps the best few beginnings of a sentence (the *beam*; how many is its *width*). At each step every beginning is extended
# by every token, and the best of all extensions are kept. A beam of width 1 follows a single beginning, as [greedy search](#greedy-search) does.
# *Chapter [10](10_training_a_translator.ipynb).*
#
# ### begin sign
#
# The token that the [decoder](#decoder) reads before it has written anything: token 1, `<begin>`. Elsewhere: start token, BOS, `<s>`. *Chapter
# [09](09_encoder_decoder.ipynb).*
#
# ### bias
#
# Two things. (1) A number added to a [score](#score) before the softmax, for instance by distance ([ALiBi](#ALiBi), [relative bias](#relative-bias)).
# (2) Torch's name for what the course calls an [offset](#offset). *(1) in chapter [07](07_positions.ipynb), (2) in the second part of chapter
# [03](03_torch.ipynb).*
#
# ### BigBird
#
# Attention in which blocks of tokens see their neighbours, a few global blocks and a few random ones. *Chapter [15](15_long_context.ipynb).*
#
# ### bits
#
# See [nats](#nats). *Chapter [02](02_softmax.ipynb).*
#
# ### bits a character
#
# What a text costs on average: the loss in nats divided by $\ln 2$. A model and a packer such as gzip can be compared by it. *Chapter
# [13](13_gpt.ipynb).*
#
# ### BLEU
#
# A mark for translations (Papineni et al. 2002). It counts the runs of one to four words ([n-grams](#n-gram)) that a translation shares with a
# reference, over a whole test set, and punishes translations that are too short. It goes from 0 to 1, usually written as 0 to 100. *Chapter
# [10](10_training_a_translator.ipynb).*
#
# ### blind guess
#
# An answer given without looking at the input. What it reaches (one in ten, log 7 nats) is the line that a model must beat. Elsewhere: chance level.
# *Chapter [01](01_dot_products.ipynb).*
#
# ### blind spot
#
# A token that an output should depend on and does not: a `False` below the diagonal of the table of dependence. The opposite of a leak. *Chapter
# [19](19_debugging_attention.ipynb).*
#
# ### block
#
# Two things. (1) The unit that a Transformer repeats: attention and a [feed-forward layer](#feed-forward-layer), each with its [way past](#residual-connection), its
# [norm](#norm) and its [dropout](#dropout). A decoder's block has [cross-attention](#cross-attention) between the two. Also called a layer; blocks on
# top of each other are a *stack*. (2) A group of neighbouring tokens that attention for long texts treats as one. *(1) in chapter
# [08](08_transformer_block.ipynb), (2) in chapter [15](15_long_context.ipynb).*
#
# ### blockwise attention
#
# Exact attention that holds one tile of the table of scores at a time; *FlashAttention* does so on a GPU. *Chapter
# [14](14_efficient_attention.ipynb).*
#
# ### broadcasting
#
# When two arrays meet, their shapes are aligned at the right end; where one of them has length 1 or no axis, it is used again and again until it fits.
# `keepdims=True` keeps a summed axis with length 1, so that it fits. *Chapter [00](00_start_here.ipynb).*
#
# ### byte-pair encoding
#
# A way to cut words into [pieces](#piece): begin with single letters (or bytes), and join the most frequent pair of neighbours into one new piece,
# again and again. Short form: BPE. *Exercises of chapter [10](10_training_a_translator.ipynb).*

# %% [markdown]
# ## C
#
# ### cache
#
# The [keys](#key) and [values](#value) of the tokens so far, kept while a model [decodes](#decoding), so that they need not be computed again for each
# new token. In this package it is called `past`. Elsewhere: KV cache. *Chapter [06](06_multi_head_attention.ipynb), used in chapter
# [09](09_encoder_decoder.ipynb).*
#
# ### causal mask
#
# A [mask](#mask) by which each token sees itself and what stands before it, and nothing later. As a picture: the lower triangle. *Chapter
# [04](04_masks.ipynb).*
#
# ### cell
#
# In an [LSTM](#LSTM), the vector beside the [hidden vector](#hidden-vector) to which each step adds; also the step of a recurrent layer itself,
# such as *GRU cell*. (In a notebook: a box with code or text.) *Chapter [11](11_recurrence_convolution_attention.ipynb).*
#
# ### certificate
#
# What a working copy holds, summed up: points, chapters of which every exercise is passed, guesses that came near, and the functions that were
# written. `certificate()` in a notebook, `selfattention certificate` on the command line. *Chapter [19](19_debugging_attention.ipynb).*
#
# ### channel
#
# One number of each pixel: a grey image has one channel, a photo has three, and the features that a convolution makes are channels, too. *Chapter
# [18](18_spatial_attention.ipynb).*
#
# ### channel attention
#
# A number between 0 and 1 for each [channel](#channel) of an image, the same at all places, made of all channels' means:
# [squeeze-and-excitation](#squeeze-and-excitation). *Chapter [18](18_spatial_attention.ipynb).*
#
# ### checkpoint
#
# A file with all that the next training step depends on: the parameters, what the [optimizer](#optimizer) remembers, the state of the random numbers,
# the number of the step. A training run can go on from it. *Chapter [10](10_training_a_translator.ipynb).*
#
# ### claim
#
# In this course: a sentence that a cell measures on your own machine. The cell prints the number and the verdict, and stops with an error if the number
# no longer supports the sentence. *Chapter [00](00_start_here.ipynb).*
#
# ### class token
#
# A learned vector before the [patches](#patch) of an image; what the layers make of it is what the class is read from. It plays the part of BERT's
# [CLS]. *Chapter [18](18_spatial_attention.ipynb).*
#
# ### clipping
#
# Two things. (1) Of the gradient: where it is longer than a limit it is shortened to that limit, so that one bad batch cannot throw the training off.
# (2) Of [n-gram](#n-gram) matches: an n-gram counts at most as often as the reference holds it. *Both in chapter [10](10_training_a_translator.ipynb).*
#
# ### [CLS]
#
# The sign before each text of BERT; its vector stands for the whole text. *Chapter [12](12_bert.ipynb).*
#
# ### complete graph
#
# A [graph](#graph) in which every node is connected with every other one, here also with itself. A text without a mask is one to attention.
# *Chapter [17](17_graph_attention.ipynb).*
#
# ### context
#
# The most tokens that a model reads at once. Of a longer text only the last tokens are read. *Chapter [13](13_gpt.ipynb).*
#
# ### convolution
#
# A weighted sum over a [window](#window) that slides along the text, always with the same weights. *Causal* where no output sees a later token:
# then all of the padding stands before the text. *Chapter [11](11_recurrence_convolution_attention.ipynb).*
#
# ### corpus
#
# A collection of texts; here pairs of a sentence and its translation. *Chapter [10](10_training_a_translator.ipynb).*
#
# ### cosine
#
# The [dot product](#dot-product) of two vectors divided by both their lengths: 1 for equal directions, 0 for a right angle, −1 for opposite directions.
# *Chapter [01](01_dot_products.ipynb).*
#
# ### cross-attention
#
# Attention whose queries come from one text and whose keys and values come from another. In a [decoder](#decoder) the queries come from the target so
# far, keys and values from the [encoder](#encoder)'s output. The two texts may differ in length. *Chapter [09](09_encoder_decoder.ipynb).*
#
# ### cross-entropy
#
# The mean of $-\log p$, where $p$ is the probability that a model gives to the right answer. It is the [loss](#loss) in nearly all chapters. If the
# model's probabilities are the true ones, it is on average the [entropy](#entropy) of the source, and no probabilities make it smaller. *Chapter
# [02](02_softmax.ipynb).*

# %% [markdown]
# ## D
#
# ### decoder
#
# The half of the model of 2017 that writes the [target](#target). It reads the target so far through a causal mask, looks at the source by
# [cross-attention](#cross-attention), and scores every possible next token. *Chapter [09](09_encoder_decoder.ipynb).*
#
# ### decoding
#
# Making a text with a trained model, token by token: score the next token, choose one, read it, go on. The course also says *writing*. *In passing from
# chapter [04](04_masks.ipynb) on, explained in chapter [09](09_encoder_decoder.ipynb).*
#
# ### delta rule
#
# A memory of fixed size that reads what it holds for a key before it writes, and writes only the difference. *Chapter
# [14](14_efficient_attention.ipynb).*
#
# ### derivative
#
# How fast a result changes when one number it depends on changes a little: change of the result divided by change of the number. *Chapter
# [02](02_softmax.ipynb).*
#
# ### diagonal
#
# As a guess of [word links](#link): each target word is linked with the source word that is as far on in its own sentence. It knows no words at all.
# *Chapter [10](10_training_a_translator.ipynb).*
#
# ### dilation
#
# How many places lie between one [tap](#tap) of a convolution and the next: with dilation 2 the window takes every second token. *Chapter
# [11](11_recurrence_convolution_attention.ipynb).*
#
# ### displacement
#
# How many rows and columns lie between a query's place in its [window](#window-of-a-grid) and a key's. Swin learns a number for each head and
# displacement, and adds it to the score. *Chapter [18](18_windows_and_scales.ipynb).*
#
# ### dot product
#
# Multiply two vectors number by number and add up: $q \cdot k = \sum_i q_i k_i = |q|\,|k| \cos\alpha$. Large when both point the same way and are long.
# *Chapter [01](01_dot_products.ipynb).*
#
# ### dropout
#
# While training, set a share of the numbers to 0 at random and divide the others by the share that is left (by 0.9 at a rate of 0.1), so that the mean stays.
# When the model is used, nothing is dropped. *Chapter [08](08_transformer_block.ipynb).*

# %% [markdown]
# ## E
#
# ### edge
#
# A connection between two [nodes](#node) of a [graph](#graph): from its *source*, which is read (the key), to its *target*, which reads (the
# query). In a mask it is the cell in the row of the target and the column of the source. *Chapter [17](17_graph_attention.ipynb).*
#
# ### Elman network
#
# The simplest recurrent network: $h_t = \tanh(W x_t + U h_{t-1} + b)$. In torch `nn.RNN`. *Chapter
# [11](11_recurrence_convolution_attention.ipynb).*
#
# ### embedding
#
# A learned table with one vector for each token of the [vocabulary](#vocabulary); also such a vector. It is how a token, a whole number, becomes a
# vector. *Chapter [03](03_torch.ipynb), second part.*
#
# ### encoder
#
# The half of the model of 2017 that reads the source: a stack of blocks with self-attention and without a causal mask. *Chapter
# [09](09_encoder_decoder.ipynb).*
#
# ### encoder alone
#
# A Transformer without a decoder, such as BERT: each token sees all others, on both sides. *Chapter [12](12_bert.ipynb).*
#
# ### end sign
#
# The token by which a model says that a sentence is over: token 2, `<end>`. It is learned like a word. Elsewhere: EOS, `</s>`. *Chapter
# [09](09_encoder_decoder.ipynb).*
#
# ### entropy
#
# How spread out probabilities are: $H = -\sum_j w_j \log w_j$, between 0 (one has everything) and $\log n$ ($n$ equal ones). (1) Of attention weights,
# as a measure of how peaked they are. (2) Of a source of texts: the smallest expected [loss](#loss) that any honest model can have. *(1) in chapter
# [02](02_softmax.ipynb), (2) in chapter [04](04_masks.ipynb).*
#
# ### epoch
#
# Once through all training sentences. *`selfattention.data.batches`, used in chapter [10](10_training_a_translator.ipynb).*
#
# ### epsilon
#
# The letter ε has two meanings. (1) In a [norm](#norm), a small number such as 0.00001 under the root, so that a token whose numbers are all equal is
# not divided by 0. (2) In [label smoothing](#label-smoothing), the share of the target that is spread over all words. *(1) in chapter
# [08](08_transformer_block.ipynb), (2) in the exercises of chapter [09](09_encoder_decoder.ipynb).*
#
# ### evaluation mode
#
# How a torch model is set for use, by `model.eval()`: [dropout](#dropout) does nothing. `model.train()` sets it back for training. *Chapter
# [08](08_transformer_block.ipynb).*
#
# ### expected loss
#
# The mean loss over all texts that a source can make, not only over those that were drawn. *Chapter [04](04_masks.ipynb).*
#
# ### extractive answer
#
# An answer that is a piece of the text, given by its first and last word. *Chapter [12](12_bert.ipynb).*
#

# %% [markdown]
# ## F
#
# ### feature
#
# One of the numbers of a token's vector. The numbers of a vector are also called its components or entries. *Chapter [00](00_start_here.ipynb).*
#
# ### feed-forward layer
#
# Two [linear layers](#linear-layer) with a bend between them, $\max(0, xW_1 + b_1)W_2 + b_2$, applied to each token alone. It holds about two thirds of
# a block's parameters when it is four times as wide inside as outside. Elsewhere: FFN, MLP. *Chapter [08](08_transformer_block.ipynb).*
#
# ### fine-tuning
#
# To go on training a trained model on labelled data, mostly with a new [head](#head). *Chapter [12](12_bert.ipynb).*
#
# ### float
#
# A number as the computer keeps it, with limited digits and size. float64 keeps about 16 digits, float32 about 7, float16 (a *half precision*) about 3,
# and nothing above 65,504. *Chapter [02](02_softmax.ipynb).*
#
# ### floor
#
# The smallest mean loss that is possible on fresh texts: that of somebody who knows the source. Where every token is drawn from known chances it is
# their entropy. *Chapters [04](04_masks.ipynb) and [19](19_debugging_attention.ipynb).*
#
# ### FLOP
#
# A multiplication or an addition of two numbers. A product of matrices (a × b) with (b × c) costs 2abc. *Chapter [11](11_side_by_side.ipynb).*
#
# ### forget gate
#
# In an [LSTM](#LSTM), the [gate](#gate) that says how much of the cell is kept. *Chapter [11](11_recurrence_convolution_attention.ipynb).*
#
# ### free running
#
# The model reads what it wrote itself, with nobody to correct it. The opposite of [teacher forcing](#teacher-forcing). *Chapter
# [09](09_encoder_decoder.ipynb).*

# %% [markdown]
# ## G
#
# ### gain
#
# The learned factor by which a [norm](#norm) multiplies each number, once mean and variance are set; it starts at 1. Elsewhere: scale, weight, γ.
# *Chapter [08](08_transformer_block.ipynb).*
#
# ### GAT, GATv2
#
# Graph attention networks: a [node](#node) mixes its neighbours by attention. GAT's score is $\mathrm{LeakyReLU}(a^\top[Wh_i \Vert Wh_j])$, GATv2's
# $a^\top\mathrm{LeakyReLU}(W[h_i \Vert h_j])$. *Chapter [17](17_graph_attention.ipynb).*
#
# ### gate
#
# Numbers between 0 and 1, computed from token and state, that say how much of something is let through. *Chapter
# [11](11_recurrence_convolution_attention.ipynb).*
#
# ### gather, scatter
#
# Look up, for each edge, what stands at its source; add up, for each target, what its edges bring. *Chapter
# [17](17_graph_attention.ipynb).*
#
# ### GELU
#
# A smooth relative of [ReLU](#ReLU), used in BERT and GPT. The model of 2017 does not use it. *Named in hints of the exercises of chapter
# [08](08_transformer_block.ipynb); chapter [13](13_gpt.ipynb).*
#
# ### global block
#
# A [block](#block) (2) that sees all others and is seen by all. *Chapter [15](15_long_context.ipynb).*
#
# ### gold link
#
# A [word link](#link) that is known to be right. Here it is known because the sentences were generated together with their links. *Chapter
# [10](10_training_a_translator.ipynb).*
#
# ### GPT
#
# A decoder alone, trained to predict the next token. *Chapter [13](13_gpt.ipynb).*
#
# ### gradient
#
# The [derivatives](#derivative) of one number, usually the [loss](#loss), with respect to many others, usually all parameters. It says how to change
# each of them a little so that the loss grows fastest; training goes the other way. *Named in chapter
# [02](02_softmax.ipynb); computed in the second part of chapter [03](03_torch.ipynb) and later.*
#
# ### gradient descent
#
# Training by small steps against the [gradient](#gradient): compute the loss on a batch, then its gradient, change every parameter a little, repeat.
# [Adam](#Adam) is one kind of it. *Chapter [03](03_torch.ipynb), second part.*
#
# ### gradient, dead
#
# A parameter is dead where no gradient reaches it, or one that is exactly 0: training leaves it as it was drawn. *Chapter
# [19](19_debugging_attention.ipynb).*
#
# ### graph
#
# Things, called *nodes*, some of which are connected by *edges*. An edge leads from its source, which is read, to its target, which reads. The nodes
# that a node reads are its in-neighbours, together its *neighbourhood*. *Chapter [17](17_graph_attention.ipynb).*
#
# ### greedy search
#
# [Decoding](#decoding) that takes the best-scored next token each time and never looks back. *Chapter [09](09_encoder_decoder.ipynb).*
#
# ### grid
#
# An image after it has been cut into [patches](#patch): so many rows and columns of places, with a vector at each. *Chapter
# [18](18_windows_and_scales.ipynb).*
#
# ### grouped-query attention
#
# Several heads of queries share one head of keys and values, which makes the [cache](#cache) smaller. With a single head of keys and values it is
# *multi-query* attention. Short forms: GQA, MQA. *Chapter [06](06_multi_head_attention.ipynb).*
#
# ### GRU
#
# Gated recurrent unit: a recurrent layer with two gates, *reset* (what is read of the state) and *update* (what is kept of it). *Chapter
# [11](11_recurrence_convolution_attention.ipynb).*
#

# %% [markdown]
# ## H
#
# ### head
#
# Two things. (1) One attention on a projection of its own, with its own weights; it sees the whole of each token. A layer with 8 heads computes 8 means for each token, side by
# side. *Chapter [06](06_multi_head_attention.ipynb).* (2) The last layers put on an encoder for one task, such as filling gaps or sorting texts.
# *Chapter [12](12_bert.ipynb).*
#
# ### head view
#
# A picture of all that one head looks at; the *token-by-token view* shows where one token looks, head by head. *Chapter
# [16](16_interpretability.ipynb).*
#
# ### held out
#
# Kept out of the training, in order to test with it. *Chapter [10](10_training_a_translator.ipynb).*
#
# ### hidden unit
#
# One of the $d_{ff}$ numbers between the two linear layers of a [feed-forward layer](#feed-forward-layer). *Chapter [08](08_transformer_block.ipynb).*
#
# ### hidden vector
#
# What a recurrent layer passes on from token to token, and gives out at each: its [state](#state), in an LSTM the part of it that is read.
# *Exercises of chapter [11](11_recurrence_convolution_attention.ipynb).*
#
# ### honest model
#
# In this course: a model that sees nothing of what it has to predict. Its expected loss cannot be below the entropy of the source. *Chapter
# [04](04_masks.ipynb).*
#
# ### hops
#
# After how many layers a [block](#block) (2) can know of another: 1 if it sees it, 2 if it sees one that does. *Chapter [15](15_long_context.ipynb).*
#
# ### hybrid
#
# A model in which convolutions make features of an image, and an encoder reads those in place of pixels. *Chapter
# [18](18_spatial_attention.ipynb).*
#

# %% [markdown]
# ## I
#
# ### IBM Model 1
#
# A model of 1993 (Brown et al.) that learns from pairs of sentences which word translates which: for each pair of words a probability, made better in
# rounds of counting (*expectation maximisation*). It knows nothing of the order of words. *Chapter [10](10_training_a_translator.ipynb).*
#
# ### induction head
#
# A [head](#head) that looks, from a token that occurred before, at what followed it there. It needs a [previous-token head](#previous-token-head)
# in a layer below. *Chapter [16](16_induction.ipynb).*
#
# ### induction score
#
# How much weight a head puts in all on what followed earlier occurrences of the token that looks: the mean over all tokens that occurred before;
# elsewhere *prefix-matching score*. *Chapter [16](16_induction.ipynb).*
#
# ### initialisation
#
# The random values that parameters have before the first training step. *Chapter [08](08_transformer_block.ipynb).*
#
# ### isolated node
#
# A [node](#node) without [edges](#edge). A softmax over its neighbours is 0/0, so it must be left out: its output is zero. *Chapter
# [17](17_graph_attention.ipynb).*
#

# %% [markdown]
# ## J
#
# ### Jacobian
#
# The table of all derivatives of several outputs with respect to several inputs. Where all derivatives of an output with respect to a token are 0, a
# small change of that token does not move the output; so it shows which token sees which. *That of the softmax in the exercises of chapter
# [02](02_softmax.ipynb) and in chapter [03](03_scaled_dot_product_attention.ipynb), that of a layer in chapter [06](06_multi_head_attention.ipynb).*

# %% [markdown]
# ## K
#
# ### key
#
# What an item can be found by: the vector that a [query](#query) is compared with. *Chapter [01](01_dot_products.ipynb).*
#
# ### key head
#
# One head of keys and values, which several heads of queries may share; elsewhere KV head. *Chapter [06](06_multi_head_attention.ipynb).*

# %% [markdown]
# ## L
#
# ### label
#
# The right answer at one place: for a decoder, the next target token. *Chapter [09](09_encoder_decoder.ipynb).*
#
# ### label propagation
#
# Known labels spread along the edges of a [graph](#graph), until each node without one has the mean of its neighbours. Nothing is trained. *Chapter
# [17](17_graph_attention.ipynb).*
#
# ### label smoothing
#
# The target is not quite sure: the right word gets $1 - \varepsilon$, and $\varepsilon$ is shared equally among all V words of the vocabulary, the right one
# included, so that it has $1 - \varepsilon + \varepsilon / V$. Then the smallest
# possible loss is above 0. *Chapter [09](09_encoder_decoder.ipynb), its floor in chapter [10](10_training_a_translator.ipynb).*
#
# ### language model
#
# A model that predicts the next token of a text from those before. *Chapter [04](04_masks.ipynb).*
#
# ### latent
#
# One short vector a token from which all heads make their keys and values. *Chapter [14](14_efficient_attention.ipynb).*
#
# ### layer
#
# A part of a model with parameters of its own, such as a [linear layer](#linear-layer) or a layer of attention; often a whole [block](#block).
# *Chapters [05](05_self_attention.ipynb), [08](08_transformer_block.ipynb).*
#
# ### layer norm
#
# See [norm](#norm). *Chapter [08](08_transformer_block.ipynb).*
#
# ### leak
#
# A way by which a model gets to see what it must predict. The training loss gets better, and the model gets worse. *A loss below the entropy of the
# source is a leak.* *Chapter [04](04_masks.ipynb).*
#
# ### LeakyReLU
#
# A function that keeps positive numbers and multiplies negative ones by something small, here 0.2. *Chapter [17](17_graph_attention.ipynb).*
#
# ### learned positions
#
# A table with one learned vector for each position, added to the tokens. The table ends somewhere, and with it the longest text. *Chapter
# [07](07_positions.ipynb).*
#
# ### learning rate
#
# How large a training step is. In torch it is called `lr`. *Chapter [03](03_torch.ipynb), second part.*
#
# ### length penalty
#
# When finished sentences are compared in [beam search](#beam-search), $\log p$ is divided by $((5 + n)/6)^\alpha$, where $n$ is the number of tokens.
# Without it short sentences would win, because every further token makes $\log p$ smaller. *Exercises of chapter [10](10_training_a_translator.ipynb).*
#
# ### linear attention
#
# Attention with $\phi(q) \cdot \phi(k)$ in place of $e^{q \cdot k / \sqrt{d_k}}$, so that the sum over the keys is made once, for all queries. *Chapter
# [14](14_efficient_attention.ipynb).*
#
# ### linear layer
#
# A learned matrix and a learned offset: $xW + b$. In torch `nn.Linear`, which keeps the matrix transposed. *Chapter
# [03](03_torch.ipynb), second part.*
#
# ### link
#
# Two things. (1) An output token depends on an input token. (2) A target word is the translation of a source word: a *word link*, elsewhere *word
# alignment*. *(1) in chapter [06](06_multi_head_attention.ipynb) and chapter [08](08_transformer_block.ipynb), (2) in chapter
# [10](10_training_a_translator.ipynb).*
#
# ### log-softmax
#
# The logarithm of the softmax weights, computed in one go: $s_j - \log \sum_k e^{s_k}$. It stays right where a weight itself would round to 0.
# *Exercises of chapter [02](02_softmax.ipynb).*
#
# ### logistic regression
#
# A weight for each input and class, added up; the softmax of the sums gives the classes' probabilities. *Chapter [18](18_spatial_attention.ipynb).*
#
# ### logit lens
#
# Reading the stream after a layer as if the model ended there: through the last norm, if there is one, and the matrix that makes scores. *Chapter
# [16](16_interpretability.ipynb).*
#
# ### logits
#
# The scores of all possible answers before the softmax that makes them probabilities. *Chapter [03](03_torch.ipynb), second
# part.*
#
# ### loss
#
# One number that says how wrong a model's answers are; training makes it smaller. Here it is nearly always the [cross-entropy](#cross-entropy) in nats
# per token. The *training loss* is measured as in training. The *true loss* of this course is measured with the beginning of a text alone, so that no
# future is there to be seen. *Named in chapter [01](01_dot_products.ipynb), explained in chapter [04](04_masks.ipynb).*
#
# ### LSTM
#
# Long short-term memory: a recurrent layer that carries a [cell](#cell) beside the hidden vector, with three gates: input, forget, output. *Chapter
# [11](11_recurrence_convolution_attention.ipynb).*
#

# %% [markdown]
# ## M
#
# ### [MASK]
#
# The sign in the place of a hidden word. *Chapter [12](12_bert.ipynb).*
#
# ### mask
#
# A table of `True` and `False` for every query and key. In this course **`True` means may attend**. Hidden scores become −∞ before the softmax.
# *Chapter [04](04_masks.ipynb).*
#
# ### masked language model
#
# A model that is asked for hidden words of a text. *Chapter [12](12_bert.ipynb).*
#
# ### mean pooling
#
# A plain mean over all tokens: attention with equal weights. *Chapter [05](05_self_attention.ipynb).*
#
# ### mean squared error
#
# The mean of the squared differences between answers and right numbers: a [loss](#loss) for numbers instead of words. In torch `mse_loss`. *In code in
# chapter [06](06_multi_head_attention.ipynb).*
#
# ### median
#
# The middle one of several numbers in order. *Chapter [03](03_scaled_dot_product_attention.ipynb).*
#
# ### memory
#
# The [encoder](#encoder)'s output, which the decoder looks at. (In chapter [01](01_dot_products.ipynb) the word means any store of keys and values.)
# *Chapter [09](09_encoder_decoder.ipynb).*
#
# ### memory of a segment
#
# In Transformer-XL, what each layer keeps of its inputs for the next segment, cut off from the gradient. *Chapter [15](15_long_context.ipynb).*
#
# ### merge
#
# Two things. (1) Of heads: put the heads of each token side by side again. (2) In [byte-pair encoding](#byte-pair-encoding): join a pair of
# neighbouring pieces. *(1) in chapter [06](06_multi_head_attention.ipynb), (2) in the exercises of chapter [10](10_training_a_translator.ipynb).*
#
# ### merging
#
# Making one place of each 2 × 2 places of a [grid](#grid): their vectors side by side, then a projection to twice the width. *Chapter
# [18](18_windows_and_scales.ipynb).*
#
# ### min-p
#
# Drawing only from tokens at least a given share as likely as the best. *Chapter [13](13_gpt.ipynb).*
#
# ### multi-head attention
#
# Several [heads](#head) side by side. Their results are put together and mixed by one more matrix, $W^O$. *Chapter
# [06](06_multi_head_attention.ipynb).*
#
# ### multi-scale attention
#
# Near keys one by one, far ones as [summaries](#summary), the farther the coarser. The number of scores grows like n log n. *Chapter
# [18](18_windows_and_scales.ipynb).*
#
# ### Muon
#
# An optimizer for matrices: it makes the step of a matrix about equally large in all directions. *Chapter [11](11_side_by_side.ipynb).*
#

# %% [markdown]
# ## N
#
# ### n-gram
#
# $n$ words, or characters, directly one after the other. *Exercises of chapter [10](10_training_a_translator.ipynb); characters in chapter [13](13_gpt.ipynb).*
#
# ### NaN
#
# *Not a number*: the result of 0/0, of ∞ − ∞ or of 0 · ∞. It spreads to everything that is computed from it. *Chapter [02](02_softmax.ipynb).*
#
# ### nats
#
# The unit of entropy and loss with the natural logarithm. One nat is 1.443 *bits*, the unit with the logarithm to base 2. *Chapter
# [02](02_softmax.ipynb).*
#
# ### neighbourhood
#
# The [nodes](#node) that a node reads: its *in-neighbours*. Those that read it are its *out-neighbours*. *Chapter [17](17_graph_attention.ipynb).*
#
# ### next-sentence prediction
#
# BERT's second exercise: does the second text follow the first? *Chapter [12](12_bert.ipynb).*
#
# ### node
#
# One of the things that a [graph](#graph) connects; what a token is in a text. *Chapter [17](17_graph_attention.ipynb).*
#
# ### noise
#
# Random numbers that are added to what is meant. *Chapter [01](01_dot_products.ipynb).*
#
# ### norm
#
# Two things. (1) *Layer norm*: gives each token's vector mean 0 and variance 1, then multiplies by a [gain](#gain) and adds an [offset](#offset). Each
# token is normed alone, over its own numbers. (2) The length of a vector, $|k|$, the root of the sum of its squares. *(1) in chapter
# [08](08_transformer_block.ipynb), (2) in chapter [01](01_dot_products.ipynb).*

# %% [markdown]
# ## O
#
# ### offset
#
# A learned number that is added: one for each output of a [linear layer](#linear-layer), one for each number in a [norm](#norm). Elsewhere: bias, in a
# norm also shift or β. *Chapters [03](03_torch.ipynb), second part, and [08](08_transformer_block.ipynb).*
#
# ### one batch
#
# A probe: a model that is trained on the same few texts again and again must learn them by heart. If it cannot, something stands in its way,
# whatever the data. *Chapter [19](19_debugging_attention.ipynb).*
#
# ### one-hot vector
#
# A vector with a single 1 at the place of what is meant and 0 everywhere else. *In code in chapter [05](05_self_attention.ipynb).*
#
# ### online softmax
#
# A softmax whose scores arrive in parts: largest score, sum and mix are kept, and shrunk when a larger score comes. *Chapter
# [14](14_efficient_attention.ipynb).*
#
# ### optimizer
#
# The rule by which a training step changes the parameters, given the gradient; for instance [Adam](#Adam). *Chapter [03](03_torch.ipynb),
# second part.*
#
# ### orthogonal
#
# At a right angle: the dot product is 0. *Chapter [01](01_dot_products.ipynb).*
#
# ### overflow
#
# A result too large for its [float](#float) type; it becomes infinity. *Chapter [02](02_softmax.ipynb).*

# %% [markdown]
# ## P
#
# ### packer
#
# A program that makes files smaller, such as gzip. The better it guesses what comes, the fewer bits it writes. *Chapter [13](13_gpt.ipynb).*
#
# ### padding
#
# Filling that makes sentences equally long, so that they fit into one array; token 0, `<padding>`. A *padding mask* hides it. *Chapter
# [04](04_masks.ipynb).*
#
# ### parameter
#
# A number that is learned: an entry of a matrix, a gain, an offset. Elsewhere also *weight*; in this course a weight nearly always belongs to
# attention. *Chapter [03](03_torch.ipynb), second part; counted in chapter [06](06_multi_head_attention.ipynb).*
#
# ### parity
#
# Two programs give the same numbers: here the package and torch with the same parameters, held to rounding in float64. *Exercises of chapter
# [03](03_scaled_dot_product_attention.ipynb), `selfattention.parity` in chapter [08](08_transformer_block.ipynb) and chapter
# [09](09_encoder_decoder.ipynb).*
#
# ### patch
#
# A small square of an image, laid out as one vector: a token of a [ViT](#ViT). *Chapter [18](18_spatial_attention.ipynb).*
#
# ### path length
#
# How many rounds of work lie between one token and another until the second depends on the first. *Chapter [11](11_side_by_side.ipynb).*
#
# ### permutation
#
# Another order of the same things. *Chapter [05](05_self_attention.ipynb).*
#
# ### permutation equivariance
#
# If the inputs are put in another order, the outputs come in that same order, and are otherwise unchanged. Self-attention without a mask and without
# positions has this property. (*Invariant* would mean that the outputs do not change at all.) *Chapter [05](05_self_attention.ipynb).*
#
# ### phase change
#
# A skill that comes within a few steps of training, after many in which the loss hardly moves. *Chapter [16](16_induction.ipynb).*
#
# ### piece
#
# A part of a word that is a token of its own. Elsewhere: subword. *Chapter [10](10_training_a_translator.ipynb).*
#
# ### place
#
# A row and a column of a [grid](#grid): where a patch or pixel stands. *Chapter [18](18_windows_and_scales.ipynb).*
#
# ### position
#
# The place of a token in its text, counted from 0. *Chapter [07](07_positions.ipynb).*
#
# ### post-norm
#
# The [norm](#norm) stands after the sum: $\mathrm{LayerNorm}(x + \mathrm{Sublayer}(x))$, as in 2017. *Chapter [08](08_transformer_block.ipynb).*
#
# ### pre-norm
#
# The [norm](#norm) stands before the sublayer, $x + \mathrm{Sublayer}(\mathrm{LayerNorm}(x))$, and a stack ends with one norm more. *Chapter
# [08](08_transformer_block.ipynb).*
#
# ### precision
#
# In [BLEU](#BLEU): the share of a translation's n-grams that the reference holds. For numbers, see [float](#float). *Exercises of chapter
# [10](10_training_a_translator.ipynb).*
#
# ### previous-token head
#
# A head that looks at the token before, so that each token notes what stood in front of it. *Chapter [16](16_induction.ipynb).*
#
# ### probe
#
# A small test that finds one kind of bug from outside: change one thing, and look at what moves. *Chapter [04](04_masks.ipynb).*
#
# ### projection
#
# A product with a learned matrix that makes a query, a key or a value out of a token's vector. *Chapter [05](05_self_attention.ipynb).*

# %% [markdown]
# ## Q
#
# ### query
#
# What is asked: the vector that is compared with every [key](#key). Each query gets one output. *Chapter [01](01_dot_products.ipynb).*

# %% [markdown]
# ## R
#
# ### random block
#
# A [block](#block) (2) that another one sees because it was drawn, once and for all. *Chapter [15](15_long_context.ipynb).*
#
# ### rank
#
# How many rows of a matrix are needed to make all others as sums of multiples of them. *Chapter [03](03_scaled_dot_product_attention.ipynb).*
#
# ### rank correlation
#
# How well two orders agree, from −1 to 1: Spearman's is the correlation of the ranks, and equal values share the mean of theirs. *Chapter
# [16](16_interpretability.ipynb).*
#
# ### receptive field
#
# How many tokens an output of a stack of convolutions spans, from the farthest that it sees to its own. *Chapter
# [11](11_recurrence_convolution_attention.ipynb).*
#
# ### recurrence
#
# Reading one token after another and carrying a [state](#state) along. *Chapter [11](11_recurrence_convolution_attention.ipynb).*
#
# ### relative bias
#
# A learned number for each head and each distance between query and key, added to the [score](#score). On each side, all distances beyond a limit share
# one. *Chapter [07](07_positions.ipynb).*
#
# ### relative shift
#
# The step that moves scores by distance to the keys at that distance, row by row. *Chapter [15](15_long_context.ipynb).*
#
# ### ReLU
#
# $\max(0, x)$: negative numbers become 0, the others stay. The bend in the [feed-forward layer](#feed-forward-layer). From *rectified linear unit*. *Chapter [08](08_transformer_block.ipynb).*
#
# ### residual connection
#
# What a sublayer makes is added to what it was given: $x + \mathrm{Sublayer}(x)$. The course says *way past*; elsewhere also *skip connection*.
# *Chapter [08](08_transformer_block.ipynb).*
#
# ### residual stream
#
# The vectors that run past the layers, to which each layer adds; in the lessons *the stream*. *Chapters [08](08_transformer_block.ipynb) and
# [16](16_induction.ipynb).*
#
# ### RMSNorm
#
# A [norm](#norm) that divides by the root of the mean square and does not subtract the mean; common in later models. *Named in a hint of the exercises
# of chapter [08](08_transformer_block.ipynb); chapter [13](13_gpt.ipynb).*
#
# ### rolled
#
# Moved up and to the left, where what leaves on one side comes in on the other. It needs a mask: what came around is no neighbour. *Chapter
# [18](18_windows_and_scales.ipynb).*
#
# ### RoPE
#
# See [rotary positions](#rotary-positions). *Chapter [07](07_positions.ipynb).*
#
# ### rotary positions
#
# Short form: RoPE. Each pair of numbers of a query and of a key is turned by an angle that grows with its position. Of the two positions, only their
# difference changes the score. Values are not turned. *Chapter [07](07_positions.ipynb).*
#
# ### rounding
#
# A [float](#float) keeps a limited number of digits, so most results are off by a little. Such differences shrink when float64 is used in place of
# float32; those of a bug do not. *Chapter [02](02_softmax.ipynb).*

# %% [markdown]
# ## S
#
# ### saturation
#
# A softmax whose weight is nearly all on one key hardly changes when its scores change, and so passes on almost no gradient. *Chapter
# [02](02_softmax.ipynb).*
#
# ### scale
#
# The factor $1/\sqrt{d_k}$ on the scores. If the numbers of queries and keys spread alike, the scaled scores spread alike at every width. *Chapter
# [03](03_scaled_dot_product_attention.ipynb).*
#
# ### schedule
#
# How the [learning rate](#learning-rate) changes from step to step. *Chapter [08](08_transformer_depth.ipynb), second part.*
#
# ### score
#
# How well a query matches a key, before the softmax: their dot product, from chapter [03](03_scaled_dot_product_attention.ipynb) on scaled. From
# chapter [04](04_masks.ipynb) on the scores of a model's possible answers have the same name; see [logits](#logits). *Chapter
# [01](01_dot_products.ipynb).*
#
# ### seed
#
# The number from which a generator of random numbers starts. With the same seed, the same program draws the same numbers again. *Chapter
# [00](00_start_here.ipynb).*
#
# ### segment
#
# Two things. (1) Which of two texts a token belongs to, 0 or 1; a learned vector is added for it. (2) A piece of a long text, read at one time. *(1) in
# chapter [12](12_bert.ipynb), (2) in chapter [15](15_long_context.ipynb).*
#
# ### self-attention
#
# Attention whose queries, keys and values are all made from the same tokens. *Chapter [05](05_self_attention.ipynb).*
#
# ### [SEP]
#
# The sign at the end of each text of BERT. *Chapter [12](12_bert.ipynb).*
#
# ### self-loop
#
# An edge from a node to itself, so that the node reads itself, too. *Chapter [17](17_graph_attention.ipynb).*
#
# ### shape
#
# The lengths of all axes of an array, for instance (batch 2, tokens 3, features 5). *Chapter [00](00_start_here.ipynb).*
#
# ### shift right
#
# The [decoder](#decoder) reads the target one place behind what it answers: a begin sign in front, then the words (the *decoder input*). So each place has read only the
# words before its answer. *Chapter [09](09_encoder_decoder.ipynb).*
#
# ### shifted windows
#
# [Windows](#window-of-a-grid) that stand half a window lower and further right than those of the layer before, so that what these kept apart meets.
# *Chapter [18](18_windows_and_scales.ipynb).*
#
# ### sigmoid
#
# $\sigma(a) = 1/(1 + e^{-a})$: it takes any number to one between 0 and 1. *Chapter [11](11_recurrence_convolution_attention.ipynb).*
#
# ### sinusoid
#
# A wave, a sine or cosine. Sinusoidal positions are fixed vectors made of fast and slow waves, added to the tokens. *Chapter [07](07_positions.ipynb).*
#
# ### sliding window
#
# Each query sees only the nearest keys. *Chapter [14](14_efficient_attention.ipynb).*
#
# ### slope
#
# In [ALiBi](#ALiBi): how fast a head's bias falls with the distance. In the lessons' code it is also the name of a [gradient](#gradient). *Chapter
# [07](07_positions.ipynb).*
#
# ### softmax
#
# Turns scores into weights that are positive and sum to 1: $w_j = e^{s_j} / \sum_k e^{s_k}$. In attention it runs over the keys, for each query on its
# own. *Chapter [02](02_softmax.ipynb).*
#
# ### source
#
# Two things. (1) What random texts come from; its entropy may be known. (2) The sentence to be translated. *(1) in chapter [04](04_masks.ipynb), (2) in
# chapter [09](09_encoder_decoder.ipynb).*
#
# ### spatial attention
#
# Attention between the places of an image: each asks which others it needs. *Chapter [18](18_spatial_attention.ipynb).*
#
# ### squeeze-and-excitation
#
# A block that takes each [channel's](#channel) mean over all places, makes a [gate](#gate) of all means for each channel, and multiplies. *Chapter
# [18](18_spatial_attention.ipynb).*
#
# ### stack
#
# [Blocks](#block) on top of each other, each reading what the one before gives. *Chapter [08](08_transformer_block.ipynb).*
#
# ### standard deviation
#
# How far numbers typically lie from their mean: the root of the [variance](#variance). *Chapter [03](03_scaled_dot_product_attention.ipynb).*
#
# ### state
#
# What a recurrent layer keeps of the tokens read so far: one vector, in an LSTM two. *Chapter [11](11_recurrence_convolution_attention.ipynb).*
#
# ### static attention
#
# Attention that ranks the keys in the same order for every query, as in [GAT](#GAT,-GATv2). Where the order can differ from query to
# query it is *dynamic*, as in GATv2 and with dot products.
# *Chapter [17](17_graph_attention.ipynb).*
#
# ### stem
#
# The first, small part of a model, which makes features of the raw input. *Chapter [18](18_spatial_attention.ipynb).*
#
# ### step
#
# In training: one batch, one gradient, one change of the parameters. *Chapter [04](04_masks.ipynb).*
#
# ### stride
#
# By how many places the window of a [convolution](#convolution) moves on; 2 halves the sides of an image. *Chapter
# [18](18_spatial_attention.ipynb).*
#
# ### sublayer
#
# Attention or the [feed-forward layer](#feed-forward-layer) inside a block. *Chapter [08](08_transformer_block.ipynb).*
#
# ### summary
#
# The mean of several neighbouring keys, and that of their values; it counts as many times as it has tokens. *Chapter
# [18](18_windows_and_scales.ipynb).*
#
# ### support vector machine (SVM)
#
# A classifier that compares an input with some of those it has learned from, chosen so that the border between two classes keeps away from both.
# *Chapter [18](18_spatial_attention.ipynb).*
#
# ### suspect
#
# In chapter 19: a small model with one planted bug, of which only the curve and what probes say are known (`selfattention.debugging`).
#
# ### SwiGLU
#
# A feed-forward layer whose hidden numbers are opened or closed by a second projection. *Chapter [13](13_gpt.ipynb).*
#

# %% [markdown]
# ## T
#
# ### tap
#
# One of the weights of a convolution's window, for one place in it. Elsewhere: the number of taps is the *kernel size*. *Chapter
# [11](11_recurrence_convolution_attention.ipynb).*
#
# ### target
#
# What a model should answer; in translation, the translated sentence. *Chapter [01](01_dot_products.ipynb), as a sentence in chapter
# [09](09_encoder_decoder.ipynb).*
#
# ### teacher forcing
#
# In training the decoder reads the true words before, whatever it would have written itself. *Chapter [09](09_encoder_decoder.ipynb).*
#
# ### temperature
#
# A number $T$ by which scores are divided before the softmax. Below 1 the weights become more peaked, above 1 more even. *Chapter
# [02](02_softmax.ipynb).*
#
# ### tensor
#
# Torch's array. It can keep track of how it was computed, so that gradients can be found. *Chapter [03](03_torch.ipynb), second part.*
#
# ### token
#
# One piece of a text as a model counts it: a word, a letter, or a part of a word. *Chapter [00](00_start_here.ipynb).*
#
# ### top-k
#
# Drawing only from the k likeliest tokens. *Chapter [13](13_gpt.ipynb).*
#
# ### top-p
#
# Drawing only from the fewest likeliest tokens that together reach the probability p. *Chapter [13](13_gpt.ipynb).*
#
# ### Transformer
#
# A model made of [blocks](#block) of attention and feed-forward layers. That of 2017 has an encoder and a decoder. *Chapter
# [08](08_transformer_block.ipynb), whole in chapter [09](09_encoder_decoder.ipynb).*
#
# ### transpose
#
# To exchange the two axes of a matrix: $K^\top$. In a batch only the last two axes may be exchanged: `swapaxes(-1, -2)`, in torch `.mT`. *Chapters
# [00](00_start_here.ipynb), [01](01_dot_products.ipynb).*
#
# ### true loss
#
# See [loss](#loss). *Chapter [04](04_masks.ipynb).*

# %% [markdown]
# ## V
#
# ### value
#
# What an item holds: the vector that is mixed into the output. *Chapter [01](01_dot_products.ipynb).*
#
# ### vanishing gradient
#
# A gradient that gets smaller from layer to layer on its way back, until the first layers learn almost nothing. Where it grows instead, it *explodes*.
# *Chapter [08](08_transformer_depth.ipynb), second part.*
#
# ### variance
#
# The mean of the squared distances from the mean. Variances of independent numbers add up. *Chapter [01](01_dot_products.ipynb).*
#
# ### variance explained
#
# 1 minus the mean squared error divided by the variance of the right numbers: 0 for one who always answers their mean, 1 for one who is always exactly
# right. *Chapter [06](06_multi_head_attention.ipynb).*
#
# ### vector
#
# Numbers in a row, such as a token's features. It has a length and a direction. *Chapters [00](00_start_here.ipynb), [01](01_dot_products.ipynb).*
#
# ### view
#
# The same numbers in the same order, under another shape; nothing is moved. A view in place of a [transpose](#transpose) mixes tokens and heads up.
# *Chapter [06](06_multi_head_attention.ipynb).*
#
# ### ViT
#
# Vision transformer: an encoder that reads an image as a row of [patches](#patch). *Chapter [18](18_spatial_attention.ipynb).*
#
# ### vocabulary
#
# All tokens that a model knows, each with its number. *Chapter [09](09_encoder_decoder.ipynb).*

# %% [markdown]
# ## W
#
# ### warm-up
#
# The first steps of training, in which the [learning rate](#learning-rate) grows from almost 0. *Chapter [08](08_transformer_depth.ipynb), second part.*
#
# ### way past
#
# See [residual connection](#residual-connection). *Chapter [08](08_transformer_block.ipynb).*
#
# ### weight
#
# How much of a value goes into an output: a softmaxed score. For each query the weights over the keys sum to 1, or are all 0 where it may attend to
# nothing. Elsewhere *weight* often means a [parameter](#parameter); the course does so in *weights of a model*. *Chapter [01](01_dot_products.ipynb).*
#
# ### weighted mean
#
# A sum in which each value is first multiplied by its weight, and the weights sum to 1. *Chapter [01](01_dot_products.ipynb).*
#
# ### width
#
# How many numbers a vector has. Elsewhere: dimension, size. *Chapter [01](01_dot_products.ipynb).*
#
# ### window
#
# The tokens that a convolution mixes into one output, or the neighbours that a token or block may see. *Chapters
# [11](11_recurrence_convolution_attention.ipynb), [14](14_efficient_attention.ipynb) and [15](15_long_context.ipynb).*
#
# ### window of a grid
#
# A square of neighbouring places, inside of which alone attention takes place. *Chapter [18](18_windows_and_scales.ipynb).*
#
# ### writing
#
# See [decoding](#decoding). *Chapter [09](09_encoder_decoder.ipynb).*
