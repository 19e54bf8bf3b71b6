from selfattention.engine import exercise, probes


@exercise(points=3, minutes=8, builds_on="lesson 14, what a decoder keeps, and exercise 5 of chapter 06", hints=(
    "Count the numbers that one token leaves in one layer, for both caches. Which of the sizes do they depend on?",
    "A key is found, a value is read. And which heads keep them: those of the queries, or the shared ones?",
    "How many bits has a byte?",
))
def cache_bytes(tokens: int, layers: int, heads: int, key_heads: int, d_head: int, latent: int, rotary: int,
                bits: int) -> tuple[int, int]:
    r"""Count the bytes that a decoder keeps of one text, for two kinds of cache.

    The first cache is that of grouped-query attention: in each layer, each token has a key and a value in each of the
    `key_heads` heads, `d_head` numbers wide each. (There are `heads` heads of queries, which share them; no query is
    kept.) The second is that of latent attention: in each layer, each token has one latent vector of `latent` numbers,
    from which every head makes its keys and its values when it needs them, and one turned key of `rotary` numbers,
    which all heads share.

    A number takes `bits` bits. Return both counts as whole numbers; the sizes given are such that they are whole.
    """
    numbers = tokens * layers
    return numbers * 2 * key_heads * d_head * bits // 8, numbers * (latent + rotary) * bits // 8


cache_bytes.example(10, 1, 4, 2, 8, 16, 4, 16)
cache_bytes.example(1000, 32, 32, 8, 128, 512, 64, 16)


def sizes(rng):
    """Some sizes, all different."""
    tokens, layers, d_head, half_latent, half_rotary = rng.permutation((11, 13, 17, 19, 23)).tolist()
    key_heads, shared = rng.permutation((3, 5, 7)).tolist()[:2]
    return 8 * tokens, layers, key_heads * shared, key_heads, d_head, 2 * half_latent, 2 * half_rotary


@cache_bytes.check("counts keys and values of the shared heads",
                   hint="One token, one layer, one key head: which two vectors are kept?")
def keys_and_values(answer, rng):
    for bits in (8, 16, 32):
        tokens, layers, heads, key_heads, d_head, latent, rotary = sizes(rng)
        got, _ = answer(tokens, layers, heads, key_heads, d_head, latent, rotary, bits)
        kept = sum(2 * d_head * (bits // 8) for _ in range(layers) for _ in range(key_heads)) * tokens
        probes.equal(got, kept, "the first count differs")


@cache_bytes.check("counts latents and turned keys once for all heads",
                   hint="What does the second cache hold of one token, and for how many heads?")
def latents(answer, rng):
    for bits in (8, 16, 32):
        tokens, layers, heads, key_heads, d_head, latent, rotary = sizes(rng)
        _, got = answer(tokens, layers, heads, key_heads, d_head, latent, rotary, bits)
        kept = sum((latent + rotary) * (bits // 8) for _ in range(layers)) * tokens
        probes.equal(got, kept, "the second count differs")


@cache_bytes.check("counts numbers of half a byte, and of one and a half",
                   hint="What is 4 // 8? And where may you round?")
def odd_bits(answer, rng):
    for bits in (4, 12, 2):
        given = sizes(rng)
        tokens, layers, _, key_heads, d_head, latent, rotary = given
        probes.equal(answer(*given, bits), (tokens * layers * 2 * key_heads * d_head * bits // 8,
                                            tokens * layers * (latent + rotary) * bits // 8))
    probes.equal(answer(16, 3, 4, 2, 5, 7, 4, 4), (480, 264))


@cache_bytes.mistake("counts the keys, but not the values", hint="A query has found a key. What does it read?")
def keys_alone(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    one, other = cache_bytes(tokens, layers, heads, key_heads, d_head, latent, rotary, bits)
    return one // 2, other


@cache_bytes.mistake("counts a key and a value for each head of the queries",
                     hint="Several heads of queries share one key head. How often is its key kept?")
def heads_of_queries(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    return cache_bytes(tokens, layers, heads, heads, d_head, latent, rotary, bits)


@cache_bytes.mistake("counts the heads that share one key head, in place of the key heads",
                     hint="32 heads share 8 key heads. Is a token's key kept 8 times or 4 times?")
def group_for_key_heads(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    return cache_bytes(tokens, layers, heads, heads // key_heads, d_head, latent, rotary, bits)


@cache_bytes.mistake("keeps the queries, too", hint="Will anybody look for the query of an earlier token again?")
def queries_kept(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    one, other = cache_bytes(tokens, layers, heads, key_heads, d_head, latent, rotary, bits)
    return one + tokens * layers * heads * d_head * bits // 8, other


@cache_bytes.mistake("takes bits for bytes", hint="How many bits has a byte?")
def bits_for_bytes(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    return cache_bytes(tokens, layers, heads, key_heads, d_head, latent, rotary, 8 * bits)


@cache_bytes.mistake("rounds the bytes of one number down", hint="What is 4 // 8? Round once, at the end.")
def rounded_early(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    return cache_bytes(tokens, layers, heads, key_heads, d_head, latent, rotary, bits // 8 * 8)


@cache_bytes.mistake("counts one layer", hint="Does layer 2 find anything in the cache of layer 1?")
def one_layer(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    return cache_bytes(tokens, 1, heads, key_heads, d_head, latent, rotary, bits)


@cache_bytes.mistake("keeps two latents, one for the keys and one for the values",
                     hint="From what are the keys made, and from what the values? Read the prompt's last sentences.")
def two_latents(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    return cache_bytes(tokens, layers, heads, key_heads, d_head, 2 * latent, rotary, bits)


@cache_bytes.mistake("forgets the turned keys", hint="Where does `rotary` appear in your code?")
def turned_forgotten(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    return cache_bytes(tokens, layers, heads, key_heads, d_head, latent, 0, bits)


@cache_bytes.mistake("keeps a turned key for each head", hint="How many heads share one turned key?")
def turned_for_each(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    return cache_bytes(tokens, layers, heads, key_heads, d_head, latent, heads * rotary, bits)


@cache_bytes.mistake("keeps a latent for each head", hint="From how many latents do the heads make their keys?")
def latent_for_each(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    return cache_bytes(tokens, layers, heads, key_heads, d_head, heads * latent, rotary, bits)


@cache_bytes.mistake("keeps two turned keys", hint="Is there a turned value as well? What is turned in chapter 07?")
def turned_twice(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    return cache_bytes(tokens, layers, heads, key_heads, d_head, latent, 2 * rotary, bits)


@cache_bytes.mistake("keeps keys and values beside the latents",
                     hint="What can be made again from the latent: must it be kept?")
def both_kept(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    one, other = cache_bytes(tokens, layers, heads, key_heads, d_head, latent, rotary, bits)
    return one, one + other


@cache_bytes.mistake("gives the two counts the other way round", hint="Which cache's bytes are asked for first?")
def other_way_round(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    return cache_bytes(tokens, layers, heads, key_heads, d_head, latent, rotary, bits)[::-1]


@cache_bytes.alternative("loops over layers and heads")
def by_loops(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    first = second = 0
    for _ in range(layers):
        second += latent + rotary
        for _ in range(key_heads):
            first += d_head + d_head
    return tuple(int(numbers * tokens * bits / 8) for numbers in (first, second))
