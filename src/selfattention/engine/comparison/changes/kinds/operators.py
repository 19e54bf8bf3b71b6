"""Another operation, its sides exchanged, one of them left out, brackets elsewhere."""

import ast
from collections.abc import Iterator

from selfattention.engine.comparison.changes.sites import New, Site, called, number_of

ONLY_IN_THE_SOLUTION = True
NEIGHBOURS = {
    ast.Add: ((ast.Sub, "something is subtracted instead of added"), (ast.Mult, "a sum is replaced by a product")),
    ast.Sub: ((ast.Add, "something is added instead of subtracted"),),
    ast.Mult: ((ast.Div, "something is divided instead of multiplied"),
               (ast.Add, "a product is replaced by a sum"),
               (ast.MatMult, "an elementwise product is replaced by a matrix product")),
    ast.Div: ((ast.Mult, "something is multiplied instead of divided"), (ast.FloorDiv, "a division is rounded down "
                                                                                        "to whole numbers")),
    ast.FloorDiv: ((ast.Div, "a division is not rounded down to whole numbers"), (ast.Mod, "a quotient is replaced by "
                                                                                  "a remainder"),
                   (ast.Mult, "something is multiplied instead of divided")),
    ast.Mod: ((ast.FloorDiv, "a remainder is replaced by a quotient"),),
    ast.Pow: ((ast.Mult, "a power is replaced by a product"),),
    ast.MatMult: ((ast.Mult, "a matrix product is replaced by an elementwise product"),),
    ast.BitAnd: ((ast.BitOr, "one condition is enough where both must hold"),
                 (ast.BitXor, "exactly one of two conditions is asked for")),
    ast.BitOr: ((ast.BitAnd, "both conditions must hold where one is enough"),),
}
SIDES = {ast.Sub: "the sides of a subtraction are exchanged", ast.Div: "the sides of a division are exchanged",
         ast.FloorDiv: "the sides of a division are exchanged", ast.Mod: "the sides of a division are exchanged",
         ast.Pow: "base and exponent are exchanged", ast.MatMult: "the sides of a matrix product are exchanged"}
PARTS = {ast.Add: "a term", ast.Sub: "a subtraction", ast.Mult: "a factor", ast.Div: "a division",
         ast.FloorDiv: "a division", ast.Mod: "a remainder", ast.Pow: "a power", ast.MatMult: "a matrix product",
         ast.BitAnd: "a condition", ast.BitOr: "a condition"}


def another_operation(site: Site) -> Iterator[tuple[New, str]]:
    """An operation in place of its neighbour."""
    node = site.node
    if isinstance(node, ast.BinOp):
        for kind, sentence in NEIGHBOURS.get(type(node.op), ()):
            yield ast.BinOp(node.left, kind(), node.right), sentence


def sides_exchanged(site: Site) -> Iterator[tuple[New, str]]:
    """`b - a` in place of `a - b`."""
    node = site.node
    if isinstance(node, ast.BinOp) and type(node.op) in SIDES:
        yield ast.BinOp(node.right, node.op, node.left), SIDES[type(node.op)]


def side_left_out(site: Site) -> Iterator[tuple[New, str]]:
    """A term, a factor or a division that is missing."""
    node = site.node
    if isinstance(node, ast.BinOp) and type(node.op) in PARTS:
        part = PARTS[type(node.op)]
        for kept, lost in ((node.left, node.right), (node.right, node.left)):
            named = f" (`{lost.id}`)" if site.is_parameter(lost) else ""
            yield kept, f"{part}{named} is left out"


def brackets_elsewhere(site: Site) -> Iterator[tuple[New, str]]:
    """`a / b * c` in place of `a / (b * c)`, `d ** 1 / 2` in place of `d ** (1 / 2)`."""
    node = site.node
    if not isinstance(node, ast.BinOp):
        return
    left, right = node.left, node.right
    sentence = "brackets are in other places, or missing"
    if isinstance(left, ast.BinOp) and type(left.op) is not type(node.op):
        yield ast.BinOp(left.left, left.op, ast.BinOp(left.right, node.op, right)), sentence
    if isinstance(right, ast.BinOp) and not (type(right.op) is type(node.op) and isinstance(node.op, ast.Add)):
        yield ast.BinOp(ast.BinOp(left, node.op, right.left), right.op, right.right), sentence


def half_for_root(site: Site) -> Iterator[tuple[New, str]]:
    """`d ** 1 / 2` in place of `d ** (1 / 2)`, which is half of it, not its root."""
    node = site.node
    sentence = "half of a number is taken instead of its root: brackets are missing in a power"
    halved = _rooted(node)
    if halved is not None:
        yield ast.BinOp(halved, ast.Div(), ast.Constant(2)), sentence
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _rooted(node.right) is not None:
        whole = ast.BinOp(node.left, ast.Div(), _rooted(node.right))
        yield (ast.BinOp(whole, ast.Div(), ast.Constant(2)),
               "twice a number is taken instead of its root: brackets are missing in a power")


def _rooted(node: ast.AST) -> ast.expr | None:
    """What the root is taken of."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and number_of(node.right) == 0.5:
        return node.left
    return node.args[0] if called(node) == "sqrt" and len(node.args) == 1 else None


def sign(site: Site) -> Iterator[tuple[New, str]]:
    """A minus or a `not` that is missing, or one too many."""
    node = site.node
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield node.operand, "a minus is left out"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Invert, ast.Not)):
        yield node.operand, "true and false are exchanged"
    elif isinstance(node, ast.Call) or (isinstance(node, ast.BinOp) and not isinstance(site.parent, ast.UnaryOp)):
        yield ast.UnaryOp(ast.USub(), node), "there is a minus where none belongs"


def added_in_place(site: Site) -> Iterator[tuple[New, str]]:
    """`=` in place of `+=`, and the other way round."""
    node = site.node
    if isinstance(node, ast.AugAssign):
        yield ast.Assign([node.target], node.value), "something is overwritten, not added to"
        for kind, _ in NEIGHBOURS.get(type(node.op), ())[:1]:
            yield ast.AugAssign(node.target, kind(), node.value), dict(NEIGHBOURS[type(node.op)])[kind]
