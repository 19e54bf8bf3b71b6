"""What an exercise is: a function with checks, hints and known mistakes, judged through a door.

This room imports nothing of the course, so that it can judge any exercise.
"""

# The child process imports this room too, and must not be handed exercises: they are loaded where asked for.
__all__ = ["Check", "Exercise", "Mistake", "exercise"]


def __getattr__(name: str):
    if name in __all__:
        from selfattention.engine.definition import Check, Exercise, Mistake, exercise

        globals().update(Check=Check, Exercise=Exercise, Mistake=Mistake, exercise=exercise)
        return globals()[name]
    raise AttributeError(f"module 'selfattention.engine' has no attribute {name!r}")
