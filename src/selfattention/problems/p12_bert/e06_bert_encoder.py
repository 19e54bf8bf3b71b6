from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p12_bert.shared import halves, texts


@exercise(points=3, minutes=8, builds_on="exercise 5 of chapter 09 and exercise 2 of chapter 04", hints=(
    "The encoder of chapter 09 did the same. What is different: the layers, the mask, or only what goes in?",
    "Which tokens may the first one see, and which the last one? Is there any future here?",
    "`mask` needs an axis for the queries, although they all see the same. Which of its three axes has length 1?",
))
def bert_encoder(tokens: Int[Tensor, "batch tokens"], segments: Int[Tensor, "batch tokens"],
                 embed: Callable[[Tensor, Tensor], Tensor], layer: Callable[[int, Tensor, Tensor], Tensor],
                 layers: int) -> Float[Tensor, "batch tokens d_model"]:
    r"""Read texts in both directions.

    `embed(tokens, segments)` makes the vectors. Then come `layers` layers, `layer(i, x, mask)`, with i from 0; each
    reads what the one before gave. `mask` has the shape (batch, 1, tokens), or a row for each query, and is `True`
    where a token may be seen: every token sees every token of its text, before and after it, in both segments, signs
    included ([CLS], [SEP], unknown words and [MASK] are 1 to 4), but no padding (0). Return what the last layer gives.
    (Devlin et al. 2019, §3; "bidirectional" in their title.) In the example `embed` makes one number of a token,
    (token + 100 · segment) / 8, and a layer gives each token the mean of what it may see, plus i + 1.
    """
    mask = (tokens != 0)[:, None, :]
    x = embed(tokens, segments)
    for number in range(layers):
        x = layer(number, x, mask)
    return x


def simple_layer(i, x, mask):
    """The mean of what a token may see, plus i + 1."""
    seen = mask.to(x.dtype).expand(-1, x.shape[1], -1)
    return seen @ x / seen.sum(dim=-1, keepdim=True).clamp(min=1) + i + 1


bert_encoder.example(torch.tensor([[1, 8, 2, 0]]), torch.tensor([[0, 0, 0, 0]]),
                     lambda tokens, segments: (tokens + 100 * segments)[..., None] / 8, simple_layer, 1)
bert_encoder.example(torch.tensor([[1, 9, 2, 7, 2]]), torch.tensor([[0, 0, 0, 1, 1]]),
                     lambda tokens, segments: (tokens + 100 * segments)[..., None] / 8, simple_layer, 2)


def parts(rng, layers, width=5):
    """What embeds, and layers of attention, different each time."""
    token, segment = tensor(rng, 31, width), tensor(rng, 2, width)
    asked, read = tensor(rng, layers, width, width) / 2, tensor(rng, layers, width, width) / 2

    def embed(tokens, segments):
        return token[tokens] + segment[segments] + torch.arange(tokens.shape[1])[:, None] / 7

    def layer(i, x, mask):
        scores = (x @ asked[i] @ x.transpose(1, 2)).masked_fill(~mask, -1e9)
        return torch.tanh(x + torch.softmax(scores, dim=-1) @ x @ read[i])

    return embed, layer, layers


def pair(rng, lengths, width):
    return texts(rng, lengths, width), halves(rng, lengths, width)


@bert_encoder.check("runs all layers over the embedded tokens, each with the mask of its text",
                    hint="Follow the example: which three tokens does each token see?")
def all_layers(answer, rng):
    for lengths, width, layers in (((2, 9, 4), 13, 3), ((5, 3), 7, 2), ((4, 5), 7, 1)):
        tokens, segments = pair(rng, lengths, width)
        embed, layer, _ = rest = parts(rng, layers)
        mask = torch.tensor([[[place < length + 2 for place in range(width)]] for length in lengths])
        expected = embed(tokens, segments)
        for number in range(layers):
            expected = layer(number, expected, mask)
        probes.equal(answer(tokens, segments, *rest), expected)


@bert_encoder.check("lets each token see what comes after it", hint="Change the last word. Which vectors must change?")
def sees_what_follows(answer, rng):
    (tokens, segments), rest = pair(rng, (6,), 8), parts(rng, 2)
    changed = tokens.clone()
    changed[0, 6] = 5 + (changed[0, 6] - 4) % 24
    before, after = answer(tokens, segments, *rest), answer(changed, segments, *rest)
    probes.equal(after - before, bert_encoder(changed, segments, *rest) - bert_encoder(tokens, segments, *rest),
                 "another last word does not change the vectors as it should")


@bert_encoder.check("gives the same with more padding",
                    hint="Add two columns of padding. Who sees them in your version?")
def more_padding(answer, rng):
    (tokens, segments), rest = pair(rng, (5, 2), 7), parts(rng, 2)
    longer = [torch.nn.functional.pad(one, (0, 3)) for one in (tokens, segments)]
    before, after = answer(tokens, segments, *rest), answer(*longer, *rest)
    real = tokens != 0
    probes.unmoved(before[real], after[:, :7][real], "three columns of padding changed the vectors of words")
    probes.equal(before, bert_encoder(tokens, segments, *rest))


@bert_encoder.check("lets signs inside a text be seen, and works for [CLS] alone",
                    hint="A hidden word has become token 4. May the others see that something stood there?")
def signs_are_seen(answer, rng):
    (tokens, segments), rest = pair(rng, (7, 4), 11), parts(rng, 2)
    tokens[0, 2], tokens[0, 5], tokens[1, 3] = 4, 2, 3
    probes.parity(answer, bert_encoder, tokens, segments, *rest)
    probes.parity(answer, bert_encoder, torch.tensor([[1]]), torch.tensor([[0]]), *parts(rng, 1))


def through(tokens, segments, embed, layer, layers, mask):
    x = embed(tokens, segments)
    for number in range(layers):
        x = layer(number, x, mask)
    return x


def real(tokens):
    return (tokens != 0)[:, None]


@bert_encoder.mistake("leaves the causal mask on",
                      hint="That is a decoder's mask. May [CLS] see the rest of the text in your version?")
def causal_left_on(tokens, segments, embed, layer, layers):
    past = torch.ones(tokens.shape[1], tokens.shape[1], dtype=torch.bool).tril()
    return through(tokens, segments, embed, layer, layers, past & real(tokens))


@bert_encoder.mistake("lets the padding be seen", hint="Where does the number 0 appear in your mask?")
def padding_seen(tokens, segments, embed, layer, layers):
    return through(tokens, segments, embed, layer, layers, torch.ones_like(real(tokens)))


@bert_encoder.mistake("lets nothing but the padding be seen", hint="What does `True` mean in a mask of this course?")
def mask_inverted(tokens, segments, embed, layer, layers):
    return through(tokens, segments, embed, layer, layers, ~real(tokens))


@bert_encoder.mistake("hides the signs with the padding",
                      hint="Which numbers are signs, and which is padding? May [CLS] be seen?")
def signs_hidden(tokens, segments, embed, layer, layers):
    return through(tokens, segments, embed, layer, layers, (tokens > 4)[:, None] | (tokens == 1)[:, None])


@bert_encoder.mistake("hides [MASK]", hint="May the others see that a word is missing? What alone is hidden?")
def masks_hidden(tokens, segments, embed, layer, layers):
    return through(tokens, segments, embed, layer, layers, ((tokens != 0) & (tokens != 4))[:, None])


@bert_encoder.mistake("lets each token see its own segment alone",
                      hint="How shall a question find its answer, if neither sees the other?")
def own_segment(tokens, segments, embed, layer, layers):
    same = segments[:, :, None] == segments[:, None, :]
    return through(tokens, segments, embed, layer, layers, same & real(tokens))


@bert_encoder.mistake("lets each token see itself and what comes after it",
                      hint="May the last word see the first one in your version?")
def future_alone(tokens, segments, embed, layer, layers):
    later = torch.ones(tokens.shape[1], tokens.shape[1], dtype=torch.bool).triu()
    return through(tokens, segments, embed, layer, layers, later & real(tokens))


@bert_encoder.mistake("lets only [CLS] and the second segment be seen",
                      hint="What do segments say: whom one may see, or which text a token is of?")
def second_segment(tokens, segments, embed, layer, layers):
    return through(tokens, segments, embed, layer, layers, ((segments == 1) | (tokens == 1))[:, None])


@bert_encoder.mistake("lets padding be seen as far as the longest text goes",
                      hint="Has every text its own length? Of which axis must your mask not lose sight?")
def longest_text(tokens, segments, embed, layer, layers):
    mask = (tokens != 0).any(dim=0)[None, None].expand(len(tokens), -1, -1)
    return through(tokens, segments, embed, layer, layers, mask)


@bert_encoder.mistake("hides each token from itself", hint="\"Every token of its text\": is a token one of them?")
def itself_hidden(tokens, segments, embed, layer, layers):
    others = ~torch.eye(tokens.shape[1], dtype=torch.bool)
    return through(tokens, segments, embed, layer, layers, others & real(tokens))


@bert_encoder.mistake("puts the mask along the queries",
                      hint="Padding must not be *seen*. Is that a row of the scores, or a column?")
def queries_masked(tokens, segments, embed, layer, layers):
    return through(tokens, segments, embed, layer, layers,
                   (tokens != 0)[:, :, None].expand(-1, -1, tokens.shape[1]))


@bert_encoder.mistake("takes the first text's padding for all texts",
                      hint="Has every text its own length? Which texts does your mask look at?")
def mask_of_the_first(tokens, segments, embed, layer, layers):
    return through(tokens, segments, embed, layer, layers, real(tokens)[:1].expand(len(tokens), -1, -1))


@bert_encoder.mistake("starts every layer from the embeddings",
                      hint="What goes into the second layer in your code?")
def starts_anew(tokens, segments, embed, layer, layers):
    return layer(layers - 1, embed(tokens, segments), real(tokens))


@bert_encoder.mistake("uses the first layer again and again", hint="Which number do you give to each layer?")
def same_layer(tokens, segments, embed, layer, layers):
    return through(tokens, segments, embed, lambda i, x, mask: layer(0, x, mask), layers, real(tokens))


@bert_encoder.mistake("leaves out the first layer", hint="Which number does your loop begin with?")
def first_left_out(tokens, segments, embed, layer, layers):
    x = embed(tokens, segments)
    for number in range(1, layers):
        x = layer(number, x, real(tokens))
    return x


@bert_encoder.mistake("adds the embeddings to what each layer gives",
                      hint="Each layer has its own ways past. What goes into the next one, in the prompt?")
def embeddings_added(tokens, segments, embed, layer, layers):
    x = embedded = embed(tokens, segments)
    for number in range(layers):
        x = embedded + layer(number, x, real(tokens))
    return x


@bert_encoder.mistake("leaves out the last layer", hint="How many layers does your loop run for layers = 1?")
def last_left_out(tokens, segments, embed, layer, layers):
    return through(tokens, segments, embed, layer, layers - 1, real(tokens))


@bert_encoder.mistake("runs the layers from the last to the first", hint="Which layer reads the embeddings?")
def backwards(tokens, segments, embed, layer, layers):
    return through(tokens, segments, embed, lambda i, x, mask: layer(layers - 1 - i, x, mask), layers, real(tokens))


@bert_encoder.mistake("embeds all tokens in segment 0", hint="What do you give to `embed` as its second argument?")
def segments_lost(tokens, segments, embed, layer, layers):
    return through(tokens, torch.zeros_like(segments), embed, layer, layers, real(tokens))


@bert_encoder.alternative("the mask from the lengths, folded over the layers")
def folded(tokens, segments, embed, layer, layers):
    places = torch.arange(tokens.shape[1])
    ends = torch.where(tokens != 0, places + 1, 0).amax(dim=1)
    mask, x = (places < ends[:, None]).unsqueeze(1), embed(tokens, segments)
    for number in reversed(range(layers)):
        x = layer(layers - 1 - number, x, mask)
    return x


@bert_encoder.alternative("a mask with a row for every query")
def mask_in_full(tokens, segments, embed, layer, layers):
    mask = tokens.ne(0)[:, None].repeat(1, tokens.shape[1], 1)
    x, number = embed(tokens, segments), 0
    while number < layers:
        x, number = layer(number, x, mask), number + 1
    return x
