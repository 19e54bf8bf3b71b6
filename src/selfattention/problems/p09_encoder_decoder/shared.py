"""What several exercises of this chapter share."""

import torch


def sentences(rng, lengths, width, vocab=17):
    """Words from 3 on, filled up with 0 at the end."""
    words = torch.from_numpy(rng.integers(3, vocab, size=(len(lengths), width)))
    return words.masked_fill(torch.arange(width) >= torch.tensor(lengths)[:, None], 0)


def real(lengths, width):
    return (torch.arange(width) < torch.tensor(lengths)[:, None])[:, None]


def written(source, next_logits, most, *, first=1, padded=True, choose=torch.argmax, place=-1, last_only=False,
            enough=torch.all):
    """The solution with one thing to be changed at a time."""
    tokens = torch.full((len(source), 1), first)
    over = torch.zeros(len(source), dtype=torch.bool)
    for _ in range(most):
        best = choose(next_logits(source, tokens[:, -1:] if last_only else tokens)[:, place], dim=-1)
        tokens = torch.cat([tokens, (best.masked_fill(over, 0) if padded else best)[:, None]], dim=1)
        over = over | (best == 2)
        if enough(over):
            break
    return tokens[:, 1:]
