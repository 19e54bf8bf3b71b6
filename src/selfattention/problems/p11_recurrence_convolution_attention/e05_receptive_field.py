from selfattention.engine import exercise, probes


@exercise(points=3, minutes=10, builds_on="lesson 11, how far a stack of windows sees", hints=(
    "One layer with 3 taps and dilation 2: which distances does it bridge, in tokens? The distance 0 is one of them.",
    "Two layers: an output reads tokens of the layer below, and each of those has read tokens of its own. Which "
    "distances add up to what?",
    "Keep the set of all distances seen so far. What does one more layer make of it?",
))
def receptive_field(taps: int, dilations: tuple[int, ...]) -> tuple[int, int]:
    r"""Find out how far an output of a stack of causal convolutions sees, and how many tokens it really reads.

    There is a layer for each dilation, all with `taps` taps (at least 1), the last of which meets the token itself;
    without layers an output is its token. Return two numbers for an output far from the beginning of the text. The
    *receptive field* is how many tokens there are from the farthest one that it depends on to its own, both counted
    (Bai et al. 2018, §3). The second is how many of these it depends on: where dilations are large, some between are
    skipped.
    """
    distances = {0}
    for dilation in dilations:
        distances = {before + tap * dilation for before in distances for tap in range(taps)}
    return max(distances) + 1, len(distances)


receptive_field.example(3, (1, 2))
receptive_field.example(2, (1, 4))
receptive_field.example(2, (3, 3))


def dilations_in(rng, layers, most=9):
    return tuple(rng.integers(1, most, size=layers).tolist())


def counted(taps, dilations):
    """What reaches the last output of a convolution with ones alone."""
    tokens = 1 + taps * sum(dilations)
    seen = [0] * tokens
    seen[-1] = 1
    for dilation in dilations[::-1]:
        seen = [sum(seen[at + tap * dilation] for tap in range(taps) if at + tap * dilation < tokens)
                for at in range(tokens)]
    return [place for place, ways in enumerate(seen[::-1]) if ways]


@receptive_field.check("is right for one layer and for none", hint="Draw one layer: which tokens have an arrow to the "
                                                                   "last output?")
def one_layer(answer, rng):
    for taps, dilations in ((3, ()), (1, (4,)), (int(rng.integers(2, 7)), (1,)),
                            (int(rng.integers(2, 7)), (int(rng.integers(2, 9)),))):
        probes.equal(answer(taps, dilations), receptive_field(taps, dilations))


@receptive_field.check("doubles with each layer where the dilation does",
                       hint="Two taps, dilations 1, 2, 4: draw the tree under one output, layer by layer.")
def doubling(answer, rng):
    for taps, layers in ((2, int(rng.integers(3, 6))), (2, int(rng.integers(6, 9))), (3, int(rng.integers(3, 6)))):
        dilations = tuple(2**layer for layer in range(layers))
        found = counted(taps, dilations)
        probes.equal(answer(taps, dilations), (found[-1] + 1, len(found)))


@receptive_field.check("counts tokens that are skipped, and tokens that are read twice, as they are",
                       hint="Two taps, dilations 1 and 4: which distances are seen? And with dilations 3 and 3?")
def holes_and_overlaps(answer, rng):
    for taps, dilations in ((2, (1, 4)), (2, (3, 3)), (3, (2, 2, 4)), (int(rng.integers(2, 5)), dilations_in(rng, 2)),
                            (2, dilations_in(rng, 3)), (3, dilations_in(rng, 3))):
        found = counted(taps, dilations)
        probes.equal(answer(taps, dilations), (found[-1] + 1, len(found)))


def read_by(taps, dilations):
    distances = {0}
    for dilation in dilations:
        distances = {before + tap * dilation for before in distances for tap in range(taps)}
    return len(distances)


@receptive_field.mistake("does not count the output's own token",
                         hint="With one tap, an output sees itself. How many tokens is that?")
def own_not_counted(taps, dilations):
    return (taps - 1) * sum(dilations), read_by(taps, dilations)


@receptive_field.mistake("counts as many steps as taps",
                         hint="Three taps, 4 apart: how far is it from the first to the last?")
def taps_times(taps, dilations):
    return 1 + taps * sum(dilations), read_by(taps, dilations)


@receptive_field.mistake("multiplies the fields of the layers",
                         hint="Two usual layers of three taps: draw it. Do 9 tokens reach the top, or fewer?")
def multiplied(taps, dilations):
    product = 1
    for dilation in dilations:
        product *= 1 + (taps - 1) * dilation
    return product, read_by(taps, dilations)


@receptive_field.mistake("adds the fields of the layers, each with a token of its own",
                         hint="Two layers with one tap each: how many tokens are seen?")
def added(taps, dilations):
    return sum(1 + (taps - 1) * dilation for dilation in dilations), read_by(taps, dilations)


@receptive_field.mistake("takes the field of the last layer alone", hint="What has the layer below the last one seen?")
def last_alone(taps, dilations):
    return 1 + (taps - 1) * (dilations[-1] if dilations else 0), read_by(taps, dilations)


@receptive_field.mistake("ignores the dilations", hint="Where do the dilations appear in your code?")
def dilations_ignored(taps, dilations):
    return 1 + (taps - 1) * len(dilations), read_by(taps, (1,) * len(dilations))


@receptive_field.mistake("takes it for granted that dilations double",
                         hint="The dilations are given. Does your code read them, or only count them?")
def taken_for_doubling(taps, dilations):
    return receptive_field(taps, tuple(2**layer for layer in range(len(dilations))))


@receptive_field.mistake("says that every token in the field is read",
                         hint="Two taps, dilations 1 and 4. Does the output depend on the token two places back?")
def all_read(taps, dilations):
    field = 1 + (taps - 1) * sum(dilations)
    return field, field


@receptive_field.mistake("counts ways, not tokens",
                         hint="Two taps, dilations 3 and 3: two ways lead to the token three places back. How many "
                              "tokens is that?")
def ways(taps, dilations):
    return 1 + (taps - 1) * sum(dilations), taps ** len(dilations)


@receptive_field.mistake("counts the taps of each layer once", hint="What does the second layer's first tap read: one "
                                                                    "token of the text, or what it has become?")
def taps_once(taps, dilations):
    seen = {tap * dilation for dilation in dilations for tap in range(taps)} | {0}
    return 1 + (taps - 1) * sum(dilations), len(seen)


@receptive_field.mistake("takes the dilation for the number of tokens that are skipped",
                         hint="Dilation 1 is the usual convolution. How far apart are its taps?")
def one_too_wide(taps, dilations):
    return receptive_field(taps, tuple(dilation + 1 for dilation in dilations))


@receptive_field.mistake("returns the two numbers in the other order",
                         hint="Which of your numbers is the larger one where dilations are large? Which comes first?")
def exchanged(taps, dilations):
    return receptive_field(taps, dilations)[::-1]


@receptive_field.mistake("leaves out the first layer", hint="How many layers are there for one dilation?")
def first_left_out(taps, dilations):
    return receptive_field(taps, dilations[1:])


@receptive_field.mistake("looks to both sides", hint="The last tap meets the token itself. Which tokens come after it?")
def both_sides(taps, dilations):
    distances = {0}
    for dilation in dilations:
        distances = {before + tap * dilation for before in distances for tap in range(1 - taps, taps)}
    return max(distances) - min(distances) + 1, len(distances)


@receptive_field.mistake("counts ways, but no more than there are tokens",
                         hint="Two taps, dilations 3 and 3: four ways, seven tokens. Which tokens are read?")
def ways_or_tokens(taps, dilations):
    field = 1 + (taps - 1) * sum(dilations)
    return field, min(field, taps ** len(dilations))


@receptive_field.mistake("adds up the dilations from layer to layer",
                         hint="The second dilation is given. Is it counted in tokens, or on top of the first one?")
def adding_up(taps, dilations):
    return receptive_field(taps, tuple(sum(dilations[:layer + 1]) for layer in range(len(dilations))))


@receptive_field.mistake("returns the farthest distance and all tokens before the output",
                         hint="Is the output's own token one of those that it depends on?")
def without_own(taps, dilations):
    field, seen = receptive_field(taps, dilations)
    return field - 1, seen - 1


@receptive_field.alternative("ones pushed back through the layers")
def pushed_back(taps, dilations):
    found = counted(taps, dilations)
    return found[-1] + 1, len(found)


@receptive_field.alternative("the formula, and recursion for what is read")
def by_recursion(taps, dilations):
    def reached(layers):
        if not layers:
            return frozenset([0])
        below = reached(layers[1:])
        return frozenset().union(*({distance + tap * layers[0] for distance in below} for tap in range(taps)))
    return 1 + (taps - 1) * sum(dilations), len(reached(tuple(dilations)))
