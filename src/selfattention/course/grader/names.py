"""Names that somebody else has chosen: as they can be shown, and as files can be called after them.

Nothing that identifies is cut off: what is too long gets a digest of the whole, so that different names stay so.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable

SHOWN = 200  # characters of a name
NAME_BYTES = 100  # of a file's name, before what tells equal ones apart
DIGEST = 8


def clean(name: str) -> str:
    """A name as it can be shown and saved: no half characters, no control characters, not longer than a line."""
    text = unicodedata.normalize("NFC", name.encode("utf-8", "backslashreplace").decode())
    return shortened("".join(character if character.isprintable() else "?" for character in text).strip())


def shortened(text: str, most: int = SHOWN) -> str:
    """A text, or its beginning and a digest of the whole."""
    return text if len(text) <= most else f"{text[:most - DIGEST - 1]}…{_digest(text)}"


def escaped(name: str) -> str:
    """A name in quotes in which nothing is invisible: no two names are written alike."""
    text = "".join(character if character.isprintable() and character != "\\" else
                   character.encode("unicode_escape").decode() for character in name)
    return shortened(f"'{text}'" if unicodedata.is_normalized("NFC", text) else ascii(name))


def shown(names: Iterable[str]) -> dict[str, str]:
    """How each name is shown: clean where that tells it from all others, else with everything visible."""
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        groups.setdefault(clean(name), []).append(name)
    found = {some[0]: text for text, some in groups.items() if len(some) == 1}
    taken = set(found.values())
    for some in groups.values():
        for name in some if len(some) > 1 else ():
            text = escaped(name)
            while text in taken:
                text = f"{text[:SHOWN - DIGEST - 1]}…{_digest(text + name)}"
            taken.add(text)
            found[name] = text
    return found


def file_names(names: Iterable[str], short: Callable[[str], str] = str) -> dict[str, str]:
    """A file name for each name, safe and different on every system, and the name itself where that is.

    Args:    short: what of a name the file is to be called.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    for name in sorted(set(names)):
        base = file = _safe(short(name))
        alike = _key(base)
        while (key := _key(file)) in taken:
            numbers[alike] = numbers.get(alike, 1) + 1
            file = f"{base}-{numbers[alike]}"
        taken.add(key)
        found[name] = file
    return found


def _key(file: str) -> str:
    """What is equal for files that are one on some system."""
    return unicodedata.normalize("NFC", file.casefold())


def _safe(name: str) -> str:
    """A name without what some file system refuses or reads in its own way."""
    text = re.sub(r"[^\w@+,. -]", "_", unicodedata.normalize("NFC", name))
    if len(text.encode()) > NAME_BYTES:
        text = text.encode()[:NAME_BYTES - DIGEST - 1].decode(errors="ignore").rstrip(" .") + f"-{_digest(name)}"
    text = text.strip(" .") or "_"
    return f"_{text}" if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", text) else text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST]
