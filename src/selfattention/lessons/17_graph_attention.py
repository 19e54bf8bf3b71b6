# %% [markdown]
# # 17 · Graph attention
#
# Friends, roads, molecules, citations: much of what we know is not a row of tokens but a **graph**: things (*nodes*), some of which are connected (by *edges*). **Can attention read a graph?**
#
# A graph says who may see whom, and that is what a mask says. New are two ways to score an edge, one of 2018 and one of 2022, and we shall measure whether the second was needed.

# %%
import math
from statistics import median

import torch

from selfattention import masks
from selfattention.attention import attention
from selfattention.claims import claim, tally
from selfattention.data import karate, lookups
from selfattention.layers import watching
from selfattention.models import gat
from selfattention.plots import canvas, course_map, graph, heatmap, heatmaps, show
from selfattention.source import show_source
from selfattention.training import train

show(course_map(17, machine="graph encoder", here=["self-attention", "scores", "mask"]),
     "Where we are: the mask is a graph, and the scores are made in another way.")

# %% [markdown]
# ## The idea in one picture
#
# Five nodes. An edge is an arrow from its **source**, which is read, to its **target**, which reads. So the target has the query, the source the key and the value. The nodes that a node reads are its *in-neighbours*, those that read it its *out-neighbours*. Edges are kept as two rows of node numbers, the sources above, the targets below. Node e has no edge: it is *isolated*.

# %%
names = ["a", "b", "c", "d", "e"]
edges = torch.tensor([[0, 2, 1, 0, 3],   # sources: who is read
                      [1, 1, 2, 3, 2]])  # targets: who reads
places = [(0, 0), (1, 1), (2, 1), (1, -1), (2, -1)]
figure, (left, right) = canvas(2, height=2.7)
graph(left, places, edges, names=names, title="a graph")
heatmap(right, 1.0 * gat.edge_mask(edges, 5), queries=names, keys=names, role="masks",
        numbers=False, title="the same graph as a mask")
show(figure, "An arrow from a to b: b reads a. In the mask: row b (query), column a (key). The "
             "rows of a and e are empty: both read nobody, though a is read.")

# %% [markdown]
# ## Three nodes, by hand
#
# Take the nodes a, b, c alone. Node b reads a, with score 0, and c, with score $\ln 3$; node c reads b, with score 5. The softmax is taken over *each node's in-neighbours*, its **neighbourhood** (Veličković et al. 2018, eq. 2):
#
# - b has the weights $\frac{1}{1+3} = \frac14$ for a and $\frac34$ for c. With the values 4 and 8 it gets $1 + 6 = 7$.
# - c has one neighbour, so the weight is 1 whatever the score: it gets b's value, 20.
# - a reads nobody: it gets 0.
#
# A loop over the nodes, and then the same with arrays, edge by edge:

# %%
small, values = edges[:, :3], torch.tensor([4.0, 20.0, 8.0])
scores = torch.tensor([0.0, math.log(3), 5.0])  # of the edges a → b, c → b and b → c
by_loop = torch.zeros(3)
for node in (1, 2):  # b and c; a reads nobody
    reads = small[1] == node
    by_loop[node] = torch.softmax(scores[reads], dim=0) @ values[small[0, reads]]

weights = gat.neighbourhood_softmax(scores, small[1], nodes=3)
# with axes for heads and width, both of length 1
by_edges = gat.mix_by_edges(weights[:, None], values[:, None, None], small).flatten()
print("weights of the edges:", weights, "\nresult:", by_edges)
assert torch.allclose(by_loop, by_edges)
show_source(gat.neighbourhood_softmax)
show_source(gat.mix_by_edges)

# %% [markdown]
# Edge by edge, no table of all pairs is made: a graph of a million nodes with ten edges each has ten million scores, not a million million. Two operations do it. *Gather* looks up, for each edge, what stands at its source (`index_select`; `_explaining` words an error). *Scatter* adds up, for each target, what its edges bring (`index_add`; `scatter_reduce` finds the largest in the same way).

# %% [markdown]
# ## A text is a graph
#
# In a text without a mask every token reads every token, itself included: the *complete* graph. A causal mask takes out all edges from later to earlier tokens. We compute the attention of chapter 03 edge by edge over such graphs.

# %%
ring = [(math.sin(turn), math.cos(turn)) for turn in torch.arange(5) * 2 * math.pi / 5]
figure, panels = canvas(3, height=2.4)
allowed = {"no mask": torch.ones(5, 5).bool(), "causal mask": masks.causal(5),
           "causal window of two": masks.causal(5) & ~masks.causal(5).tril(-2)}
for axes, (title, mask) in zip(panels, allowed.items()):
    graph(axes, ring, mask.nonzero().T.flip(0), title=title)
show(figure, "A text of five tokens as a graph. In a window of two, a token reads itself and the "
             "one before. A small ring is an edge from a token to itself.")

# %% [markdown]
# **Predict first:** how many edges has the graph of 12 tokens with a causal mask?

# %%
guess_edges = None  # your guess

# %% tags=["claim:text-as-graph"]
queries, keys, values = (torch.randn(12, 8, dtype=torch.float64) for _ in range(3))
apart = {}
for name, mask in {"complete": torch.ones(12, 12).bool(), "causal": masks.causal(12)}.items():
    pairs = mask.nonzero().T.flip(0)
    scores = (queries[pairs[1]] * keys[pairs[0]]).sum(dim=1) / math.sqrt(8)
    weights = gat.neighbourhood_softmax(scores, pairs[1], nodes=12)
    mixed = gat.mix_by_edges(weights[:, None], values[:, None], pairs)[:, 0]
    apart[name] = (mixed - attention(queries, keys, values, mask)).abs().max()
claim("17.text-as-graph", guess_edges, edges=pairs.shape[1], **apart)

# %% [markdown]
# So attention without a mask, as in an encoder, is graph attention over a graph in which everything is connected; where things stand must be told by positions.
#
# ## The score of GAT
#
# *GAT* (graph attention network, Veličković et al. 2018) projects all nodes with one matrix $W$. It puts the projections of the target $i$ and of the source $j$ one after the other ($\Vert$), and takes the dot product with one learned vector $a$ (inside eq. 3):
#
# $$e_{ij} = \mathrm{LeakyReLU}\left(a^\top [W h_i \,\Vert\, W h_j]\right).$$
#
# The LeakyReLU keeps positive numbers and divides negative ones by five. The projections $W h_j$ are also the values. Several heads stand side by side; in the last layer their mean is taken. A node usually reads itself, too: **self-loops** are added to the edges.

# %%
show_source(gat.GATLayer.scores)
torch.manual_seed(2)
x, layer = torch.randn(5, 6, dtype=torch.float64), gat.GATLayer(6, 4).double()
looped, tables = gat.with_loops(edges, 5), {}
for title, used in {"✓ with self-loops": looped, "✗ no self-loops": edges,
                    "✗ exchanged": looped.flip(0)}.items():
    tables[title] = 1.0 * masks.dependence(lambda x, used=used: layer(x, used), x)
show(heatmaps(tables, queries=[names] * 3, keys=[names] * 3, role="masks", numbers=False),
     "Which output (down) depends on which input (across), by the Jacobian of chapter 06: with "
     "self-loops, without, and with sources and targets exchanged.")

# %% [markdown]
# With self-loops each node depends on itself and on its in-neighbours. Without them a, d and e keep nothing of their own; b and c depend on themselves only because they ask: their query changes the weights. (It can do so only through the bend of the LeakyReLU: where all sums of a row have the same sign, the query adds the same to each score, and the softmax takes that out.) The query of d changes nothing: its one weight is always 1. With sources and targets exchanged, the out-neighbours are read: a mistake that no shape tells, because both rows hold numbers of nodes.
#
# ## Break it on purpose: a node without neighbours
#
# Someone writes GAT with a table of all pairs and sets what is not allowed to $-\infty$, as in chapter 04. Without self-loops, the rows of a and e are all $-\infty$, and their softmax is 0/0. The loss asks for nodes b, c and d only, so nobody looks at those two.
#
# **Predict first:** what percentage of the numbers in the matrix $W$ gets NaN as its gradient?

# %%
guess_nan = None  # your guess, in percent

# %% tags=["claim:isolated-node"]
def plain(x):
    table = layer.table(x)[..., 0].masked_fill(~gat.edge_mask(edges, 5), -math.inf)
    return torch.softmax(table, dim=1) @ layer.project(x)


shares = []
for function in (plain, lambda x: layer(x, edges)):
    layer.zero_grad()
    function(x)[1:4].sum().backward()  # b, c and d
    shares.append(100 * layer.project.weight.grad.isnan().double().mean())
claim("17.isolated-node", guess_nan, naive=shares[0], safe=shares[1])

# %% [markdown]
# In the backward pass, every row of the table tells each value: what the loss says of the row, times its weight. Of a and e the loss says 0, but their weights are NaN, and 0 · NaN is NaN. So all values get NaN, and through them $W$. After one step of training every output is NaN. A softmax edge by edge has no row for them at all, so there is nothing to divide; the `attention` of this course gives empty rows zeros (chapter 04).
#
# ## What GAT can rank
#
# A score says how much a query likes a key. Different queries should be able to prefer different keys. We draw 100 nodes and random weights, score all pairs, and write down for each query the *order* of the 100 keys, from the lowest to the highest score. If all queries prefer the same keys in the same order, there is one order; if each has its own, there are 100.
#
# **Predict first:** how many different orders does GAT have?

# %%
guess_orders = None  # your guess, from 1 to 100

# %% tags=["claim:static-ranking"]
kinds, orders = {"gat": gat.GATLayer, "gatv2": gat.GATv2Layer}, {}
for name, kind in kinds.items():
    torch.manual_seed(1)
    scores = kind(6, 16).double().table(torch.randn(100, 6).double())[..., 0]
    orders[name] = len(scores.argsort(dim=1).unique(dim=0))
queries, keys = torch.randn(2, 100, 16)
orders["dot"] = len((queries @ keys.T).argsort(dim=1).unique(dim=0))
claim("17.static-ranking", guess_orders, **orders)

# %% [markdown]
# Cut the vector $a$ into the half for the query and the half for the key: $e_{ij} = \mathrm{LeakyReLU}(s_i + t_j)$, one number of the query plus one number of the key. A larger $t_j$ gives a larger score, whoever asks. Brody et al. (2022) call such attention **static**. Their *GATv2* moves one step: the LeakyReLU comes before the dot product with $a$ (eq. 7), so that query and key meet in it, number by number. $W$ has twice as many columns now, a half for the query and a half for the key; that of the key makes the values.
#
# $$e_{ij} = a^\top\, \mathrm{LeakyReLU}\left(W [h_i \,\Vert\, h_j]\right).$$
#
# This is **dynamic**: for each query another key may come first. In the dot product of the Transformer, too, the order depends on the query. (Both layers are equal to those of `torch_geometric`: `tests/parity/test_gat.py`.)
#
# ## Does it matter? A dictionary
#
# Brody et al. ask for a look-up. Eight *key nodes* hold a key and a value each; eight *query nodes* hold a key and read all key nodes. The right answer for a query node is the value that stands with its key. In every graph, eight of sixteen values are dealt to the keys anew. The model has one layer of one head, and a linear map to scores of the sixteen values.
#
# **Predict first:** what share does a trained GAT get right?

# %%
guess_share = None  # your guess, between 0 and 1

# %% tags=["claim:lookup"]
test, found, seen = lookups.graphs(200, 8, torch.Generator().manual_seed(9)), {}, {}
for name, kind in kinds.items():
    torch.manual_seed(0)
    model = gat.NodeReader(24, 16, kind)
    train(model, lambda: lookups.graphs(32, 8, torch.default_generator), [0.01] * 300, lookups.loss)
    with watching(model.layer) as [calls]:
        found[name] = lookups.accuracy(model, test)
    seen[name] = calls[0][:64].view(8, 8)  # of the first graph
claim("17.lookup", guess_share, **found, blind=1 / 8)

# %%
show_source(gat.GATv2Layer.scores)
show(heatmaps({"✗ GAT": seen["gat"], "✓ GATv2": seen["gatv2"]}, numbers=False, largest=1.0,
              row_axis="query nodes", column_axis="key nodes"),
     "Weights after training, for one dictionary. Each query node should read the key node of its "
     "own, on the diagonal. In GAT's rows the diagonal is nowhere dark: some rows are "
     "nearly even, the others prefer the same columns.")

# %% [markdown]
# ## The karate club
#
# In the early 1970s a karate club split in two, because its instructor (node 0) and its president (33) quarrelled. Zachary (1977) had noted which of the 34 members met outside the club. The task: given the graph and *two labels*, those of the two leaders, tell which side each of the other 32 took. The features of a node are a 1 at its own place among 34, and zeros: they say who it is, and nothing else.
#
# The rival needs no training: **label propagation** (Zhu et al. 2003). The labels spread along the edges until everybody without a label has the mean of its neighbours.

# %%
club = karate.club()
figure, axes = canvas(height=3.9)
graph(axes, karate.positions(), club.edges, classes=club.labels, known=club.given, arrows=False)
show(figure, "Who met whom, and which side each member took: round with the instructor, square "
             "with the president. Thick rims: the two labels that are told.")

# %% [markdown]
# Two layers of GATv2, the first with 8 heads of 8 numbers, the last with one, as in the paper of GAT but without dropout, see two edges far. All weights start at a tenth of the usual size. At first a node's vector is nothing but random numbers, and if they are large, the little that two labels teach is lost among them.
#
# **Predict first:** what share of the 32 do they get right?

# %%
guess_club = None  # your guess, between 0 and 1

# %% tags=["claim:karate-club"]
def told_apart(kind, seed):
    torch.manual_seed(seed)
    model = gat.NodeClassifier(34, 2, kind, dropout=0.0, start=0.1)
    train(model, lambda: club, [0.01] * 100, karate.loss)
    with watching(model.outer) as [calls]:
        sides = model(club.features, club.edges).argmax(dim=1)
    return karate.accuracy(sides, club), sides, calls[0][:, 0]


runs = [told_apart(gat.GATv2Layer, seed) for seed in range(3)]
rivals = [told_apart(gat.MeanLayer, seed) for seed in range(3)]
share, equal = median(run[0] for run in runs), median(run[0] for run in rivals)
claim("17.karate-club", guess_club, gatv2=share, equal=equal, gained=share - equal,
      propagation=karate.accuracy(karate.label_propagation(club), club))

# %%
_, sides, weights = runs[0]
reads = club.edges[1].bincount() + 1  # how many each member reads, itself with them
shares = weights[:156] * reads[club.edges[1]]  # without self-loops; 1 is an equal share
figure, axes = canvas(height=3.9)
graph(axes, karate.positions(), club.edges[:, :78], classes=sides, known=club.given, arrows=False,
      wrong=sides != club.labels, strengths=shares.view(2, 78).mean(dim=0))
show(figure, "What one GATv2 says. The thinner a line, the less its two members listen to each "
             "other, compared with an equal share. Dashed and crossed out: taken for the wrong "
             "side.")
tally()

# %% [markdown]
# Over twenty seeds (`python benchmarks/graphs.py karate --seeds 20`) GATv2 gets 0.966 of the 32 right (31 or 30 of them), GAT 0.942, equal weights 0.938, label propagation 0.969. In eleven of the trainings GATv2 learns to listen: an edge between the sides has 0.40 to 0.51 of the weight of one within a side. In the other nine it has 0.86 to 0.97, and nearly as many come out right: who your friends are tells your side, whichever of them you listen to. Nor is the lead safe. With weights of the usual size at the start (`--start 1`), GATv2 gets 0.934, GAT 0.895, equal weights again 0.938; with the labels of one member of each side drawn at random (`--draw`), 0.83, 0.84 and 0.89, label propagation 0.66.
#
# What is commonly said, that *attention makes graph networks better*, is half true: it does where a node must choose among its neighbours, provided that the score is able to choose.
#
# ## What to take along
#
# - A graph is a mask: targets are queries, sources are keys and values.
# - Edge by edge (gather, softmax over each neighbourhood, scatter) costs as many scores as there are edges.
# - A node without neighbours must give zeros, not NaN; and a node that is to know what it is needs a self-loop.
# - GAT's score is a number of the query plus a number of the key, so all queries rank keys alike. In GATv2, as in the dot product, the order depends on the query.
# - Where neighbours mostly agree, as friends do, equal weights do about as well; so does label propagation, if the labels told are those of the leaders.
#
# ## Five questions
#
# <details><summary>1. An edge goes from node 3 to node 7. Who has the query, and which cell of the mask is it?</summary>
#
# Node 7, the target, has the query: row 7, column 3.
# </details>
# <details><summary>2. Why do weights of 1 say nothing about the score, where a node has one neighbour?</summary>
#
# A softmax over one number is 1, whatever the number is.
# </details>
# <details><summary>3. Does a LeakyReLU of another slope make GAT dynamic?</summary>
#
# No: as long as the slope is positive, a larger sum stays larger, and the order of the keys is that of their own numbers.
# </details>
# <details><summary>4. Why does a graph need no positions, and a text does?</summary>
#
# The edges say who is whose neighbour. In the complete graph of a text everybody is, so nothing is said.
# </details>
# <details><summary>5. Two layers on the karate club: what can node 16 know of the president, four edges away?</summary>
#
# Nothing: each layer brings what is one edge further. The instructor, two edges away, is just in sight.
# </details>
#
# ## Where to read on
#
# Veličković et al. 2018, §2: the layer. Brody et al. 2022, §3 and §4: static and dynamic, and the look-up. Zachary 1977 on the club; Zhu et al. 2003 on label propagation. All in the [bibliography](bibliography.ipynb).
#
# The [exercises](../exercises/17_exercises_graph_attention.ipynb) ask for the mask of a graph, the softmax over neighbourhoods, both scores, attention edge by edge, and the share of the nodes that come out right. Then go on to [18 · Spatial attention](18_spatial_attention.ipynb).
