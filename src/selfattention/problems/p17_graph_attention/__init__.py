r"""# Exercises 17: graph attention

A graph says who reads whom. From its edges to a mask, the softmax over each node's neighbours, the scores of GAT and
GATv2, and all of it edge by edge. Read lesson [17](../notebooks/17_graph_attention.ipynb) first.
"""
