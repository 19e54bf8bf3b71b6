"""tinyshakespeare: 1,115,394 characters of Shakespeare's plays (Karpathy 2015), fetched on request."""

from pathlib import Path

from selfattention.data.characters import Split
from selfattention.data.fetch import cache, fetched, verified

HOME = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
NAMES = ("tinyshakespeare.txt", "input.txt")
SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"


def shakespeare(folder: Path | str | None = None, *, progress: bool = True) -> str:
    """The whole text.

    Args:    folder: one that already holds the file, as `tinyshakespeare.txt` or `input.txt`; without it the file is
             fetched once and kept.
    Raises:  NotFetched: see `fetch`.
    """
    if folder is None:
        path = fetched(HOME, cache() / NAMES[0], SHA256, progress=progress)
    else:
        found = [Path(folder) / name for name in NAMES if (Path(folder) / name).is_file()]
        path = verified(found[0] if found else Path(folder) / NAMES[0], SHA256)
    return path.read_text(encoding="utf-8")


def split(text: str, share: float = 0.1) -> Split:
    """The text without its last characters, and these, as is usual for this text: a `share` of them.

    Raises:  ValueError: nothing would be left on one of the sides.
    """
    cut = len(text) - round(share * len(text))
    if not 0 < cut < len(text):
        raise ValueError(f"a share of {share} of {len(text)} characters: both sides need some, so choose one between "
                         "0 and 1, such as 0.1")
    return Split(text[:cut], text[cut:])
