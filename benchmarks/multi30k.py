"""Trains an English–French translator on the real captions of Multi30k in half an hour on two cores, and scores it.

    python benchmarks/multi30k.py                 fetches the captions (3 MB), trains, prints BLEU on test_2016_flickr
    python benchmarks/multi30k.py --data FOLDER   takes the files from a folder instead
    python benchmarks/multi30k.py --out FOLDER    keeps pieces, checkpoint, translations; goes on where it stopped

Needs the extra `data` (tokenizers). Runs on a GPU where there is one, and under `torchrun --nproc-per-node 2`.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import torch
from sacrebleu.metrics import BLEU

from selfattention.data.batches import Batches
from selfattention.data.multi30k import multi30k
from selfattention.data.pieces import Pieces
from selfattention.decoding import beam, greedy, translated
from selfattention.layers import PreNorm
from selfattention.models.transformer import Sizes, Transformer
from selfattention.training import Recipe, Trainer, adam, bare, muon, prepared, translation_loss, up_and_down


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder that holds the files of Multi30k")
    parser.add_argument("--out", type=Path, help="where pieces, checkpoint and translations are kept")
    parser.add_argument("--steps", type=int, default=4500)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--pieces", type=int, default=4000)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--dropout", type=float, default=0.15)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--muon", action="store_true", help="Muon for the matrices inside the layers, else Adam")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    started = time.perf_counter()
    train = multi30k("train", arguments.data)
    kept = arguments.out / "pieces.json" if arguments.out else None
    learned = kept is not None and kept.is_file()
    pieces = Pieces.load(kept) if learned else Pieces([text for pair in train for text in pair], arguments.pieces)
    sources, targets = ([pieces.encode(pair[side]) for pair in train] for side in (0, 1))
    sizes = Sizes(len(pieces), len(pieces), d_model=arguments.width, heads=4, d_ff=2 * arguments.width,
                  layers=arguments.layers, dropout=arguments.dropout)
    torch.manual_seed(0)
    model = prepared(Transformer.rotary(sizes, PreNorm))
    first = not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0
    if first and kept is not None and not learned:
        kept.parent.mkdir(parents=True, exist_ok=True)
        pieces.save(kept)
    recipe = Recipe(arguments.steps, arguments.rate, warmup=400)
    make = muon if arguments.muon else adam
    trainer = Trainer(model, make(model, recipe.rate), translation_loss(recipe.smoothing),
                      lambda step: up_and_down(step, recipe.warmup, recipe.steps), recipe)
    with tempfile.TemporaryDirectory() as temporary:
        out = arguments.out or Path(temporary)
        losses = []
        for loss in trainer.run(Batches(sources, targets, arguments.batch), out, progress=sys.stderr.isatty()):
            losses.append(loss)
            if trainer.step % 200 == 0:
                print(f"step {trainer.step}: {sum(losses[-200:]) / len(losses[-200:]):.3f} nats a token, "
                      f"{(time.perf_counter() - started) / 60:.1f} minutes", flush=True)
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
        if not first:
            return
        minutes = (time.perf_counter() - started) / 60
        test = multi30k("test_2016_flickr", arguments.data)
        trained = bare(model).eval()
        sources, device = [pieces.encode(source) for source, _ in test], next(trained.parameters()).device
        for name, search in (("greedy", greedy), ("beam of 4", beam)):
            begun = time.perf_counter()
            found = [pieces.decode(row) for row in translated(trained, sources, search, size=50, device=device)]
            metric = BLEU()
            score = metric.corpus_score(found, [[target for _, target in test]])
            print(f"{name}: BLEU {score.score:.1f} in {time.perf_counter() - begun:.0f} s ({metric.get_signature()})")
            if arguments.out:
                (out / f"{name.split()[0]}.fr").write_text("\n".join(found) + "\n", encoding="utf-8")
        parameters = sum(parameter.numel() for parameter in model.parameters())
        print(f"{parameters:,} parameters, trained for {trainer.step} steps, {len(losses)} of them in this run; "
              f"{minutes:.0f} minutes, "
              f"{torch.get_num_threads()} threads, {recipe}")


if __name__ == "__main__":
    main()
