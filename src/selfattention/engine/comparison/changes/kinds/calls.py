"""A step that is left out, done twice, or done by another function of its kind."""

import ast
from collections.abc import Iterator

from selfattention.engine.comparison.changes.sites import New, Site, called, is_method

KINDS = (
    {"sum": "a sum", "mean": "a mean", "max": "a maximum", "min": "a minimum", "amax": "a maximum", "prod": "a product",
     "amin": "a minimum", "median": "a median", "std": "a spread", "var": "a variance", "norm": "a norm"},
    {"argmax": "the place of the largest", "argmin": "the place of the smallest"},
    {"any": "whether any holds", "all": "whether all hold"},
    {"sin": "a sine", "cos": "a cosine", "tan": "a tangent"},
    {"relu": "a ReLU", "gelu": "a GELU", "sigmoid": "a sigmoid", "tanh": "a tanh", "abs": "a size without its sign",
     "silu": "a SiLU", "leaky_relu": "a leaky ReLU"},
    {"tril": "the lower triangle", "triu": "the upper triangle"},
    {"exp": "an exponential", "exp2": "a power of two", "log": "a logarithm", "log2": "a logarithm to base 2",
     "sqrt": "a square root", "square": "a square", "log1p": "a logarithm of one more",
     "expm1": "an exponential less one", "log10": "a logarithm to base 10", "reciprocal": "a reciprocal"},
    {"repeat_interleave": "repetition one by one", "repeat": "repetition of the whole", "tile": "repetition of the "
                                                                                                "whole"},
    {"softmax": "a softmax", "log_softmax": "a logarithm of a softmax", "sigmoid": "a sigmoid", "exp": "an exponential",
     "relu": "a ReLU"},
    {"zeros": "zeros", "ones": "ones"}, {"zeros_like": "zeros", "ones_like": "ones"},
    {"append": "appending", "extend": "extending", "insert": "inserting"},
    {"sorted": "sorting", "list": "keeping the order"}, {"min": "the smallest", "max": "the largest"},
    {"stack": "stacking", "cat": "joining end to end"}, {"set": "each once", "list": "each as often as it comes"},
    {"floor": "rounding down", "ceil": "rounding up", "round": "rounding"},
)
STEPS = {"softmax": "the softmax", "log_softmax": "the logarithm of the softmax", "exp": "an exponential",
         "log": "a logarithm", "sqrt": "a square root", "square": "a square", "transpose": "a transposition",
         "swapaxes": "a transposition", "masked_fill": "a mask", "where": "a choice", "relu": "the ReLU",
         "abs": "a size without its sign", "argmax": "the choice of the largest", "mean": "a mean", "sum": "a sum",
         "max": "a maximum", "min": "a minimum", "sorted": "sorting", "set": "taking each once",
         "flatten": "flattening", "unflatten": "cutting apart", "clone": "a copy", "tril": "the triangle",
         "gather": "picking", "scatter": "writing in a place", "layer_norm": "a layer norm", "repeat_interleave":
         "repetition", "int": "cutting to a whole number"}


def another_function(site: Site) -> Iterator[tuple[New, str]]:
    """A mean in place of a sum, a sine in place of a cosine."""
    node, name = site.node, called(site.node)
    for kind in KINDS:
        if name not in kind:
            continue
        for other, words in kind.items():
            if words == kind[name]:
                continue
            for new in _instead(node, other):
                yield new, f"{kind[name]} is replaced by {words}"


def _instead(node: ast.Call, name: str) -> list[ast.expr]:
    """The call by another name, with the same arguments; and as an operation on the first of them alone."""
    if not isinstance(node.func, ast.Attribute):
        return [ast.Call(ast.Name(name, ast.Load()), node.args, node.keywords)]
    found = [ast.Call(ast.Attribute(node.func.value, name, ast.Load()), node.args, node.keywords)]
    if name in ("sigmoid", "exp", "relu") and node.args and (len(node.args) > 1 or node.keywords):
        found.append(ast.Call(ast.Attribute(node.func.value, name, ast.Load()), node.args[:1], []))
    elif name == "median" and is_method(node):
        numpys = ast.Attribute(ast.Name("np", ast.Load()), name, ast.Load())
        found.append(ast.Call(numpys, [node.func.value, *node.args], node.keywords))
    elif name in ("gelu", "silu", "leaky_relu") and not is_method(node) and _root(node.func) == "torch":
        inner = ast.Attribute(ast.Attribute(ast.Name("torch", ast.Load()), "nn", ast.Load()), "functional", ast.Load())
        found = [ast.Call(ast.Attribute(inner, name, ast.Load()), node.args, node.keywords)]
    return found


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return getattr(node, "id", "")


def _through(node: ast.Call) -> ast.expr | None:
    """What a call takes in first."""
    if is_method(node):
        return node.func.value
    return node.args[0] if node.args and not isinstance(node.args[0], ast.Starred) else None


def _step(site: Site) -> str:
    if site.is_parameter(site.node.func):
        return f"`{site.node.func.id}`"
    return STEPS.get(called(site.node)) or "a step"


def step_left_out(site: Site) -> Iterator[tuple[New, str]]:
    """What goes in comes out."""
    node = site.node
    if isinstance(node, ast.Call):
        taken = [_through(node)]
        if site.is_parameter(node.func):
            taken = node.args
        for inner in taken:
            if inner is not None:
                yield inner, f"{_step(site)} is left out"
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        yield node.value, "a transposition is left out"


def step_twice(site: Site) -> Iterator[tuple[New, str]]:
    """A step that is done on its own result."""
    node = site.node
    if not isinstance(node, ast.Call):
        return
    if is_method(node):
        again = ast.Call(ast.Attribute(node, node.func.attr, ast.Load()), node.args, node.keywords)
        yield again, f"{_step(site)} is done twice"
    elif node.args:
        yield ast.Call(node.func, [node, *node.args[1:]], node.keywords), f"{_step(site)} is done twice"


def transposed(site: Site) -> Iterator[tuple[New, str]]:
    """A matrix that is turned where it should not be."""
    if isinstance(site.node, ast.Name) and isinstance(site.node.ctx, ast.Load) and isinstance(site.parent, ast.BinOp):
        named = f"`{site.node.id}`" if site.is_parameter(site.node) else "an intermediate result"
        if isinstance(site.parent.op, ast.MatMult):
            yield ast.Attribute(site.node, "T", ast.Load()), f"{named} is transposed"
