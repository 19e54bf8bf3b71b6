from selfattention.engine import exercise, probes


@exercise(points=3, minutes=12, builds_on="lesson 12, two texts at once", hints=(
    "How many places are left for words, when the three signs have theirs?",
    "Cut first, frame afterwards. Which of the two texts loses its last word, as long as both are too long together?",
    "Count the tokens up to and including the first [SEP]. What are their segments, and how many tokens come after?",
))
def frame_pair(first: list[int], second: list[int], width: int) -> tuple[list[int], list[int]]:
    """Put two texts between their signs, as BERT reads them, and say which token is of which.

    The tokens: [CLS] (1), the words of `first`, [SEP] (2), the words of `second`, [SEP], and padding (0) up to `width`.
    The segments: 0 up to the first [SEP] and for that sign too, 1 for the words of `second` and their [SEP], 0 for the
    padding. Where the words and the three signs are more than `width`, take words away one by one until they fit: each
    time the **last** word of the text that is longer now, and of `second` where both are equally long. Both texts have
    at least one word, and `width` is at least 5. Return two lists; the given ones must not change. (Devlin et al. 2019,
    figure 2; the way of cutting is that of their `run_classifier.py`.)
    """
    first, second = list(first), list(second)
    while len(first) + len(second) + 3 > width:
        (first if len(first) > len(second) else second).pop()
    tokens = [1, *first, 2, *second, 2]
    padding = [0] * (width - len(tokens))
    return tokens + padding, [0] * (len(first) + 2) + [1] * (len(second) + 1) + padding


frame_pair.example([7, 8], [9, 5, 6], 10)
frame_pair.example([7, 8, 9, 6], [5, 11], 7)


def words(rng, count):
    return rng.integers(5, 31, size=count).tolist()


def framed(answer, *cases):
    """Held against a frame that is filled place by place, and texts that are cut by counting."""
    replies = [answer(*case) for case in cases]
    for got, (first, second, width) in zip(replies, cases):
        ours, theirs = len(first), len(second)
        for _ in range(max(0, ours + theirs + 3 - width)):
            ours, theirs = (ours - 1, theirs) if ours > theirs else (ours, theirs - 1)
        tokens, segments = [0] * width, [0] * width
        tokens[0] = 1
        tokens[1:ours + 1], tokens[ours + 1] = first[:ours], 2
        tokens[ours + 2:ours + theirs + 2], tokens[ours + theirs + 2] = second[:theirs], 2
        for place in range(ours + 2, ours + theirs + 3):
            segments[place] = 1
        probes.equal(got[0], tokens, "the tokens differ")
        probes.equal(got[1], segments, "the segments differ")


@frame_pair.check("puts signs around both texts, and padding after them",
                  hint="Write the tokens of the first example by hand. Where is [CLS], and how many [SEP] are there?")
def signs_and_padding(answer, rng):
    framed(answer, (words(rng, 5), words(rng, 3), 13), (words(rng, 2), words(rng, 7), 17),
           (words(rng, 3), words(rng, 4), 11))


@frame_pair.check("needs no padding where the texts fill the width, and takes single words",
                  hint="When everything fits exactly, what is there to cut, and what to fill up?")
def just_full(answer, rng):
    framed(answer, (words(rng, 5), words(rng, 3), 11), (words(rng, 1), words(rng, 1), 5),
           (words(rng, 1), words(rng, 7), 11))


@frame_pair.check("cuts the longer text word by word until both fit",
                  hint="Cut the second example by hand: after each word, which text is the longer one now?")
def cuts_the_longer(answer, rng):
    framed(answer, (words(rng, 11), words(rng, 3), 13), (words(rng, 4), words(rng, 13), 12),
           (words(rng, 7), words(rng, 7), 12), (words(rng, 8), words(rng, 9), 13), (words(rng, 9), words(rng, 8), 12),
           (words(rng, 3), words(rng, 2), 5))


def cut(first, second, width, longer=lambda one, other: one > other):
    """Both texts, cut until they fit; `longer` says of two lengths whether the first text loses a word."""
    first, second = list(first), list(second)
    while len(first) + len(second) + 3 > width:
        (first if longer(len(first), len(second)) and first else second or first).pop()
    return first, second


def filled(tokens, segments, width):
    return tokens + [0] * (width - len(tokens)), segments + [0] * (width - len(segments))


def both(first, second, width):
    return filled([1, *first, 2, *second, 2], [0] * (len(first) + 2) + [1] * (len(second) + 1), width)


@frame_pair.mistake("gives all tokens segment 0", hint="How shall the model know where the second text begins?")
def one_segment(first, second, width):
    first, second = cut(first, second, width)
    return both(first, second, width)[0], [0] * width


@frame_pair.mistake("counts the first [SEP] to the second text",
                    hint="Which text ends with the first [SEP]? What segment has the sign then?")
def separator_of_second(first, second, width):
    first, second = cut(first, second, width)
    return filled([1, *first, 2, *second, 2], [0] * (len(first) + 1) + [1] * (len(second) + 2), width)


@frame_pair.mistake("gives the last [SEP] segment 0",
                    hint="Which text ends with the last [SEP]? What segment has the sign then?")
def last_separator(first, second, width):
    first, second = cut(first, second, width)
    return filled([1, *first, 2, *second, 2], [0] * (len(first) + 2) + [1] * len(second), width)


@frame_pair.mistake("gives the padding segment 1", hint="Which segment does the prompt give to padding?")
def padding_of_second(first, second, width):
    first, second = cut(first, second, width)
    return both(first, second, width)[0], [0] * (len(first) + 2) + [1] * (width - len(first) - 2)


@frame_pair.mistake("numbers the segments 1 and 2", hint="Which numbers does the prompt give to the two segments?")
def from_one(first, second, width):
    first, second = cut(first, second, width)
    return filled([1, *first, 2, *second, 2], [1] * (len(first) + 2) + [2] * (len(second) + 1), width)


@frame_pair.mistake("puts [CLS] at the end", hint="Whose vector will be read for the whole text: which place is that?")
def sign_at_the_end(first, second, width):
    first, second = cut(first, second, width)
    return filled([*first, 2, *second, 2, 1], [0] * (len(first) + 1) + [1] * (len(second) + 2), width)


@frame_pair.mistake("begins the second text with a [CLS] of its own",
                    hint="How many [CLS] has the prompt? Whose vector stands for the pair?")
def second_sign(first, second, width):
    first, second = cut(first, second, width - 1)
    return filled([1, *first, 2, 1, *second, 2], [0] * (len(first) + 2) + [1] * (len(second) + 2), width)


@frame_pair.mistake("puts no [SEP] between the texts", hint="How many [SEP] does the prompt have?")
def not_separated(first, second, width):
    first, second = cut(first, second, width + 1)
    return filled([1, *first, *second, 2], [0] * (len(first) + 1) + [1] * (len(second) + 1), width)


@frame_pair.mistake("puts no [SEP] at the end", hint="How many [SEP] does the prompt have?")
def not_ended(first, second, width):
    first, second = cut(first, second, width + 1)
    return filled([1, *first, 2, *second], [0] * (len(first) + 2) + [1] * len(second), width)


@frame_pair.mistake("fills up in front",
                    hint="Where does the prompt put padding: before [CLS], or after the last [SEP]?")
def padded_in_front(first, second, width):
    tokens, segments = both(*cut(first, second, width), 0)
    padding = [0] * (width - len(tokens))
    return padding + tokens, padding + segments


@frame_pair.mistake("fills nothing up", hint="How long are your lists? How long shall they be?")
def not_filled(first, second, width):
    return both(*cut(first, second, width), 0)


@frame_pair.mistake("fills up between the texts, so that each has half of the width",
                    hint="What stands right after the first [SEP] in the prompt?")
def filled_between(first, second, width):
    first, second = cut(first, second, width)
    gap = [0] * (width - len(first) - len(second) - 3)
    return [1, *first, 2, *gap, *second, 2], [0] * (len(first) + 2) + gap + [1] * (len(second) + 1)


@frame_pair.mistake("cuts the finished row, so that its last [SEP] is lost",
                    hint="What is the last token of a pair that was too long, in your version?")
def row_cut(first, second, width):
    tokens, segments = both(first, second, width)
    return tokens[:width], segments[:width]


@frame_pair.mistake("cuts only the second text",
                    hint="The first text has 11 words, the second 3. Which one loses words, and how many?")
def second_cut(first, second, width):
    return both(*cut(first, second, width, lambda one, other: other == 0), width)


@frame_pair.mistake("cuts the shorter text", hint="Which text loses a word: the longer or the shorter one?")
def shorter_cut(first, second, width):
    return both(*cut(first, second, width, lambda one, other: one < other), width)


@frame_pair.mistake("cuts the first text where both are equally long",
                    hint="Both texts have five words. Which of them does the prompt shorten?")
def first_at_a_tie(first, second, width):
    return both(*cut(first, second, width, lambda one, other: one >= other), width)


@frame_pair.mistake("gives each text half of the room, even where one needs less",
                    hint="The second text has three words. How much room is left for the first one?")
def half_each(first, second, width):
    room = width - 3
    if len(first) + len(second) > room:
        first, second = first[:(room + 1) // 2], second[:room // 2]
    return both(first, second, width)


@frame_pair.mistake("takes all words from the text that was the longer one",
                    hint="After some words have gone: which text is the longer one now?")
def all_from_one(first, second, width):
    over = max(0, len(first) + len(second) + 3 - width)
    if len(first) > len(second):
        first = first[:max(1, len(first) - over)]
        return both(first, second[:width - 3 - len(first)], width)
    second = second[:max(1, len(second) - over)]
    return both(first[:width - 3 - len(second)], second, width)


@frame_pair.mistake("puts the second text first", hint="Whose words stand right after [CLS]?")
def second_first(first, second, width):
    first, second = cut(first, second, width)
    return both(second, first, width)


@frame_pair.mistake("takes words away at the front", hint="Which word of a text is taken away: its first or its last?")
def cut_in_front(first, second, width):
    ours, theirs = cut(first, second, width)
    return both(first[len(first) - len(ours):], second[len(second) - len(theirs):], width)


@frame_pair.mistake("forgets the three signs when it cuts", hint="How many places are left for words in a row of 10?")
def signs_forgotten(first, second, width):
    return both(*cut(first, second, width + 3), width)


@frame_pair.alternative("lengths first, then slices")
def by_lengths(first, second, width):
    room = width - 3
    ours = min(len(first), max(room - len(second), (room + 1) // 2))
    theirs = min(len(second), room - ours)
    tokens = [1, *first[:ours], 2, *second[:theirs], 2]
    segments = [int(place > ours + 1) for place in range(len(tokens))]
    return tokens + [0] * (width - len(tokens)), segments + [0] * (width - len(segments))
