from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from selfattention.engine import exercise, probes
from selfattention.problems.p03_scaled_dot_product_attention.shared import scaled_dot_product


@exercise(points=3, minutes=15, builds_on="exercise 2", hints=(
    "Three questions: what is read (values), how is it found (keys), and what does each token look for (queries)?",
    "A token is found by its position. Which position does token 2 look for, and which does token 0?",
    "The product of a position vector with itself is 1, with any other one 0. Divided by √d, are these far enough "
    "apart for a softmax? What can you do to the queries about it?",
))
def previous_token(tokens: Float[np.ndarray, "tokens features"], positions: Float[np.ndarray, "tokens d"],
                   attention: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
                   ) -> Float[np.ndarray, "tokens features"]:
    r"""Build queries, keys and values that make attention give each token the vector of the token before it.

    Row t of `tokens` is the vector of token t, and row t of `positions` says where it is: position vectors have length
    1 and are at right angles to each other, so the product of two different ones is 0. The first token, which has none
    before it, gets its own vector. `attention(queries, keys, values)` is given; it works as in exercise 2, with its
    division by $\sqrt d$. Return what it gives, unchanged; its values must be `tokens` as they are. For each query, all
    tokens but the wanted one may get no more than a thousandth of the weight together.
    """
    before = np.vstack([positions[:1], positions[:-1]])
    sharpness = 10_000 * np.sqrt(positions.shape[-1])
    return attention(sharpness * before, positions, tokens)


THREE_TOKENS = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.5]])
previous_token.example(THREE_TOKENS, np.eye(3), scaled_dot_product)
previous_token.example(THREE_TOKENS[[0, 0, 2]], np.eye(3), scaled_dot_product)


def gives_the_values(queries, keys, values):
    """No attention at all: gives back the values."""
    return values


def negative(queries, keys, values):
    """The negative of attention."""
    return -scaled_dot_product(queries, keys, values)


previous_token.example(THREE_TOKENS, np.eye(3), gives_the_values)
previous_token.example(THREE_TOKENS, np.eye(3), negative)
previous_token.example(THREE_TOKENS[:2], np.eye(2, 400), scaled_dot_product)


def standing(rng, tokens, d):
    """Position vectors: a random set of directions at right angles to each other."""
    return np.linalg.qr(rng.normal(size=(d, tokens)))[0].T


def copies(got, tokens, rows):
    """Held against a loop over the rows; what blurs by less than a thousandth is right."""
    expected = np.array([tokens[row - 1] if row else tokens[0] for row in range(len(tokens))])[rows]
    if not np.abs(got[rows] - expected).max() <= 2e-3 * np.abs(tokens).max():
        raise probes.ClaimFailed("a token does not get the vector that it should", expected, got[rows])


@previous_token.check("gives each token the vector of the token before it",
                      hint="In the example, which key should the query of the last token resemble most?")
def the_one_before(answer, rng):
    for count, d in ((5, 7), (2, 3)):
        tokens = rng.normal(size=(count, 3))
        copies(answer(tokens, standing(rng, count, d), scaled_dot_product), tokens, slice(1, None))


@previous_token.check("gives the first token its own vector", hint="Which key should the first query resemble most?")
def the_first(answer, rng):
    for count, d in ((5, 7), (1, 3)):
        tokens = rng.normal(size=(count, 3))
        copies(answer(tokens, standing(rng, count, d), scaled_dot_product), tokens, slice(1))


@previous_token.check("finds a token by its position, whatever its vector is",
                      hint="Two tokens are equal, another is very long. Do your queries or keys contain the "
                           "tokens' numbers?")
def by_its_place(answer, rng):
    tokens = rng.normal(size=(5, 3))
    tokens[3], tokens[1] = tokens[0], tokens[1] * 50
    copies(answer(tokens, standing(rng, 5, 5), scaled_dot_product), tokens, slice(None))


@previous_token.check("is sharp enough where positions are wide",
                      hint="The scores are divided by √d. With d = 400, what is left of a product of 20?")
def wide_positions(answer, rng):
    tokens = rng.normal(size=(5, 3))
    copies(answer(tokens, standing(rng, 5, 400), scaled_dot_product), tokens, slice(None))


@previous_token.check("reads the tokens as they are, and leaves everything else to attention",
                      hint="If `attention` just gave back its values, or minus its result, what would you return?")
def by_attention_alone(answer, rng):
    tokens, positions = rng.normal(size=(5, 3)), standing(rng, 5, 7)
    copies(-answer(tokens, positions, negative), tokens, slice(None))
    probes.equal(answer(tokens, positions, gives_the_values), tokens, "the values are not the tokens as they are")


def before(positions):
    return np.vstack([positions[:1], positions[:-1]])


def sharp(queries):
    return 1000 * np.sqrt(queries.shape[-1]) * queries


@previous_token.mistake("copies the next token", hint="Which row of `positions` does your query of token 1 hold?")
def the_next(tokens, positions, attention):
    return attention(sharp(np.vstack([positions[1:], positions[-1:]])), positions, tokens)


@previous_token.mistake("copies the next token, and gives the last token the first one's vector",
                        hint="Which way does `np.roll` move the rows? Follow token 1.")
def the_next_turned_round(tokens, positions, attention):
    return attention(sharp(np.roll(positions, -1, axis=0)), positions, tokens)


@previous_token.mistake("lets every token find itself",
                        hint="In your code, each token's query and key are equal. Which key does its query match best?")
def itself(tokens, positions, attention):
    return attention(sharp(positions), positions, tokens)


@previous_token.mistake("looks two tokens back", hint="Follow the last token of the example: whose vector comes out?")
def two_back(tokens, positions, attention):
    return attention(sharp(before(before(positions))), positions, tokens)


@previous_token.mistake("does not sharpen the scores, so that the weights blur",
                        hint="The best score is 1/√d, all others are 0. Which weights does softmax make of that?")
def blurred(tokens, positions, attention):
    return attention(before(positions), positions, tokens)


@previous_token.mistake("sharpens only by √d",
                        hint="The best score is now 1, all others are 0. Which weights does softmax make of that?")
def root_alone(tokens, positions, attention):
    return attention(before(positions) * np.sqrt(positions.shape[-1]), positions, tokens)


@previous_token.mistake("is sharp enough for narrow positions only",
                        hint="Scores are divided by √d. How does your factor grow with d?")
def without_the_root(tokens, positions, attention):
    return attention(30 * before(positions), positions, tokens)


@previous_token.mistake("divides by √d once more", hint="`attention` divides by √d. What should you do about it?")
def divided_again(tokens, positions, attention):
    return attention(30 * before(positions) / np.sqrt(positions.shape[-1]), positions, tokens)


@previous_token.mistake("reads the positions instead of the tokens",
                        hint="What comes out is a mixture of the values. What should come out?")
def positions_read(tokens, positions, attention):
    return attention(sharp(before(positions)), positions, positions)


@previous_token.mistake("lets the first token take the last one's vector",
                        hint="What does `np.roll` put in front: which row, and whose position is it?")
def turned_round(tokens, positions, attention):
    return attention(sharp(np.roll(positions, 1, axis=0)), positions, tokens)


@previous_token.mistake("leaves the first query zero, so that it takes the mean of all tokens",
                        hint="All scores of the first query are 0. Which weights does softmax make of that?")
def empty_first(tokens, positions, attention):
    return attention(sharp(np.vstack([0 * positions[:1], positions[:-1]])), positions, tokens)


@previous_token.mistake("exchanges queries and keys",
                        hint="Who looks back: the token that asks, or the token that is found?")
def exchanged(tokens, positions, attention):
    return attention(sharp(positions), before(positions), tokens)


@previous_token.mistake("looks for the vector of the token before, not for its position",
                        hint="Which token has the largest product with the token before: always that token itself? And "
                             "if two are equal?")
def by_content(tokens, positions, attention):
    return attention(sharp(before(tokens)), tokens, tokens)


@previous_token.mistake("shifts the values, and lets every token find itself",
                        hint="The values should be the tokens as they are. What do you pass as values?")
def values_shifted(tokens, positions, attention):
    return attention(sharp(positions), positions, before(tokens))


@previous_token.mistake("copies without attention", hint="Where in your code is `attention` called?")
def no_attention(tokens, positions, attention):
    return before(tokens)


@previous_token.mistake("repairs the first token afterwards",
                        hint="Which query would give the first token its own vector, without an extra line?")
def mended(tokens, positions, attention):
    result = np.array(attention(sharp(np.roll(positions, 1, axis=0)), positions, tokens))
    result[0] = tokens[0]
    return result


@previous_token.alternative("the sharpness is shared by queries and keys")
def shared_out(tokens, positions, attention):
    root = 20 * positions.shape[-1] ** 0.25
    return attention(root * before(positions), root * positions, tokens)


@previous_token.alternative("one-hot vectors in place of the positions")
def own_places(tokens, positions, attention):
    places = np.eye(len(tokens))
    return attention(1e4 * places[np.maximum(np.arange(len(tokens)) - 1, 0)], places, tokens)


@previous_token.alternative("a matrix that shifts by one")
def by_a_matrix(tokens, positions, attention):
    shift = np.eye(len(tokens), k=-1)
    shift[0, 0] = 1
    return attention(shift @ positions * positions.shape[-1], positions * 50, tokens)


@previous_token.alternative("just as sharp as needed")
def just_sharp(tokens, positions, attention):
    queries = np.array([positions[max(place - 1, 0)] for place in range(len(positions))])
    return attention(12 * np.sqrt(positions.shape[1]) * queries, positions, tokens)
