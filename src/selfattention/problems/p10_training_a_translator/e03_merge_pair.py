from selfattention.engine import exercise, probes
from selfattention.problems.p10_training_a_translator.shared import letters


@exercise(points=2, minutes=10, builds_on="exercise 2", hints=(
    "Walk along each word and build a new list. At each step, do you look at one symbol, or at two?",
    "When you have found the pair, how far must you move on? And what is there to look at in the last step?",
))
def merge_pair(words: list[list[str]], pair: tuple[str, str]) -> list[list[str]]:
    """Do one merge of byte-pair encoding: join a pair of symbols wherever it occurs.

    Each word is a list of symbols. Walk through it from left to right. Where `pair[0]` comes directly before `pair[1]`,
    put one new symbol in their place: the two texts joined. A symbol takes part in one merge at most. Return a list of
    all words, changed or not, in the same order; leave `words` itself as it is (Sennrich et al. 2016, algorithm 1).
    """
    merged = []
    for word in words:
        new = []
        for symbol in word:
            if new and (new[-1], symbol) == pair:
                new[-1] += symbol
            else:
                new.append(symbol)
        merged.append(new)
    return merged


merge_pair.example([list("newest"), list("low"), list("sees"), list("essence")], ("e", "s"))


def merges(answer, words, pair):
    """Held against a recursion: what stands first is merged or not, then comes the rest."""
    def merge(word):
        if word[:2] == [*pair]:
            return ["".join(pair), *merge(word[2:])]
        return word[:1] + merge(word[1:]) if word else []
    probes.equal(answer(words, pair), [merge(word) for word in words], "the words differ")


@merge_pair.check("merges at every place, from left to right",
                  hint="By hand, what does merging a, a make of a, a, a? And merging a, b of a, b, c, a, b?")
def merges_everywhere(answer, rng):
    a, b, c = letters(rng, 3)
    merges(answer, [[a, b, c, a, b], [b, a, b, a, b], [a, b]], (a, b))
    for length in (3, 4, 5):
        merges(answer, [[a] * length, [b, *[a] * length, c]], (a, a))
    words = [[str(symbol) for symbol in rng.choice([a, b, c], size=size)] for size in (11, 7, 5, 3)]
    merges(answer, words, (a, b))
    merges(answer, words, (c, c))


@merge_pair.check("merges only these two whole symbols, in this order",
                  hint="Is \"th\", \"e\" the pair \"h\", \"e\"? Is \"e\", \"h\"?")
def whole_symbols(answer, rng):
    a, b, c, d, e = letters(rng, 5)
    merges(answer, [[c, a, b], [d + a, b], [a, b + e], [d + a, b + e], [a, b]], (a, b))
    merges(answer, [[a, b + c], [a + b, c], [d, a + b, c, e]], (a, b + c))
    merges(answer, [[b, a], [c, b, a, b], [a, c, b]], (a, b))
    merges(answer, [[a, "."], [a, b], [".", "."]], (a, "."))  # signs that mean something in a regular expression
    merges(answer, [[b, "(", ")"], ["(", a]], ("(", ")"))


@merge_pair.check("leaves words without the pair as they are",
                  hint="How many letters does a word have before your merge, and after it?")
def leaves_alone(answer, rng):
    a, b, c, d = letters(rng, 4)
    merges(answer, [[a], [b + c], [d, c, b], [a, c], [a, b]], (a, b))
    merges(answer, [[c, d, a]], (a, b))


def walked(words, found, last=1):
    """Each word from left to right, up to its `last` symbol; where `found(left, right)`, the two are joined."""
    result = []
    for word in words:
        new, at = [], 0
        while at <= len(word) - last:
            two = word[at:at + 2]
            joined = len(two) == 2 and found(*two)
            new.append("".join(two) if joined else word[at])
            at += 2 if joined else 1
        result.append(new)
    return result


@merge_pair.mistake("merges only the first place in each word", hint="What happens to the last two of a, b, c, a, b?")
def first_place(words, pair):
    result = []
    for word in words:
        at = next((i for i in range(len(word)) if tuple(word[i:i + 2]) == pair), None)
        result.append(list(word) if at is None else [*word[:at], "".join(pair), *word[at + 2:]])
    return result


@merge_pair.mistake("replaces text, and with it parts of longer symbols",
                    hint="With `replace`, what happens to the symbols \"th\", \"e\" when \"h\", \"e\" is merged?")
def replaced(words, pair):
    return [" ".join(word).replace(" ".join(pair), "".join(pair)).split() for word in words]


@merge_pair.mistake("uses a symbol in two merges", hint="How many letters go into a, a, a? How many come out?")
def used_twice(words, pair):
    return [["".join(pair) if tuple(word[i:i + 2]) == pair else symbol for i, symbol in enumerate(word)
             if tuple(word[i:i + 2]) == pair or tuple(word[i - 1:i + 1]) != pair] for word in words]


@merge_pair.mistake("leaves the right symbol of a merged pair in the word",
                    hint="How many letters does a word have before and after your merge? Where does the walk go on?")
def right_symbol_left(words, pair):
    return [["".join(pair) if tuple(word[i:i + 2]) == pair else symbol for i, symbol in enumerate(word)]
            for word in words]


@merge_pair.mistake("loses the last symbol of a word",
                    hint="How many letters does a word have before and after your merge? Where does the walk end?")
def last_symbol_lost(words, pair):
    return walked(words, lambda left, right: (left, right) == pair, last=2)


@merge_pair.mistake("merges what reads like the pair when joined",
                    hint="Is \"ab\", \"c\" the pair \"a\", \"bc\"? What does your code compare?")
def joined_alike(words, pair):
    return walked(words, lambda left, right: left + right == "".join(pair))


@merge_pair.mistake("merges the pair in either order", hint="Is \"e\", \"s\" in a word the same as \"s\", \"e\"?")
def either_way(words, pair):
    return walked(words, lambda left, right: pair in ((left, right), (right, left)))


@merge_pair.mistake("merges from right to left", hint="Which two of a, a, a are merged in your code?")
def from_the_right(words, pair):
    turned = walked([word[::-1] for word in words], lambda right, left: (left, right) == pair)
    return [["".join(pair) if symbol == pair[1] + pair[0] else symbol for symbol in word[::-1]] for word in turned]


@merge_pair.mistake("shortens a word while it walks along it",
                    hint="`range(len(word))` was made before the merge. How long is the word after it?")
def shortened_on_the_way(words, pair):
    result = [list(word) for word in words]
    for word in result:
        for i in range(len(word) - 1):
            if (word[i], word[i + 1]) == pair:
                word[i:i + 2] = ["".join(pair)]
    return result


@merge_pair.mistake("never finds the pair",
                    hint="What is the type of a slice of a word, and what is the type of `pair`?")
def never_found(words, pair):
    return walked(words, lambda left, right: [left, right] == pair)


@merge_pair.alternative("a regular expression, as in the paper")
def by_expression(words, pair):
    import re

    whole = re.compile(r"(?<!\S)" + re.escape(" ".join(pair)) + r"(?!\S)")
    return [whole.sub("".join(pair), " ".join(word)).split(" ") for word in words]
