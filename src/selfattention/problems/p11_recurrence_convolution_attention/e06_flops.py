from selfattention.engine import exercise, probes


@exercise(points=3, minutes=12, builds_on="lesson 11 · Side by side, how much there is to compute", hints=(
    "Attention has six products of matrices. Which of them know nothing but single tokens, and which two know pairs?",
    "A step of recurrence has two products: one with the token, one with the state. How wide is what comes out?",
    "Write both costs with n for the length. Which of the two has an n²? Divide both by what they share.",
))
def flops(tokens: int, width: int, parts: int) -> tuple[int, int, int]:
    r"""Count what self-attention and recurrence cost, and find where attention becomes the dearer one.

    Count multiplications *and* additions in products of matrices, and nothing else: (a × b) times (b × c) costs 2abc.
    *Self-attention* over `tokens` tokens of `width` numbers makes queries, keys and values, scores every query with
    every key (all pairs are computed, also where a mask hides some), mixes the values, and projects the result; all
    four projections are width × width. A *recurrent layer* computes, at each token, `parts` vectors of `width` numbers
    from the token and from the state, which is `width` numbers, too (`parts` is 1 in a plain recurrent network, 3 in a
    GRU, 4 in an LSTM). Return the cost of attention, the cost of recurrence, and the smallest number of tokens, at
    least 1, from which on attention costs more than recurrence, for this width and these parts.
    """
    attention = 8 * tokens * width**2 + 4 * tokens**2 * width
    recurrence = 4 * parts * tokens * width**2
    return attention, recurrence, max(1, (parts - 2) * width + 1)


flops.example(10, 2, 3)
flops.example(3, 5, 1)
flops.example(100, 10, 4)


@flops.check("counts attention, product by product", hint="List the six products of matrices with their three sizes "
                                                          "each.")
def attention_counted(answer, rng):
    for tokens, width in ((1, 1), (int(rng.choice((7, 11))), 3), (13, int(rng.choice((2, 5)))), (512, 64)):
        products = [(tokens, width, width)] * 4 + [(tokens, width, tokens), (tokens, tokens, width)]
        probes.equal(answer(tokens, width, 3)[0], sum(2 * a * b * c for a, b, c in products),
                     "the cost of attention differs")


@flops.check("counts recurrence, step by step", hint="One step of a GRU at one token: which matrices, and how large?")
def recurrence_counted(answer, rng):
    for tokens, width, parts in ((1, 1, 1), (int(rng.choice((7, 11))), 3, 3), (13, int(rng.choice((2, 5))), 4),
                                 (512, 64, 1)):
        probes.equal(answer(tokens, width, parts)[1], tokens * sum(2 * width * parts * width for _ in range(2)),
                     "the cost of recurrence differs")


@flops.check("finds the length from which attention is dearer",
             hint="Compute both costs for the length you return, and for one token less.")
def dearer_from(answer, rng):
    for width, parts in ((int(rng.choice((7, 11, 13))), 3), (int(rng.choice((2, 3, 5))), 4),
                         (int(rng.choice((3, 5))), 1), (5, 2), (4, 7), (768, 4)):
        length = answer(int(rng.integers(2, 30)), width, parts)[2]
        costs = {tokens: flops(tokens, width, parts)[:2] for tokens in range(1, 1600)}
        probes.equal(length, next(tokens for tokens, (ours, theirs) in costs.items() if ours > theirs),
                     "attention is dearer from another length on")


def both(tokens, width, parts):
    return 8 * tokens * width**2 + 4 * tokens**2 * width, 4 * parts * tokens * width**2


@flops.mistake("counts a multiplication with its addition as one",
               hint="A dot product of two numbers with two: how many multiplications, how many additions do you count?")
def halved(tokens, width, parts):
    attention, recurrence, length = flops(tokens, width, parts)
    return attention // 2, recurrence // 2, length


@flops.mistake("forgets the four projections", hint="Where do queries, keys and values come from?")
def no_projections(tokens, width, parts):
    return 4 * tokens**2 * width, both(tokens, width, parts)[1], parts * width + 1


@flops.mistake("forgets the projection of the result", hint="What happens after the values are mixed?")
def three_projections(tokens, width, parts):
    return (6 * tokens * width**2 + 4 * tokens**2 * width, both(tokens, width, parts)[1],
            max(1, (4 * parts - 6) * width // 4 + 1))


@flops.mistake("forgets that the values are mixed", hint="The scores are computed. Which product uses the weights?")
def scores_alone(tokens, width, parts):
    return (8 * tokens * width**2 + 2 * tokens**2 * width, both(tokens, width, parts)[1],
            max(1, (2 * parts - 4) * width + 1))


@flops.mistake("computes only the half that a causal mask shows",
               hint="A mask is laid over the scores. Had they been computed before?")
def causal_half(tokens, width, parts):
    pairs = tokens * (tokens + 1) // 2
    _, recurrence = both(tokens, width, parts)
    length = next(n for n in range(1, 10**4)
                  if 8 * n * width**2 + 2 * n * (n + 1) * width > 4 * parts * n * width**2)
    return 8 * tokens * width**2 + 4 * pairs * width, recurrence, length


@flops.mistake("counts one addition less than multiplications",
               hint="To be exact, it is so. What does the prompt let (a × b) times (b × c) cost?")
def one_addition_less(tokens, width, parts):
    def costs(n):
        attention = 4 * n * width * (2 * width - 1) + n * n * (2 * width - 1) + n * width * (2 * n - 1)
        return attention, 2 * n * parts * width * (2 * width - 1)
    return *costs(tokens), next(n for n in range(1, 10**4) if costs(n)[0] > costs(n)[1])


@flops.mistake("exchanges length and width in the products of pairs",
               hint="How many scores are there: tokens × tokens, or width × width?")
def exchanged(tokens, width, parts):
    return 12 * tokens * width**2, both(tokens, width, parts)[1], flops(tokens, width, parts)[2]


@flops.mistake("forgets the token's part of a step", hint="Which two vectors are multiplied by a matrix in each step?")
def state_alone(tokens, width, parts):
    return both(tokens, width, parts)[0], 2 * parts * tokens * width**2, max(1, (parts - 4) * width // 2 + 1)


@flops.mistake("counts one part, whatever the cell has",
               hint="A GRU computes three vectors in each step. Where does `parts` appear in your code?")
def one_part(tokens, width, parts):
    return both(tokens, width, parts)[0], 4 * tokens * width**2, 1


@flops.mistake("squares the parts", hint="How wide is what goes into a step, and how wide is what comes out?")
def parts_squared(tokens, width, parts):
    return (both(tokens, width, parts)[0], 4 * parts**2 * tokens * width**2, max(1, (parts**2 - 2) * width + 1))


@flops.mistake("lets each step see all steps before it",
               hint="How many tokens does step 7 look at? What is the state for?")
def quadratic(tokens, width, parts):
    return both(tokens, width, parts)[0], 4 * parts * tokens**2 * width, flops(tokens, width, parts)[2]


@flops.mistake("returns the length at which both cost the same",
               hint="Put your length into both costs. Which one is larger?")
def equal_there(tokens, width, parts):
    return *both(tokens, width, parts), max(1, (parts - 2) * width)


@flops.mistake("takes the width for that length, whatever stands before it",
               hint="n² d against n d² is the rule of thumb. Which numbers stand before the two here?")
def rule_of_thumb(tokens, width, parts):
    return *both(tokens, width, parts), width


@flops.mistake("returns a length below 1 where attention is dearer from the start",
               hint="What do you return for a plain recurrent network, parts = 1?")
def below_one(tokens, width, parts):
    return *both(tokens, width, parts), (parts - 2) * width + 1


@flops.alternative("both costs tried for one length after another")
def tried(tokens, width, parts):
    def costs(n):
        return 2 * n * width * (4 * width + 2 * n), n * 2 * (2 * width) * (parts * width)
    length = 1
    while costs(length)[0] <= costs(length)[1]:
        length += 1
    return *costs(tokens), length
