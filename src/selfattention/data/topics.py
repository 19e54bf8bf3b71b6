"""The English that every CPython carries: its language reference, as `help()` shows it (`pydoc_data.topics`).

Python's licence, the PSF's, is that of the text. Versions of Python differ in it, so figures measured on it do, too.
"""

import hashlib
import re
from functools import lru_cache
from typing import NamedTuple

from selfattention.data.characters import Split
from selfattention.data.fetch import NotFetched

HEADING = re.compile(r"^(\S.*)\n([*=\-~^])\2{2,}\n", re.MULTILINE)


class Section(NamedTuple):
    """A heading with what stands below it, up to the next heading."""

    title: str
    text: str


@lru_cache
def sections() -> tuple[Section, ...]:
    """The sections of all topics, by topic; what stands in several topics is there once, and empty ones are not.

    Raises:  NotFetched: this Python carries no such text.
    """
    try:
        from pydoc_data.topics import topics
    except ImportError:
        raise NotFetched("this Python has no pydoc_data.topics, the text behind help(): take one from python.org, "
                         "conda or your system") from None
    found: dict[str, Section] = {}
    for name in sorted(topics):
        text = topics[name]
        starts = [match.start() for match in HEADING.finditer(text)]
        if starts[:1] != [0]:  # a topic that begins without a heading
            starts.insert(0, 0)
        for start, end in zip(starts, [*starts[1:], len(text)]):
            section = text[start:end].strip()
            body = " ".join(HEADING.sub("", section + "\n", count=1).split())
            if body:  # the same section is underlined in another way where it is part of a larger one
                found.setdefault(body, Section(section.partition("\n")[0], section))
    return tuple(found.values())


def split(share: float = 0.1) -> Split:
    """Sections to learn from and sections held out, which are about `share` of all characters.

    Titles are put in the order of a digest, and held out while there is room. So the choice looks random, is the same
    everywhere, and in nearly the same sections in all versions of Python; sections of one title stay together.

    Raises:  ValueError: `share` is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise ValueError(f"a share of {share} held out: choose one between 0 and 1, such as 0.1")
    every = sections()
    sizes: dict[str, int] = {}
    for section in every:
        sizes[section.title] = sizes.get(section.title, 0) + len(section.text)
    room, held_out = share * sum(sizes.values()), set()
    for title in sorted(sizes, key=_digest):
        if sizes[title] <= room:
            held_out.add(title)
            room -= sizes[title]
    return Split(*("\n\n".join(section.text for section in every if (section.title in held_out) is held)
                   for held in (False, True)))


def _digest(title: str) -> str:
    return hashlib.sha256(f"topics{title}".encode()).hexdigest()
