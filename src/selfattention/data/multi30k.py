"""Multi30k: 31,014 English image captions with French translations (Elliott et al. 2016, 2017), fetched on request."""

import gzip
from pathlib import Path

from selfattention.data.fetch import cache, fetched, verified

HOME = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw"
SPLITS = ("train", "val", "test_2016_flickr")
SHA256 = {
    "test_2016_flickr.en.gz": "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9",
    "test_2016_flickr.fr.gz": "6d326e188d259fb1d04ac19eae3af956559b3a0b93d7635e56c90987c40c8b90",
    "train.en.gz": "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
    "train.fr.gz": "622e75069e9f4c577425c4f277116ce66e63a2401c0a2312d90073cb12379a3c",
    "val.en.gz": "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
    "val.fr.gz": "ca3106f1a72390591d25f6c45cb4cd39dec4cd3f123e099748a3ce5256c160e9",
}


def multi30k(split: str, folder: Path | str | None = None, *, progress: bool = True) -> list[tuple[str, str]]:
    """Pairs of an English caption and its French translation, as written.

    Args:    split: "train" (29,000 pairs), "val" (1,014) or "test_2016_flickr" (1,000). folder: one that already holds
             the files, such as `train.en.gz` or `multi30k.train.en.gz`; without it they are fetched once and kept.
    Raises:  ValueError: there is no such split. NotFetched: see `fetch`.
    """
    if split not in SPLITS:
        raise ValueError(f"Multi30k has no split {split!r}: choose one of {', '.join(SPLITS)}")
    texts = []
    for language in ("en", "fr"):
        name = f"{split}.{language}.gz"
        if folder is None:
            path = fetched(f"{HOME}/{name}", cache() / f"multi30k.{name}", SHA256[name], progress=progress)
        else:
            plain, prefixed = Path(folder) / name, Path(folder) / f"multi30k.{name}"
            path = verified(prefixed if prefixed.is_file() else plain, SHA256[name])
        with gzip.open(path, "rt", encoding="utf-8") as file:
            texts.append([line.strip() for line in file])
    return list(zip(*texts, strict=True))
