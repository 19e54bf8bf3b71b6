"""Attention weights of another kind: masked where nothing is to be masked, of one key alone, over everything."""

import ast
from collections.abc import Iterator

from selfattention.engine.comparison.changes.sites import New, Site, called

MASKS = (("triu(1)", "later places are masked, though they should not be"),
         ("tril(-1)", "earlier places are masked, though they should not be"),
         ("tril().triu()", "every place is hidden from itself"))


def masked(site: Site) -> Iterator[tuple[New, str]]:
    """A mask in a softmax that should have none."""
    if called(site.node) != "softmax" or not site.node.args:
        return
    scores, *rest = site.node.args
    for part, sentence in MASKS:
        hidden = _parsed(f"SCORES.masked_fill(torch.ones_like(SCORES, dtype=torch.bool).{part}, -torch.inf)", scores)
        yield ast.Call(site.node.func, [hidden, *rest], site.node.keywords), sentence


def one_alone(site: Site) -> Iterator[tuple[New, str]]:
    """The best place alone in place of a mixture, or all places alike."""
    if called(site.node) == "softmax" and site.node.args:
        scores = site.node.args[0]
        yield (_parsed("(SCORES == SCORES.amax(dim=-1, keepdim=True)).to(SCORES.dtype)", scores),
               "only the best place is taken, not a mixture")
        yield _parsed("torch.ones_like(SCORES) / SCORES.shape[-1]", scores), "all places have the same weight"
        yield _parsed("SCORES.exp()", scores), "exponentials are not divided by their sum"
        yield _parsed("SCORES / SCORES.sum(dim=-1, keepdim=True)", scores), "an exponential is left out"
        yield (_parsed("SCORES.flatten(-2).softmax(dim=-1).reshape(SCORES.shape)", scores),
               "a softmax runs over rows and columns together")


def _parsed(code: str, scores: ast.expr) -> ast.expr:
    """The code, with the scores in the place of their name."""
    class Put(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return scores if node.id == "SCORES" else node

    return Put().visit(ast.parse(code, mode="eval").body)
