"""Which kind an exception is, and what is said of it."""

from selfattention.engine.door.room import Raised
from selfattention.engine.judging.raised import shapes, values
from selfattention.engine.judging.raised.kind import Kind

LIBRARY_MISSES_A_TYPE = "not implemented for '"  # torch's words, with the exception that also marks an untouched stub
NAMES = (
    Kind(r"name '(?P<name>\w+)' is not defined",
         "`{name}` is not known where this line runs. Is it misspelt, or defined in a cell that has not been run?"),
)
SIGNATURE = (
    Kind(r"missing \d+ required positional argument|takes \d+ positional arguments? but \d+ (was|were) given|"
         r"got an unexpected keyword argument|got multiple values for argument",
         "Your function was called as its first line was given in the exercise. Has that line, or a name in it, "
         "been changed?"),
)
KINDS = (*shapes.KINDS, *values.KINDS, *NAMES)


def hint(raised: Raised) -> str:
    """What the exception itself points at, or an empty string where it is of no known kind.

    Where no line of the learner's is to blame, the call itself did not fit the function. Where a near name was found
    that is already said.
    """
    kinds = KINDS if raised.source else (*SIGNATURE, *KINDS)
    if raised.advice:
        kinds = values.KINDS
    for kind in kinds:
        said = kind.told(raised.message, raised.source)
        if said:
            return said
    return ""


def is_untouched(raised: Raised) -> bool:
    """Whether a stub raised it: `raise NotImplementedError`, which torch also says of a type that it does not take."""
    return raised.kind == "NotImplementedError" and LIBRARY_MISSES_A_TYPE not in raised.message
