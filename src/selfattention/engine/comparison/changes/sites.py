"""Places in a function's syntax tree where something can be changed, and what a change may know of the function."""

import ast
import inspect
import textwrap
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

New = ast.AST | list[ast.stmt]


@dataclass
class Source:
    """A function's syntax tree, without decorators, annotations and docstring."""

    function: Callable
    tree: ast.Module
    parameters: tuple[str, ...]
    names: tuple[str, ...]  # of parameters and of whatever it gives a name to
    imports: frozenset[str] = frozenset()  # the libraries that it loads itself

    @classmethod
    def of(cls, function: Callable) -> "Source":
        """Read a function's source.

        Raises:  OSError, TypeError: there is none to be read.
        """
        function = inspect.unwrap(function)  # its own names, not those of a decorator
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        definition = tree.body[0]
        if not isinstance(definition, ast.FunctionDef):
            raise TypeError(f"{function.__name__} is not written as a function")
        definition.decorator_list, definition.returns = [], None
        for inner in ast.walk(definition):
            if isinstance(inner, ast.arg):
                inner.annotation = None
        if ast.get_docstring(definition) is not None:
            del definition.body[0]
        parameters = tuple(arg.arg for arg in definition.args.args)
        bound = {node.id for node in ast.walk(definition) if isinstance(node, ast.Name)
                 and isinstance(node.ctx, ast.Store)}
        imports = frozenset(alias.name.partition(".")[0] for node in ast.walk(definition)
                            if isinstance(node, ast.Import) for alias in node.names)
        return cls(function, tree, parameters, (*parameters, *sorted(bound - {*parameters})), imports)

    def sites(self) -> Iterator["Site"]:
        """Every place in the body, from the outside to the inside."""
        yield from self._below(self.tree.body[0], ())

    def _below(self, node: ast.AST, around: tuple[ast.AST, ...]) -> Iterator["Site"]:
        for name, value in ast.iter_fields(node):
            if (isinstance(node, ast.FunctionDef) and name == "args") or isinstance(node, ast.Raise):
                continue  # neither names of arguments nor what an error says
            children = value if isinstance(value, list) else [value]
            for index, child in enumerate(children):
                if isinstance(child, ast.AST) and not isinstance(child, (ast.expr_context, ast.operator, ast.cmpop)):
                    yield Site(self, child, (node, *around), name, index if isinstance(value, list) else None)
                    yield from self._below(child, (node, *around))

    def compiled(self) -> Callable:
        """The function as the tree is now."""
        space: dict[str, Any] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python has opinions on code that nobody would write
            code = compile(self.tree, f"<{self.function.__name__}, changed>", "exec")
        exec(code, self.function.__globals__, space)
        return space[self.tree.body[0].name]


@dataclass
class Site:
    """One node: where it stands, and what stands around it, from the inside to the outside."""

    source: Source
    node: ast.AST
    around: tuple[ast.AST, ...]
    field: str
    index: int | None

    @property
    def parent(self) -> ast.AST:
        """What it stands in."""
        return self.around[0]

    def is_parameter(self, node: ast.AST | None) -> bool:
        """True where a node is the name of one of the function's parameters, which stands in the prompt."""
        return isinstance(node, ast.Name) and node.id in self.source.parameters

    def parameter_in(self, node: ast.AST) -> str:
        """"of `keys`" where exactly one parameter occurs in a node, else nothing."""
        found = {part.id for part in ast.walk(node) if self.is_parameter(part)}
        return f" of `{found.pop()}`" if len(found) == 1 else ""

    def put(self, new: New) -> Callable[[], None]:
        """Put something in the node's place; what is returned puts the node back."""
        if self.index is None:
            setattr(self.parent, self.field, new)
            return lambda: setattr(self.parent, self.field, self.node)
        nodes = getattr(self.parent, self.field)
        before = list(nodes)
        nodes[self.index:self.index + 1] = new if isinstance(new, list) else [new]

        def back() -> None:
            nodes[:] = before

        return back


@dataclass
class Change:
    """One thing changed in one place: of which kind, and what it does in words."""

    site: Site
    new: New
    kind: str
    sentence: str
    general: bool  # whether the sentence speaks of the task, not of the lines of one solution

    @property
    def code(self) -> str:
        """How the line reads before and after, for those who write exercises."""
        line = next(node for node in (self.site.node, *self.site.around) if isinstance(node, ast.stmt))
        before = ast.unparse(line)
        if line is self.site.node:
            after = code_of(self.new)
        else:
            back = self.site.put(self.new)
            after = ast.unparse(line)
            back()
        return f"{before} → {after}"

    def function(self, other: "Change | None" = None) -> Callable | None:
        """The changed function, with another change in another place where given; None where it does not compile."""
        backs = [change.site.put(change.new) for change in (other, self) if change]
        try:
            return self.site.source.compiled()
        except (SyntaxError, ValueError, TypeError):
            return None
        finally:
            for back in reversed(backs):
                back()


def number_of(node: ast.AST) -> int | float | None:
    """The number that is written there, with its sign; None where none is."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = number_of(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value
    return None


def called(node: ast.AST) -> str:
    """The last name of what is called: `sum` for `np.sum(x)`, `x.sum()` and `sum(x)`; an empty string for no call."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def is_method(node: ast.Call) -> bool:
    """True for `x.sum()`, False for `np.sum(x)` and `sum(x)`."""
    return isinstance(node.func, ast.Attribute) and not (
        isinstance(node.func.value, (ast.Name, ast.Attribute)) and _first(node.func.value) in MODULES)


def _first(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return getattr(node, "id", "")


MODULES = {"np", "torch", "math", "functional", "itertools", "numpy"}


def code_of(nodes: New) -> str:
    """How it reads in code."""
    return "; ".join(map(ast.unparse, nodes)) if isinstance(nodes, list) else ast.unparse(nodes)
