"""Which input a card shows, of all on which the answer is wrong: the one that the eye can follow best."""

import inspect
from typing import Any

from selfattention.engine.comparison.asked import Asked, Round
from selfattention.engine.door import data
from selfattention.engine.judging import probes
from selfattention.engine.judging.definition import Exercise
from selfattention.engine.judging.report import Counterexample

FEW = 12  # numbers or words in one argument


def counterexample(exercise: Exercise, examples: list[Round], rounds: list[Round]) -> Counterexample | None:
    """The first hand-sized example that shows the trouble and that the eye can follow, else the smallest input.

    The first one stands in the prompt, and hints speak of it. Where no example has few numbers, the smallest recorded
    call goes before it if that has; of many numbers the eye follows those better that an author has chosen.
    """
    by_hand = [one for asked in examples for one in asked]
    calls = [one for asked in rounds for one in asked if one.request.verb == "call" and one.request.target == 0]
    found = [(one, True) for one in by_hand if _shows(one)] + [(one, False) for one in calls if _shows(one)]
    if not found:
        return None
    one, hand_sized = min(found, key=lambda pair: _effort(*pair))
    names = list(inspect.signature(exercise.function).parameters)
    axes = getattr(exercise.function.__annotations__.get("return"), "dim_str", "")
    return Counterexample(dict(zip(names, one.request.args)) | one.request.kwargs, one.expected.value, one.reply.value,
                          probes.difference(one.reply.value, one.expected.value, axes), hand_sized)


def _shows(one: Asked) -> bool:
    """Whether both replies are values that can be put beside each other, and differ."""
    values = one.reply.value, one.expected.value
    return one.wrong and not any(isinstance(value, (data.Handle, data.Foreign, type(None))) for value in values)


def _effort(one: Asked, hand_sized: bool) -> tuple[bool, bool, int]:
    """How hard an input is to follow; among examples with few numbers their order decides."""
    sizes = [places(value) for value in (*one.request.args, *one.request.kwargs.values())]
    too_many = max(sizes, default=0) > FEW
    return too_many, not hand_sized, sum(sizes) if too_many or not hand_sized else 0


def places(value: Any) -> int:
    """How many numbers and words there are to look at. Several tables are looked at one by one."""
    if isinstance(value, tuple) and any(data.as_array(part) is not None and data.as_array(part).ndim for part in value):
        return max(map(places, value))
    if isinstance(value, (list, tuple)):
        return sum(map(places, value))
    if isinstance(value, dict):
        return sum(map(places, value.values()))
    array = data.as_array(value)
    return 1 if array is None else array.size
