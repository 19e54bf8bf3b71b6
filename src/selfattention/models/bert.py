"""BERT: an encoder that reads in both directions, and what is put on top of it (Devlin et al. 2019)."""

from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from selfattention.layers import EncoderLayer, FeedForward, LayerNorm, MultiHeadAttention, PostNorm, watching
from selfattention.positions import LearnedPositions

Tokens = Int[Tensor, "batch tokens"]
Vectors = Float[Tensor, "batch tokens d_model"]


@dataclass(frozen=True)
class Sizes:
    """The numbers that make a BERT; the paper's base model has 768, 12, 3072, 12, 512, 2 and 0.1 after its vocabulary.

    Args:    positions: the most tokens a text may have. epsilon: what every norm adds to the variance.
    """

    vocab: int
    d_model: int = 64
    heads: int = 4
    d_ff: int = 256
    layers: int = 2
    positions: int = 128
    segments: int = 2
    dropout: float = 0.1
    epsilon: float = 1e-12


class Embeddings(nn.Module):
    """What a token is, where it stands and which segment it belongs to: three learned vectors, added and normalised.

    (Devlin et al. 2019, §3 and figure 2; norm and dropout as in the authors' code.)

    Differs: all three begin with a standard deviation of 1/√d_model. The authors' 0.02 suits their width of 768; a
             narrow model stays on a plateau with it, several times as long.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.token = nn.Embedding(sizes.vocab, sizes.d_model)
        self.positions = LearnedPositions(sizes.positions, sizes.d_model)
        self.segment = nn.Embedding(sizes.segments, sizes.d_model)
        self.norm, self.dropout = LayerNorm(sizes.d_model, sizes.epsilon), nn.Dropout(sizes.dropout)
        for table in (self.token.weight, self.positions.table, self.segment.weight):
            nn.init.normal_(table, std=sizes.d_model**-0.5)

    def forward(self, tokens: Tokens, segments: Tokens) -> Vectors:
        """The vectors that the first layer reads."""
        x = _rows(self.token, tokens, "tokens") + _rows(self.segment, segments, "segments")
        return self.dropout(self.norm(x + self.positions(tokens.shape[1])))


class Bert(nn.Module):
    """Reads a text, or two of them in segments 0 and 1, and gives each token a vector that knows both of its sides.

    Token 0 is padding. A text begins with the sign [CLS], whose vector stands for the whole of it, and each segment
    ends with [SEP] (Devlin et al. 2019, §3).

    Differs: no dropout inside the attention; the authors' code drops a tenth of the weights.
    """

    PADDING = 0

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes, self.embeddings = sizes, Embeddings(sizes)
        self.encoder = nn.ModuleList(
            EncoderLayer(MultiHeadAttention(sizes.d_model, sizes.heads),
                         FeedForward(sizes.d_model, sizes.d_ff, nn.GELU), partial(PostNorm, epsilon=sizes.epsilon),
                         sizes.dropout)
            for _ in range(sizes.layers))
        self.pooler = nn.Linear(sizes.d_model, sizes.d_model)

    def forward(self, tokens: Tokens, segments: Tokens | None = None) -> Vectors:
        """The last layer's vectors: every real token has seen every other.

        Args:    segments: 0 or 1 for each token; all 0 where nothing is said.
        Raises:  ValueError: no texts or no tokens, more tokens than positions, segments of another shape, or a token or
                 segment that has no vector.
        """
        if tokens.ndim != 2 or tokens.numel() == 0:
            raise ValueError(f"tokens of shape {tuple(tokens.shape)} are empty or no batch: their axes are texts and "
                             "tokens, at least one of each")
        if segments is None:
            segments = torch.zeros_like(tokens)
        if segments.shape != tokens.shape:
            raise ValueError(f"segments {tuple(segments.shape)} and tokens {tuple(tokens.shape)} differ in shape: each "
                             "token belongs to one segment")
        mask = (tokens != self.PADDING)[:, None]
        x = self.embeddings(tokens, segments)
        for layer in self.encoder:
            x = layer(x, mask)
        return x

    def pool(self, x: Vectors) -> Float[Tensor, "batch d_model"]:
        """One vector for the whole text: that of its first token, [CLS], through a layer with tanh."""
        return torch.tanh(self.pooler(x[:, 0]))

    @torch.no_grad()
    def weights(self, tokens: Tokens,
                segments: Tokens | None = None) -> list[Float[Tensor, "batch _heads tokens tokens"]]:
        """Who looks at whom, layer by layer."""
        with watching(*(layer.attention for layer in self.encoder)) as seen:
            self(tokens, segments)
        return [weights for (weights,) in seen]


class MaskedLanguageModel(nn.Module):
    """Guesses hidden tokens (Devlin et al. 2019, §3.1): a transform of each vector, then a product with every token.

    The embeddings' own table makes the scores, each token with a bias of its own. (Transform and shared table as in the
    authors' code; the paper says only "an output softmax over the vocabulary".)
    """

    def __init__(self, bert: Bert) -> None:
        super().__init__()
        d_model = bert.sizes.d_model
        self.bert, self.transform, self.activation = bert, nn.Linear(d_model, d_model), nn.GELU()
        self.norm, self.bias = LayerNorm(d_model, bert.sizes.epsilon), nn.Parameter(torch.zeros(bert.sizes.vocab))

    def scores(self, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch vocab"]:
        """Logits over the vocabulary for vectors of the last layer: of all tokens, or of the hidden ones alone."""
        return self.norm(self.activation(self.transform(x))) @ self.bert.embeddings.token.weight.T + self.bias

    def forward(self, tokens: Tokens, segments: Tokens | None = None) -> Float[Tensor, "batch tokens vocab"]:
        """Logits for every place of the text, hidden or not."""
        return self.scores(self.bert(tokens, segments))


class SequenceClassifier(nn.Module):
    """Puts whole texts, or pairs of them, into classes (Devlin et al. 2019, §4.1).

    With two classes and pairs of texts it is next-sentence prediction (§3.1): class 0 where the second text follows.
    """

    def __init__(self, bert: Bert, classes: int = 2) -> None:
        super().__init__()
        if classes < 2:
            raise ValueError(f"{classes} classes: there is nothing to choose from, give at least 2")
        self.bert, self.dropout = bert, nn.Dropout(bert.sizes.dropout)
        self.output = nn.Linear(bert.sizes.d_model, classes)

    def scores(self, x: Vectors) -> Float[Tensor, "batch classes"]:
        """Logits of the classes for vectors of the last layer."""
        return self.output(self.dropout(self.bert.pool(x)))

    def forward(self, tokens: Tokens, segments: Tokens | None = None) -> Float[Tensor, "batch classes"]:
        """Logits of the classes."""
        return self.scores(self.bert(tokens, segments))


class QuestionAnswerer(nn.Module):
    """Finds an answer in a text (Devlin et al. 2019, §4.2): the question is segment 0, the text segment 1."""

    def __init__(self, bert: Bert) -> None:
        super().__init__()
        self.bert, self.output = bert, nn.Linear(bert.sizes.d_model, 2)

    def forward(self, tokens: Tokens,
                segments: Tokens | None = None) -> tuple[Float[Tensor, "batch tokens"], Float[Tensor, "batch tokens"]]:
        """Logits of each token: as the first one of the answer, and as the last one."""
        starts, ends = self.output(self.bert(tokens, segments)).unbind(dim=-1)
        return starts, ends

    @torch.no_grad()
    def spans(self, tokens: Tokens, segments: Tokens, longest: int = 5) -> Int[Tensor, "batch 2"]:
        """The best answers: first and last token, in the text, last not before first, at most `longest` tokens.

        Raises:  ValueError: `longest` is below 1, or a text has no token in segment 1.
        """
        inside = (segments == 1) & (tokens != self.bert.PADDING)
        if longest < 1 or not inside.any(dim=1).all():
            raise ValueError(f"answers of at most {longest} tokens, {inside.sum(dim=1).tolist()} tokens in segment 1: "
                             "an answer has at least one token, and stands in the text, which is segment 1")
        starts, ends = (scores.masked_fill(~inside, -torch.inf) for scores in self(tokens, segments))
        size = tokens.shape[1]
        allowed = torch.ones(size, size, dtype=torch.bool, device=tokens.device).triu().tril(longest - 1)
        both = (starts[:, :, None] + ends[:, None, :]).masked_fill(~allowed, -torch.inf)
        places = both.flatten(1).argmax(dim=1)
        return torch.stack([places // size, places % size], dim=1)


def gap_loss(model: MaskedLanguageModel, batch: Int[Tensor, "parts batch tokens"]) -> tuple[Tensor, Tensor]:
    """The sum of the losses of all tokens asked for in nats, and how many there are: what `Trainer` asks for.

    Args:    batch: what is read; the labels, which are -100 where nothing is asked, as `masked_tokens` gives them; and
             segments, where there are two texts in a row.
    """
    read, labels, *segments = batch
    asked = labels != -100
    scores = model.scores(model.bert(read, *segments)[asked])
    return nn.functional.cross_entropy(scores, labels[asked], reduction="sum"), asked.sum()


def label_loss(model: SequenceClassifier, batch: Tokens) -> tuple[Tensor, Tensor]:
    """The sum of the losses of all texts in nats, and how many there are; each text has its label before it."""
    labels, texts = batch[:, 0], batch[:, 1:]
    return nn.functional.cross_entropy(model(texts), labels, reduction="sum"), torch.tensor(len(batch))


def _rows(table: nn.Embedding, numbers: Tokens, what: str) -> Vectors:
    if numbers.is_floating_point() or numbers.dtype == torch.bool:
        raise ValueError(f"{what} of type {numbers.dtype}, expected whole numbers such as torch.long")
    try:
        return table(numbers)
    except IndexError:  # found by the look-up itself, so that good numbers are not looked at twice
        raise ValueError(f"{what} from {int(numbers.min())} to {int(numbers.max())}, but there are vectors for 0 to "
                         f"{table.num_embeddings - 1}: build the model with more, or number them otherwise") from None
