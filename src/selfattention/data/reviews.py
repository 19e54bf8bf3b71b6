"""Sentences from film reviews, 5,331 that praise and 5,331 that blame (Pang & Lee 2005), fetched on request."""

from pathlib import Path

from selfattention.data.fetch import cache, fetched, verified

HOME = "https://raw.githubusercontent.com/dennybritz/cnn-text-classification-tf/master/data/rt-polaritydata"
SPLITS = ("train", "val", "test")
FILES = (("rt-polarity.neg", 0), ("rt-polarity.pos", 1))
SHA256 = {
    "rt-polarity.neg": "2d11cfbc790f1cd96d78339f41ce53ced1efa83cd22d37d6788fa3fe3d17e2fd",
    "rt-polarity.pos": "4134882974a28d0c7b5151256f0e33a6169984ee7372c279e673f1114f475d58",
}


def reviews(split: str, folder: Path | str | None = None, *, progress: bool = True) -> list[tuple[str, int]]:
    """Sentences as written, in small letters with spaces around the signs, each with 1 for praise and 0 for blame.

    The files have no split of their own. Of every ten sentences of each file here the first is for "test", the second
    for "val", and eight are for "train": 1,068, 1,066 and 8,528 sentences; half of each praise. No sentence stands
    twice; whether two of them are about one film is not known.

    Args:    folder: one that already holds both files; without it they are fetched once and kept.
    Raises:  ValueError: there is no such split. NotFetched: see `fetch`.
    """
    if split not in SPLITS:
        raise ValueError(f"the reviews have no split {split!r}: choose one of {', '.join(SPLITS)}")
    wanted = {"test": (0,), "val": (1,), "train": range(2, 10)}[split]
    found = []
    for name, label in FILES:
        path = (fetched(f"{HOME}/{name}", cache() / name, SHA256[name], progress=progress) if folder is None
                else verified(Path(folder) / name, SHA256[name]))
        lines = path.read_text(encoding="utf-8").split("\n")
        found += [(line.strip(), label) for number, line in enumerate(lines) if line.strip() and number % 10 in wanted]
    return found
