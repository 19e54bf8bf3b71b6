"""A kind of exception, and the shapes in a message."""

import re
from collections.abc import Callable
from dataclasses import dataclass

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Kind:
    """Known by its message, which is all that crosses the door; and by the learner's line, where `line` is given.

    `hint` has the groups of the message in it, as `{name}`; or it is a function of what was found, which may give an
    empty string where this is none of its kind after all.
    """

    message: str
    hint: str | Callable[[re.Match], str]
    line: str = ""

    def told(self, message: str, line: str) -> str:
        """The hint for this message, or an empty string."""
        found = re.search(self.message, message)
        if found is None or (self.line and re.search(self.line, line) is None):
            return ""
        return self.hint.format(**found.groupdict()) if isinstance(self.hint, str) else self.hint(found)


def shapes(text: str) -> list[Shape]:
    """All shapes in a text, written (3, 5) or [3, 5] or 3x5."""
    return [tuple(map(int, re.findall(r"\d+", found)))
            for found in re.findall(r"\([\d, ]*\)|\[[\d, ]*\]|\d+(?:x\d+)+", text)]


def written(shape: Shape) -> str:
    """A shape as Python writes it."""
    return f"`{tuple(shape)}`"
