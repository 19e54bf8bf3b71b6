"""Which submissions look alike: a place for a teacher to look at, not a verdict.

The code of the answers is cut into tokens, names are forgotten, and every run of a few tokens becomes a number (as in
Schleimer, Wilkerson and Aiken 2003, without the thinning out). Runs that many students share say nothing: exercises are
short, and right answers resemble each other. Two submissions are alike when they share what hardly anybody else has.
"""

import io
import keyword
import tokenize
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import combinations

RUN = 9  # tokens
MOST_KEPT = 2000  # numbers of one submission
RARE_SHARE = 0.1  # of the class
MOST_OWNERS = 8
SMALLEST_CLASS = 5  # in a smaller one nothing is rare
LINE, SOURCE = 200, 50_000  # characters that are looked at, of a line and of a submission
FEWEST_SHARED = 12
ALIKE = 0.8
IGNORED = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING}


def fingerprints(sources: Iterable[str]) -> list[int]:
    """The runs of tokens in some pieces of code, as numbers; code that is no Python gives what could be read of it."""
    found: set[int] = set()
    sources = list(sources)
    for source in sources:
        tokens: list[str] = []
        source = "\n".join(line[:LINE] for line in source.splitlines())  # tokenize is slow on some long lines
        source = source[:SOURCE // len(sources)]
        try:
            for token in tokenize.generate_tokens(io.StringIO(source).readline):
                if token.type not in IGNORED:
                    is_name = token.type == tokenize.NAME and not keyword.iskeyword(token.string)
                    tokens.append("name" if is_name else token.string)
        except Exception:  # each Python has its own ways to say that this is none
            pass
        found |= {zlib.crc32(" ".join(tokens[at:at + RUN]).encode("utf-8", "replace"))
                  for at in range(len(tokens) - RUN + 1)}
    return sorted(found)[:MOST_KEPT]


def alike(submissions: dict[str, list[int]]) -> list[tuple[float, str, str]]:
    """Pairs that share most of what is rare in the class: how much of it (0 to 1), and both names; the most first.

    A rare run is looked up in an index, so the cost grows with the number of submissions, not of pairs.
    """
    if len(submissions) < SMALLEST_CLASS:
        return []
    owners = defaultdict(list)
    for name, runs in submissions.items():
        for run in runs:
            owners[run].append(name)
    most = max(2, min(MOST_OWNERS, round(RARE_SHARE * len(submissions))))
    own: Counter[str] = Counter()
    shared: Counter[tuple[str, str]] = Counter()
    for names in owners.values():
        if len(names) <= most:
            own.update(names)
            shared.update(combinations(sorted(names), 2))
    found = [(count / max(own[one], own[other]), one, other)
             for (one, other), count in shared.items() if count >= FEWEST_SHARED]
    return sorted((pair for pair in found if pair[0] >= ALIKE), key=lambda pair: (-pair[0], pair[1:]))
