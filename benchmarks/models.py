"""The encoder–decoder against torch's, in the same run: one training step, and decoding with and without the cache."""

import statistics

import torch
from timing import row, seconds
from torch import nn

from selfattention.decoding import greedy, greedy_without_cache
from selfattention.models.transformer import Sizes, Transformer
from selfattention.positions import sinusoidal

VOCAB = 300


class Torchs(nn.Module):
    """`torch.nn.Transformer` with the embeddings, sinusoids and shared output matrix of ours."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.read, self.write = (nn.Embedding(VOCAB, sizes.d_model) for _ in range(2))
        self.inner = nn.Transformer(sizes.d_model, sizes.heads, sizes.layers, sizes.layers, sizes.d_ff, sizes.dropout,
                                    batch_first=True)
        self.inner.encoder.norm = self.inner.decoder.norm = None  # ours has none after post-norm
        self.dropout = nn.Dropout(sizes.dropout)
        self.register_buffer("positions", sinusoidal(512, sizes.d_model).float())

    def forward(self, source, target):
        x, y = (self.dropout(table(tokens) * table.embedding_dim**0.5 + self.positions[:tokens.shape[1]])
                for table, tokens in ((self.read, source), (self.write, target)))
        padding, future = source == 0, torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).triu(1)
        y = self.inner(x, y, tgt_mask=future, src_key_padding_mask=padding, memory_key_padding_mask=padding)
        return y @ self.write.weight.T


def steps(repeats: int = 15) -> None:
    """A training step (forward, backward, clipping, Adam): ours and torch's in turn."""
    print(f"\n| a training step ({repeats} runs in turn) | ours | torch.nn.Transformer | ours / torch |")
    print("|---|---|---|---|")
    for width, layers in ((64, 2), (256, 3)):
        for batch, length in ((64, 20), (16, 128)):
            sizes = Sizes(VOCAB, VOCAB, width, 4, 4 * width, layers, 0.1)
            models = {"ours": Transformer.paper(sizes), "torch": Torchs(sizes)}
            optimizers = {name: torch.optim.Adam(model.parameters(), 1e-4) for name, model in models.items()}
            source, target = torch.randint(4, VOCAB, (batch, length)), torch.randint(4, VOCAB, (batch, length + 1))
            source[::3, -3:] = 0

            def step(name, source=source, target=target, models=models, optimizers=optimizers):
                logits = models[name](source, target[:, :-1]).flatten(0, 1)
                nn.functional.cross_entropy(logits, target[:, 1:].flatten(), ignore_index=0).backward()
                nn.utils.clip_grad_norm_(models[name].parameters(), 1.0)
                optimizers[name].step()
                optimizers[name].zero_grad()

            times = {name: [] for name in models}
            for _ in range(repeats + 2):
                for name in models:
                    times[name].append(seconds(lambda name=name, step=step: step(name)))
            ours, torchs = (statistics.median(values[2:]) for values in times.values())
            row(f"width {width}, {layers} + {layers} layers, batch {batch}, {length} tokens", f"{ours * 1000:.0f} ms",
                f"{torchs * 1000:.0f} ms", f"{ours / torchs:.2f}")


def decoding(repeats: int = 5) -> None:
    """64 tokens by greedy search, with the cache and without; the tokens must be the same."""
    print(f"\n| 64 tokens, greedy ({repeats} runs in turn) | with the cache | without | times as fast | same tokens |\n"
          "|---|---|---|---|---|")
    for width, layers, batch in ((64, 2, 1), (64, 2, 16), (64, 2, 64), (256, 3, 16)):
        torch.manual_seed(0)
        model = Transformer.rotary(Sizes(VOCAB, VOCAB, width, 4, 4 * width, layers)).eval()
        with torch.no_grad():
            model.target_embedding.weight[2] = 0.0  # the end sign never wins: all sentences have 64 tokens
        source = torch.randint(4, VOCAB, (batch, 20))
        times, found = {greedy: [], greedy_without_cache: []}, []
        for _ in range(repeats):
            for search in times:
                times[search].append(seconds(lambda search=search: found.append(search(model, source, most=64))))
        assert found[0].shape == (batch, 64)
        fast, slow = (statistics.median(values) for values in times.values())
        row(f"width {width}, {layers} + {layers} layers, batch {batch}", f"{fast * 1000:.0f} ms",
            f"{slow * 1000:.0f} ms", f"{slow / fast:.1f}",
            "yes" if all(torch.equal(tokens, found[0]) for tokens in found) else "NO")


def models() -> None:
    """Both tables."""
    torch.manual_seed(0)
    steps()
    decoding()
