"""What several exercises of this chapter share."""


def letters(rng, number):
    """Different letters, in a random order."""
    return [chr(ord("a") + int(code)) for code in rng.permutation(26)[:number]]


def chosen(extended, width):
    best, places = extended.flatten().topk(width)
    return best, places // extended.shape[-1], places % extended.shape[-1]


WORDS = ("a", "dog", "runs", "on", "the", "wet", "grass")


def some_words(rng, number):
    return [WORDS[i] for i in rng.integers(len(WORDS), size=number)]


def translations(rng, *sentences):
    """Candidates and references that begin alike: for each sentence the words in common, then those of each."""
    candidates, references = [], []
    for common, of_candidate, of_reference in sentences:
        beginning = some_words(rng, common)
        candidates.append(beginning + some_words(rng, of_candidate))
        references.append(beginning + some_words(rng, of_reference))
    return candidates, references


def crossed_off(candidate, reference, n):
    """Each n-gram of the candidate crosses one off in the reference."""
    left = [reference[i:i + n] for i in range(len(reference) - n + 1)]
    found = there = 0
    for i in range(len(candidate) - n + 1):
        there += 1
        if candidate[i:i + n] in left:
            left.remove(candidate[i:i + n])
            found += 1
    return found, there
