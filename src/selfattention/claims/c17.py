"""What chapter 17 claims of graphs: what one lonely node does, what GAT cannot rank, and what attention gains."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "text-as-graph": stated(
        "a text is a graph: attention with a mask is attention over the edges that the mask allows",
        "{edges} edges for 12 tokens with a causal mask; largest difference from attention with the mask: {causal}, "
        "without one, over all 144 edges: {complete}",
        guess="edges", unit="edges", edges=Limits(digits=0, exactly=78), causal=Limits(below=1e-12),
        complete=Limits(below=1e-12)),
    "isolated-node": stated(
        "a softmax over no neighbours spoils the whole layer, though the loss never asks for that node",
        "weights of the projection whose gradient is NaN: {naive} % with the plain softmax, {safe} % edge by edge",
        guess="naive", unit="%", naive=Limits(digits=0, exactly=100),
        safe=Limits(digits=0, exactly=0)),
    "static-ranking": stated(
        "GAT ranks the keys alike for every query, whatever its weights are; GATv2 does not, nor does the dot product",
        "different orders of 100 keys among 100 queries, with random weights: GAT {gat}, GATv2 {gatv2}, dot product "
        "{dot}",
        guess="gat", unit="orders", gat=Limits(digits=0, exactly=1),
        gatv2=Limits(digits=0, above=90), dot=Limits(digits=0, above=90)),
    "lookup": stated(
        "where each query needs a key of its own, GAT learns next to nothing and GATv2 all",
        "right: GAT {gat}, GATv2 {gatv2}; a guess among the 8 values that are there, {blind}",
        guess="gat", gat=Limits(below=0.2), gatv2=Limits(above=0.9), blind=Limits(digits=2)),
    "karate-club": stated(
        "one label a side tells nearly all members apart; attention is hardly better there than equal weights",
        "of the 32 other members, right: GATv2 {gatv2}, equal weights {equal}, the difference {gained} (medians of "
        "three trainings); label propagation {propagation}",
        guess="gatv2", gatv2=Limits(above=0.9), equal=Limits(above=0.9), propagation=Limits(digits=2, above=0.9),
        gained=Limits(above=-0.1, below=0.1)),
}
