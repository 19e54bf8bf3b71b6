import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=4, minutes=15, builds_on="lesson 09, the whole model", hints=(
    "Three parts: tokens become vectors, vectors pass through the layers, vectors become scores. Write each in a line "
    "or two. Which part is needed twice?",
    "When is the memory finished: after the first encoder layer, or after the last? Who reads it?",
    "Each target word gets a score: with which table's rows is a vector multiplied?",
))
def transformer(source: Int[Tensor, "batch source"], target: Int[Tensor, "batch target"],
                tables: tuple[Float[Tensor, "source_vocab d_model"], Float[Tensor, "target_vocab d_model"]],
                positions: Float[Tensor, "positions d_model"], layers: int,
                encoder_layer: Callable[[int, Tensor], Tensor],
                decoder_layer: Callable[[int, Tensor, Tensor], Tensor]) -> Float[Tensor, "batch target target_vocab"]:
    r"""Put the whole model together: from tokens on both sides to a score for every next target word.

    `tables` holds the embeddings of source and target; a token's vector is its row times $\sqrt{d_{model}}$ (Vaswani et
    al. 2017, §3.4) plus the row of `positions` for its place, from 0 (§3.5). Then come `layers` encoder layers,
    `encoder_layer(i, x)`, and as many decoder layers, `decoder_layer(i, x, memory)`, with i from 0. The memory is what
    the **last** encoder layer gives, and every decoder layer reads it (figure 1). The scores are products with the rows
    of the target's table (§3.4), without a softmax. In the example, layer i adds i + 1, and decoder layers also add the
    mean of the memory. Gradients must reach both tables and the positions.
    """
    def embed(tokens, table):
        return table[tokens] * math.sqrt(table.shape[1]) + positions[:tokens.shape[1]]

    memory = embed(source, tables[0])
    for number in range(layers):
        memory = encoder_layer(number, memory)
    x = embed(target, tables[1])
    for number in range(layers):
        x = decoder_layer(number, x, memory)
    return x @ tables[1].T


transformer.example(torch.tensor([[1, 0, 1]]), torch.tensor([[1, 2]]),
                    (torch.tensor([[0.0] * 4, [1.0] * 4]), torch.tensor([[0.0] * 4, [1.0, 0, 0, 0], [0, 2.0, 0, 0]])),
                    torch.tensor([[0.0] * 4, [0, 0, 0, 1.0], [0, 0, 0, 2.0]]), 2, lambda i, x: x + i + 1,
                    lambda i, x, memory: x + i + 1 + memory.mean(dim=1, keepdim=True))
transformer.example(torch.tensor([[1, 0]]), torch.tensor([[1, 0]]),
                    (torch.tensor([[0.0] * 4, [1.0] * 4]), torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 1.0]])),
                    torch.tensor([[0.0] * 4, [0, 0, 0, 1.0]]), 1, lambda i, x: x + i + 1,
                    lambda i, x, memory: x + i + 1 + memory.mean(dim=1, keepdim=True))


def whole(rng, batch, source, target, layers, d_model=5):
    """Tokens, tables, positions and layers for one question, and what each layer is."""
    tokens = [torch.from_numpy(rng.integers(0, vocab, size=(batch, length))) for vocab, length in
              ((11, source), (13, target))]
    inner, asked, read = (tensor(rng, layers, d_model, d_model) / 2 for _ in range(3))
    return (*tokens, (tensor(rng, 11, d_model), tensor(rng, 13, d_model)), tensor(rng, 17, d_model), layers,
            lambda i, x: torch.tanh(x @ inner[i]),
            lambda i, x, memory: torch.tanh(x @ asked[i] + memory.mean(dim=1, keepdim=True) @ read[i]))


@transformer.check("embeds, encodes, decodes and scores, token by token",
                   hint="Compute the vector of the first source token in the example: table, root, position.")
def by_token(answer, rng):
    given = whole(rng, 2, 3, 5, 2)
    source, target, tables, positions, _, encoder_layer, decoder_layer = given
    vectors = [torch.stack([torch.stack([table[int(token)] * 5**0.5 + positions[place]
                                         for place, token in enumerate(row)]) for row in tokens])
               for tokens, table in zip((source, target), tables)]
    memory = encoder_layer(1, encoder_layer(0, vectors[0]))
    x = decoder_layer(1, decoder_layer(0, vectors[1], memory), memory)
    expected = torch.stack([(x * row).sum(dim=-1) for row in tables[1]], dim=-1)
    probes.equal(answer(*given), expected)
    probes.gradient_parity(answer, transformer, *given, cotangent=tensor(rng, 2, 5, 13))


@transformer.check("works for any number of layers, and for single tokens",
                   hint="With three layers, which encoder layer's result is read, and how many times?")
def any_number(answer, rng):
    for batch, source, target, layers in ((1, 3, 3, 1), (2, 5, 3, 3), (1, 1, 1, 2)):
        probes.parity(answer, transformer, *whole(rng, batch, source, target, layers))


@transformer.check("lets the source change the scores", hint="Change a source token. Which scores change in your code?")
def source_speaks(answer, rng):
    source, *rest = whole(rng, 1, 3, 2, 2)
    changed = source.clone()
    changed[0, 1] = (changed[0, 1] + 1) % 11
    before, after = answer(source, *rest), answer(changed, *rest)
    probes.equal(after - before, transformer(changed, *rest) - transformer(source, *rest),
                 "another source token does not change the scores as it should")


def vectors_of(tokens, table, positions, root=None):
    return table[tokens] * (table.shape[1] ** 0.5 if root is None else root) + positions[:tokens.shape[1]]


def through(x, count, layer, *rest):
    for number in range(count):
        x = layer(number, x, *rest)
    return x


@transformer.mistake("does not multiply the embeddings by √d_model", hint="Where does d_model appear in your code?")
def root_forgotten(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = through(vectors_of(source, tables[0], positions, 1), layers, encoder_layer)
    return through(vectors_of(target, tables[1], positions, 1), layers, decoder_layer, memory) @ tables[1].T


@transformer.mistake("multiplies the positions by √d_model as well",
                     hint="What is multiplied by the root: the row of the table, or the sum?")
def root_of_sum(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    root = tables[0].shape[1] ** 0.5
    memory = through(root * vectors_of(source, tables[0], positions, 1), layers, encoder_layer)
    return through(root * vectors_of(target, tables[1], positions, 1), layers, decoder_layer, memory) @ tables[1].T


@transformer.mistake("divides the embeddings by √d_model",
                     hint="That is what attention does with scores. What happens to embeddings in §3.4?")
def root_divides(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    root = tables[0].shape[1] ** -0.5
    memory = through(vectors_of(source, tables[0], positions, root), layers, encoder_layer)
    return through(vectors_of(target, tables[1], positions, root), layers, decoder_layer, memory) @ tables[1].T


@transformer.mistake("gives the target no positions", hint="How does the decoder know which of its words came first?")
def no_target_positions(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = through(vectors_of(source, tables[0], positions), layers, encoder_layer)
    return through(vectors_of(target, tables[1], 0 * positions), layers, decoder_layer, memory) @ tables[1].T


@transformer.mistake("gives each decoder layer the memory of the encoder layer beside it",
                     hint="Figure 1 draws the two stacks side by side. Which encoder layer do the arrows come from?")
def layer_by_layer(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory, x = vectors_of(source, tables[0], positions), vectors_of(target, tables[1], positions)
    for number in range(layers):
        memory = encoder_layer(number, memory)
        x = decoder_layer(number, x, memory)
    return x @ tables[1].T


@transformer.mistake("lets the decoder read the embedded source, not the encoded one",
                     hint="Where does the result of `encoder_layer` go in your code?")
def not_encoded(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = vectors_of(source, tables[0], positions)
    return through(vectors_of(target, tables[1], positions), layers, decoder_layer, memory) @ tables[1].T


@transformer.mistake("starts every encoder layer from the embeddings",
                     hint="What goes into the second encoder layer in your code?")
def encoder_restarts(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = encoder_layer(layers - 1, vectors_of(source, tables[0], positions))
    return through(vectors_of(target, tables[1], positions), layers, decoder_layer, memory) @ tables[1].T


@transformer.mistake("starts every decoder layer from the embeddings",
                     hint="What goes into the second decoder layer in your code?")
def decoder_restarts(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = through(vectors_of(source, tables[0], positions), layers, encoder_layer)
    return decoder_layer(layers - 1, vectors_of(target, tables[1], positions), memory) @ tables[1].T


@transformer.mistake("uses the first layer again and again", hint="Which number do you give to each layer?")
def same_layer(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory, x = vectors_of(source, tables[0], positions), vectors_of(target, tables[1], positions)
    for _ in range(layers):
        memory = encoder_layer(0, memory)
    for _ in range(layers):
        x = decoder_layer(0, x, memory)
    return x @ tables[1].T


@transformer.mistake("leaves out the last layer of both stacks",
                     hint="How many layers does your loop run when `layers` is 1?")
def last_layer_lost(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = through(vectors_of(source, tables[0], positions), layers - 1, encoder_layer)
    return through(vectors_of(target, tables[1], positions), layers - 1, decoder_layer, memory) @ tables[1].T


@transformer.mistake("scores the words of the source",
                     hint="How many scores does each place have? And how many target words are there?")
def source_words(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = through(vectors_of(source, tables[0], positions), layers, encoder_layer)
    return through(vectors_of(target, tables[1], positions), layers, decoder_layer, memory) @ tables[0].T


@transformer.mistake("returns probabilities instead of scores", hint="Can a score be negative? Can your result be?")
def probabilities(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = through(vectors_of(source, tables[0], positions), layers, encoder_layer)
    x = through(vectors_of(target, tables[1], positions), layers, decoder_layer, memory)
    return torch.softmax(x @ tables[1].T, dim=-1)


@transformer.mistake("returns the vectors, not the scores", hint="How many numbers does a place have in your result?")
def vectors_alone(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = through(vectors_of(source, tables[0], positions), layers, encoder_layer)
    return through(vectors_of(target, tables[1], positions), layers, decoder_layer, memory)


@transformer.mistake("decodes the source instead of the target", hint="Which tokens go into the first decoder layer?")
def source_decoded(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = through(vectors_of(source, tables[0], positions), layers, encoder_layer)
    return through(memory, layers, decoder_layer, memory) @ tables[1].T


@transformer.mistake("computes without a graph",
                     hint="How would this model learn? Which line keeps torch from building the graph?")
@torch.no_grad()
def without_graph(*given):
    return transformer(*given)


@transformer.mistake("counts the layers from 1", hint="Which number does the prompt give to the first layer?")
def layers_from_one(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    return transformer(source, target, tables, positions, layers, lambda i, x: encoder_layer(i + 1, x),
                       lambda i, x, memory: decoder_layer(i + 1, x, memory))


@transformer.alternative("torch's embedding, and einsum for the scores")
def by_einsum(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    embedding = torch.nn.functional.embedding
    memory = embedding(source, tables[0]) * tables[0].shape[1] ** 0.5 + positions[torch.arange(source.shape[1])]
    x = embedding(target, tables[1]) * tables[1].shape[1] ** 0.5 + positions[None, :target.shape[1]]
    for number in range(layers):
        memory = encoder_layer(number, memory)
    for number in range(layers):
        x = decoder_layer(number, x, memory)
    return torch.einsum("btd,vd->btv", x, tables[1])
