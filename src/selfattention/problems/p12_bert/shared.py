"""What several exercises of this chapter share."""

import torch


def texts(rng, lengths, width, vocab=29):
    """[CLS], so many words from 5 on, [SEP], then padding."""
    tokens = torch.from_numpy(rng.integers(5, vocab, size=(len(lengths), width)))
    ends = torch.tensor(lengths)[:, None] + 1
    places = torch.arange(width)
    tokens = tokens.masked_fill(places == ends, 2).masked_fill(places > ends, 0)
    tokens[:, 0] = 1
    return tokens


def halves(rng, lengths, width):
    """Segments: 0 up to some place of each text, 1 from there to its end, and 0 in the padding."""
    begins = torch.tensor([int(rng.integers(1, length + 1)) for length in lengths])[:, None]
    places, ends = torch.arange(width), torch.tensor(lengths)[:, None] + 1
    return ((places > begins) & (places <= ends)).long()


def distinct(rng, rows, width):
    """Random numbers from 0 to 1, no two of a row near each other."""
    steps = torch.stack([torch.from_numpy(rng.permutation(width)) for _ in range(rows)])
    return (steps + torch.from_numpy(rng.uniform(0.1, 0.9, size=(rows, width)))) / width
