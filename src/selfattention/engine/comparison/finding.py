"""What a comparison found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A sentence that is true of every reply.

    `explains` is False where it says only which results went wrong, so that the hint of the check still helps.
    """

    sentence: str
    explains: bool = True
