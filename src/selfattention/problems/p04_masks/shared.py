"""What several exercises of this chapter share."""



def lengths_within(rng, size, count):
    """Different lengths of sentences in any order, of which the longest is `size`."""
    return rng.permutation([size, *(1 + rng.choice(size - 1, count - 1, replace=False))]).tolist()
