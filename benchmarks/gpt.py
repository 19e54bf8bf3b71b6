"""A recipe for a language model of characters, beside what packs text, and decoding with and without a cache.

    python benchmarks/gpt.py                          trains for 120 seconds on the text behind help(), then compares
    python benchmarks/gpt.py --seconds 300 --models 2 two for longer, and the mean of their probabilities
    python benchmarks/gpt.py --changes                each change since 2019 on its own, on the same budget
    python benchmarks/gpt.py --decoding               256 tokens with the cache, without, and by Hugging Face's generate
    python benchmarks/gpt.py --shakespeare [FOLDER]   tinyshakespeare in place of that text, from a folder or fetched

`--processor` counts the processor's seconds, of all threads together divided by their number: what an idle machine
would need. The extra `test` brings Hugging Face's transformers for the comparison of decoding; all else needs none.
"""

import argparse
import itertools
import math
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from learning import clock, learned
from timing import row

import torch  # isort: skip  (timing sets the number of threads before)
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from selfattention.compression import NGrams, compressed_bits, mixed_bits, model_bits, token_nats
from selfattention.data import shakespeare, topics
from selfattention.data.characters import Characters, TextBatches
from selfattention.models.gpt import GPT, Changes, Sizes
from selfattention.sampling import Sampler, generate, stream
from selfattention.training import language_loss, muon

MODERN = Changes(rms_norm=True, swiglu=True, rotary=True)


def halved(loss):
    """The same loss with matrix products in bfloat16, which processors that have it compute faster."""
    def in_bfloat16(model, batch):
        with torch.autocast("cpu", torch.bfloat16):
            return loss(model, batch)

    return in_bfloat16


def trained(arguments, vocab, tokens, changes, seed, models=1) -> tuple[list[GPT], list[int]]:
    """GPTs after so many seconds, and the steps they have made; the rate goes down with the time that is over.

    One model has all threads; several are trained at the same time, each on a thread of its own. What is returned has
    the mean of the weights over the last steps, of which older ones count less (Vaswani et al. 2017, §6.1 average
    checkpoints).
    """
    sizes = Sizes(vocab, arguments.context, arguments.width, arguments.heads, arguments.inner, arguments.layers)
    threads = arguments.threads if models == 1 else 1
    now, loss = clock(arguments.threads, arguments.processor), language_loss
    if arguments.bfloat16:
        loss = halved(loss)

    def steps(number: int, model: GPT) -> tuple[GPT, int]:
        made, batches = 0, TextBatches(tokens, arguments.context + 1, arguments.batch, number)
        mean = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(arguments.mean))
        for made, _ in learned(model, batches, loss, arguments.seconds, arguments.seconds, number,
                               make=partial(muon, decay=arguments.decay, shares=threads), rate=arguments.rate,
                               down=1.0, threads=threads, clip=math.inf, now=now,
                               each=lambda: mean.update_parameters(model)):
            pass
        return mean.module.eval(), made

    numbers, team = range(models * seed, models * seed + models), []
    for number in numbers:
        torch.manual_seed(number)
        team.append(GPT(sizes, changes))
    with ThreadPoolExecutor(models) as pool:
        return tuple(map(list, zip(*pool.map(steps, numbers, team))))


def others(split, orders) -> tuple[torch.Tensor, torch.Tensor]:
    """What packs the same text, given the same text to learn from; of the n-grams the one that is best at it.

    Returns: what each character costs by those n-grams, in nats, and before which ones stands what they have seen.
    """
    for name, bits in compressed_bits(*split).items():
        row(name, f"{bits:.3f}")
    alphabet = "".join(split)
    found = {order: NGrams(split.train, alphabet, order).nats(split.held_out) for order in orders}
    order = min(found, key=lambda order: found[order].mean())
    row(f"the best of the n-grams with back-off, n = {order}", f"{mixed_bits(found[order]):.3f}")
    ends = range(len(split.held_out))
    seen = torch.tensor([end >= order - 1 and split.held_out[end - order + 1:end] in split.train for end in ends])
    return found[order], seen


def compared(arguments, split, characters) -> None:
    """The recipe beside the others, for several seeds; then a text of the last model's."""
    tokens, held_out = characters.encode(split.train), characters.encode(split.held_out)
    print(f"\n| {len(split.train):,} characters to learn from, {len(split.held_out):,} held out | bits a character |")
    print("|---|---|")
    counted, seen = others(split, arguments.orders)
    for seed in range(arguments.seeds):
        team, steps = trained(arguments, len(characters), tokens, MODERN, seed, arguments.models)
        each = [token_nats(model, held_out, arguments.context, arguments.stride) for model in team]
        weights = sum(parameter.numel() for parameter in team[0].parameters())
        for made, nats in zip(steps, each):
            row(f"GPT with {weights:,} weights, {arguments.seconds:g} seconds, {made} steps, seed {seed}",
                f"{mixed_bits(nats):.3f}")
        if len(team) > 1:
            row(f"the mean of their probabilities, seed {seed}", f"{mixed_bits(*each):.3f}")
        row(f"the mean of the GPTs' probabilities and the n-grams', seed {seed}", f"{mixed_bits(*each, counted):.3f}")
        model, nats = team[0], each[0]
        for where, some in (("where all that n-grams look at stood in the text to learn from", seen),
                            ("elsewhere", ~seen)):
            if some.any():
                row(f"{where}, {100 * some.double().mean():.0f} % of the characters: the GPT, the n-grams",
                    f"{mixed_bits(nats[some]):.3f}, {mixed_bits(counted[some]):.3f}")
    print()
    draw = Sampler(temperature=0.7, p=0.95, generator=torch.Generator().manual_seed(0))
    for token in stream(model, characters.encode("\n\nThe ")[None], 400, draw):
        print(characters.decode(token), end="", flush=True)
    print()


def changed(arguments, split, characters) -> None:
    """GPT-2 with each change alone and with all of them, on the same budget."""
    tokens, held_out = characters.encode(split.train), characters.encode(split.held_out)
    grouped = arguments.heads // 2
    kinds = {"GPT-2": Changes(), "RMSNorm": Changes(rms_norm=True), "SwiGLU": Changes(swiglu=True),
             "rotary positions": Changes(rotary=True), "grouped queries": Changes(key_heads=grouped),
             "all four": Changes(True, True, True, grouped)}
    print(f"\n| {arguments.seconds:g} seconds each, {arguments.seeds} seeds | weights | steps | bits a character |")
    print("|---|---|---|---|")
    for name, changes in kinds.items():
        runs = [trained(arguments, len(characters), tokens, changes, seed) for seed in range(arguments.seeds)]
        bits = [model_bits(model, held_out, arguments.context, arguments.stride) for (model,), _ in runs]
        weights = sum(parameter.numel() for parameter in runs[0][0][0].parameters())
        row(name, f"{weights:,}", " ".join(str(steps) for _, (steps,) in runs), " ".join(f"{one:.3f}" for one in bits))


def twins(arguments, vocab, tokens) -> dict[str, tuple]:
    """Our GPT with the random weights of Hugging Face's GPT-2, and all of ours with those of their Llama."""
    import transformers

    from selfattention.parity import from_gpt2, from_llama

    transformers.logging.set_verbosity_error()
    width, heads, layers = arguments.width, arguments.heads, arguments.layers
    sizes, changes = Sizes(vocab, tokens + 1, width, heads, 4 * width, layers), Changes(True, True, True, heads // 2)
    ends = {"bos_token_id": None, "eos_token_id": None}
    gpt2 = transformers.GPT2LMHeadModel(transformers.GPT2Config(
        vocab_size=vocab, n_positions=tokens + 1, n_embd=width, n_layer=layers, n_head=heads, **ends))
    llama = transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=vocab, max_position_embeddings=tokens + 1, hidden_size=width, num_hidden_layers=layers,
        num_attention_heads=heads, num_key_value_heads=heads // 2, intermediate_size=2 * sizes.d_ff // 3,
        attention_bias=True, tie_word_embeddings=True, **ends))
    for theirs in (gpt2, llama):
        for parameter in theirs.parameters():
            nn.init.normal_(parameter, std=0.1)  # so that not every token is the same
    return {"GPT-2": (from_gpt2(GPT(sizes), gpt2).eval(), gpt2.eval()),
            "all four changes": (from_llama(GPT(sizes, changes), llama).eval(), llama.eval())}


def decoding(arguments, vocab, repeats: int = 5) -> None:
    """Greedy, from one token on, one text and several at once; all ways in turn, in seconds of processor time."""
    torch.manual_seed(0)
    tokens = arguments.tokens
    print(f"\n| {tokens} tokens, width {arguments.width}, {arguments.layers} layers ({repeats} runs in turn) | texts | "
          "cache | without, times as long | `generate`, times as long | same tokens | the last token alone, with the "
          "cache | without, times as long |\n|---|---|---|---|---|---|---|---|")
    for (name, (ours, theirs)), texts in itertools.product(twins(arguments, vocab, tokens).items(), arguments.texts):
        prompt, text = torch.randint(vocab, (texts, 1)), torch.randint(vocab, (texts, tokens))
        with torch.no_grad():
            _, past = ours.decode(text[:, :-1])
        ways = {"cache": lambda ours=ours: generate(ours, prompt, tokens),
                "without": lambda ours=ours: generate(ours, prompt, tokens, cache=False),
                "theirs": lambda theirs=theirs: theirs.generate(
                    prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=tokens, do_sample=False,
                    pad_token_id=0)[:, 1:],
                "last": lambda ours=ours, text=text, past=past: [ours.decode(text[:, -1:], past) for _ in range(20)],
                "last without": lambda ours=ours, text=text: [ours.decode(text) for _ in range(20)]}
        times, found = {way: [] for way in ways}, {}
        for _ in range(repeats):
            for way, write in ways.items():
                started = time.process_time()
                with torch.no_grad():
                    found[way] = write()
                times[way].append(time.process_time() - started)
        cache, without, hugging, last, last_without = (statistics.median(values) for values in times.values())
        alike = all(torch.equal(found["cache"], found[way]) for way in ("without", "theirs"))
        row(name, f"{texts}", f"{cache * 1000:.0f} ms", f"{without / cache:.1f}", f"{hugging / cache:.1f}",
            "yes" if alike else "NO", f"{last * 50:.2f} ms", f"{last_without / last:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--models", type=int, default=1, help="trained at the same time, each on its own thread")
    parser.add_argument("--processor", action="store_true", help="count the processor's seconds, not those that pass")
    parser.add_argument("--changes", action="store_true", help="compare what changed since 2019")
    parser.add_argument("--decoding", action="store_true", help="time decoding, train nothing")
    parser.add_argument("--shakespeare", nargs="?", const="", metavar="FOLDER", help="train on tinyshakespeare")
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--inner", type=int, default=504, help="width of feed-forward layers; 2/3 with a gate")
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--context", type=int, default=192)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=1.5e-3, help="of Adam; Muon's is ten times as high")
    parser.add_argument("--decay", type=float, default=0.3, help="of Muon's weights")
    parser.add_argument("--mean", type=float, default=0.99,
                        help="of the weights: each step counts so many times as much as the next; 0: the last alone")
    parser.add_argument("--bfloat16", action="store_true", help="matrix products in it, where the processor has it")
    parser.add_argument("--orders", type=int, nargs="+", default=(6, 8, 10, 12, 16, 20), help="of the n-grams")
    parser.add_argument("--tokens", type=int, default=256, help="to be decoded")
    parser.add_argument("--texts", type=int, nargs="+", default=(1, 8), help="decoded at once")
    parser.add_argument("--stride", type=int, default=64, help="tokens that a window predicts of the held-out text")
    arguments = parser.parse_args()
    if arguments.shakespeare is None:
        split = topics.split()
    else:
        split = shakespeare.split(shakespeare.shakespeare(arguments.shakespeare or None))
    characters = Characters("".join(split))
    if arguments.decoding:
        decoding(arguments, len(characters))
    elif arguments.changes:
        changed(arguments, split, characters)
    else:
        compared(arguments, split, characters)


if __name__ == "__main__":
    main()
