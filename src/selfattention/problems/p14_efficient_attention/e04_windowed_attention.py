from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.p14_efficient_attention.shared import ATTENTION, three, whole


@exercise(points=4, minutes=15, builds_on="lesson 14, windows, and exercise 4 of chapter 04", ready_made=ATTENTION,
          hints=(
    "Draw the mask of the whole text for 6 tokens and a window of 3, and cut its rows into two blocks of 3. Which "
    "columns does each block need?",
    "The first query of a block sees furthest back. Which is its first key? The last query sees furthest ahead.",
    "The mask of a block asks where tokens stand in the whole text. At which place does the block's first key stand?",
))
def windowed_attention(queries: Float[Tensor, "tokens d_k"], keys: Float[Tensor, "tokens d_k"],
                       values: Float[Tensor, "tokens d_v"], window: int,
                       attend: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]) -> Float[Tensor, "tokens d_v"]:
    r"""Let each query see its own key and the `window` − 1 keys before it, a block of queries at a time.

    `attend(queries, keys, values, mask)` is given, and does the attention: the mask (queries, keys) is `True` where a
    query may attend. But it has room for `window` queries and 2 · `window` keys at most, and refuses more with a
    ValueError. So call it for `window` queries at once (the last time for those that are left), with the keys
    that any of them sees, and put its outputs together. The text may be shorter than the window, and need not be a
    multiple of it.
    """
    outputs = []
    for first in range(0, len(queries), window):
        end, start = min(first + window, len(queries)), max(0, first - window + 1)
        places, seen = torch.arange(first, end)[:, None], torch.arange(start, end)
        mask = (seen <= places) & (seen > places - window)
        outputs.append(attend(queries[first:end], keys[start:end], values[start:end], mask))
    return torch.cat(outputs)


def room_for(window):
    """Attention that has room for so many queries, and twice as many keys."""
    def attend(queries, keys, values, mask):
        if len(queries) > window or len(keys) > 2 * window:
            raise ValueError(f"{len(queries)} queries and {len(keys)} keys, but there is room for {window} and "
                             f"{2 * window}")
        return whole(queries, keys, values, mask)

    attend.__doc__ = f"Attention with room for {window} queries and {2 * window} keys."
    return attend


windowed_attention.example(torch.zeros(4, 1), torch.zeros(4, 1), torch.tensor([[1.5], [10.0], [100.0], [1000.0]]), 2,
                           room_for(2))
windowed_attention.example(torch.tensor([[1.0], [-1.0], [0.0], [2.0], [1.0]]),
                           torch.tensor([[0.0], [1.0], [0.5], [1.0], [0.0]]),
                           torch.tensor([[1.0], [2.5], [4.0], [8.0], [16.0]]), 3, room_for(3))


def one_by_one(queries, keys, values, window):
    """Each query alone, with its own keys."""
    rows = [whole(queries[[place]], keys[max(0, place - window + 1):place + 1],
                  values[max(0, place - window + 1):place + 1]) for place in range(len(queries))]
    return torch.cat(rows)


@windowed_attention.check("gives each query its own window",
                          hint="Take the query at place 4 and a window of 3: which three keys does it see? And which "
                               "is the first query of its block?")
def own_window(answer, rng):
    for tokens, window in ((9, 3), (8, 2), (20, 5)):
        given = three(rng, tokens, tokens)
        probes.equal(answer(*given, window, room_for(window)), one_by_one(*given, window))


@windowed_attention.check("works where the last block is shorter, and where the text is shorter than the window",
                          hint="11 tokens in blocks of 4: where does the last block begin, and where does it end?")
def shorter(answer, rng):
    for tokens, window in ((11, 4), (7, 5), (3, 7), (1, 2), (1, 1), (5, 1)):
        given = three(rng, tokens, tokens)
        probes.equal(answer(*given, window, room_for(window)), one_by_one(*given, window))


@windowed_attention.check("leaves the attention to `attend`", hint="Where is `attend` called in your code?")
def by_attend(answer, rng):
    room, given = room_for(3), three(rng, 8, 8)
    probes.equal(answer(*given, 3, lambda *some: 2 * room(*some)), 2 * one_by_one(*given, 3),
                 "`attend` gave something else here, but the result is the usual one")


@windowed_attention.check("lets a token be seen by its window alone",
                          hint="Change one token. Which outputs may change: how many, and which is the first?")
def by_its_window_alone(answer, rng):
    tokens, window = 13, 3
    queries, keys, values = three(rng, tokens, tokens)
    before = answer(queries, keys, values, window, room_for(window))
    for place in (2, 5, 9):
        changed = values.clone()
        changed[place] += 10.0
        after = answer(queries, keys, changed, window, room_for(window))
        seen = torch.zeros(tokens, dtype=torch.bool)
        seen[place:place + window] = True
        moved = ((after - before).abs() > 1e-4).any(dim=1)
        probes.equal(moved, seen, "other outputs moved when one value was changed")


def by_blocks(queries, keys, values, window, attend, *, back=0, ahead=0, reach=0, causal=True, shifted=0, far=True):
    """The solution with one thing to be changed at a time."""
    outputs = []
    for first in range(0, len(queries), window):
        end, start = min(first + window, len(queries)), max(0, first - window + 1 + back)
        places, seen = torch.arange(first, end)[:, None] + shifted * (start - first), torch.arange(start, end)
        mask = torch.ones(end - first, end - start, dtype=torch.bool)
        if causal:
            mask = mask & (seen <= places + ahead)
        if far:
            mask = mask & (seen > places - window + reach)
        outputs.append(attend(queries[first:end], keys[start:end], values[start:end], mask))
    return torch.cat(outputs)


@windowed_attention.mistake("does the attention itself, with all scores in one table",
                            hint="Which function is given to you, and for how many queries at once?")
def by_itself(queries, keys, values, window, attend):
    places = torch.arange(len(queries))
    far = places[:, None] - places
    return whole(queries, keys, values, (far >= 0) & (far < window))


@windowed_attention.mistake("asks for all scores at once, and masks them afterwards",
                            hint="How many scores does a text of 10,000 tokens have, and how many of them does a "
                                 "window of 10 need?")
def all_at_once(queries, keys, values, window, attend):
    places = torch.arange(len(queries))
    away = places[:, None] - places
    return attend(queries, keys, values, (away >= 0) & (away < window))


@windowed_attention.mistake("gives every block all keys before it",
                            hint="Which keys does the first query of a block not see any more?")
def all_before(queries, keys, values, window, attend):
    return by_blocks(queries, keys, values, window, attend, back=-len(queries))


@windowed_attention.mistake("gives every block all keys of the text",
                            hint="How many keys does a block of queries see, all its windows together?")
def all_of_the_text(queries, keys, values, window, attend):
    away = torch.arange(len(queries))[:, None] - torch.arange(len(keys))
    masks = ((away >= 0) & (away < window)).split(window)
    return torch.cat([attend(asked, keys, values, mask) for asked, mask in zip(queries.split(window), masks)])


@windowed_attention.mistake("looks into its own block alone",
                            hint="The first query of a block: does it see any key but its own?")
def own_block(queries, keys, values, window, attend):
    return by_blocks(queries, keys, values, window, attend, back=window - 1)


@windowed_attention.mistake("has a window that is one too wide",
                            hint="Count the keys that one query sees, its own included.")
def one_too_wide(queries, keys, values, window, attend):
    return by_blocks(queries, keys, values, window, attend, back=-1, reach=-1)


@windowed_attention.mistake("has a window that is one too narrow",
                            hint="Count the keys that one query sees, its own included.")
def one_too_narrow(queries, keys, values, window, attend):
    return by_blocks(queries, keys, values, window, attend, reach=1 if window > 1 else 0)


@windowed_attention.mistake("lets queries see the later tokens of their block",
                            hint="Which side of the mask have you cut off: the far past, the future, or both?")
def later_seen(queries, keys, values, window, attend):
    return by_blocks(queries, keys, values, window, attend, causal=False)


@windowed_attention.mistake("lets queries see all keys of their stretch that are not later",
                            hint="The last query of a block: how many keys does it see?")
def all_of_the_stretch(queries, keys, values, window, attend):
    return by_blocks(queries, keys, values, window, attend, far=False)


@windowed_attention.mistake("counts queries and keys of a block from the same place",
                            hint="Row 0 of a block's mask is its first query, column 0 its first key. Do the two stand "
                                 "at the same place in the text?")
def same_place(queries, keys, values, window, attend):
    outputs = []
    for first in range(0, len(queries), window):
        end, start = min(first + window, len(queries)), max(0, first - window + 1)
        rows, columns = torch.arange(end - first)[:, None], torch.arange(end - start)
        mask = (columns <= rows) & (columns > rows - window)
        outputs.append(attend(queries[first:end], keys[start:end], values[start:end], mask))
    return torch.cat(outputs)


@windowed_attention.mistake("hides each token from itself",
                            hint="Does a query see its own key? What does the prompt say?")
def not_itself(queries, keys, values, window, attend):
    places = torch.arange(len(queries))
    away = places[:, None] - places
    mask = (away > 0) & (away < window)
    mask = mask | ((away == 0) & ~mask.any(dim=1, keepdim=True))  # or softmax has nothing to work on
    return torch.cat([attend(queries[first:first + window], keys[max(0, first - window + 1):first + window],
                             values[max(0, first - window + 1):first + window],
                             mask[first:first + window, max(0, first - window + 1):first + window])
                      for first in range(0, len(queries), window)])


@windowed_attention.mistake("leaves out the tokens that do not fill a block",
                            hint="How many outputs has a text of 11 tokens?")
def last_left_out(queries, keys, values, window, attend):
    whole_blocks = max(1, len(queries) // window) * window
    return by_blocks(queries[:whole_blocks], keys, values, window, attend)


@windowed_attention.alternative("padded, so that all blocks are alike")
def padded(queries, keys, values, window, attend):
    tokens, more = len(queries), -len(queries) % window
    keys, values = (torch.nn.functional.pad(part, (0, 0, window, more)) for part in (keys, values))
    queries = torch.nn.functional.pad(queries, (0, 0, 0, more))
    columns, rows = torch.arange(2 * window), torch.arange(window)[:, None]
    outputs = []
    for block, asked in enumerate(queries.split(window)):
        mask = (columns > rows) & (columns <= rows + window) & (columns + (block - 1) * window >= 0)
        some = slice(block * window, (block + 2) * window)
        outputs.append(attend(asked, keys[some], values[some], mask))
    return torch.cat(outputs)[:tokens]


@windowed_attention.alternative("query by query")
def query_by_query(queries, keys, values, window, attend):
    rows = []
    for place in range(len(queries)):
        some = slice(max(0, place + 1 - window), place + 1)
        rows.append(attend(queries[place:place + 1], keys[some], values[some], torch.ones(1, len(keys[some])) == 1))
    return torch.cat(rows)
