"""The exercise engine: `judging` judges an answer through the `door`, behind which `guard` and `process` keep it.

It imports nothing of the course, so that it can judge any exercise.
"""

# The child process imports this room too, and must not be handed exercises: they are loaded where asked for.
__all__ = ["Check", "Exercise", "Mistake", "exercise", "probes"]


def __getattr__(name: str):
    if name in __all__:
        from selfattention.engine.judging import probes
        from selfattention.engine.judging.definition import Check, Exercise, Mistake, exercise

        globals().update(Check=Check, Exercise=Exercise, Mistake=Mistake, exercise=exercise, probes=probes)
        return globals()[name]
    raise AttributeError(f"module 'selfattention.engine' has no attribute {name!r}")
