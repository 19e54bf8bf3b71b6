"""What an exercise is: a function with checks, hints and known mistakes, judged through a door.

This room imports nothing of the course, so that it can judge any exercise.
"""

from selfattention.engine.exercise import Check, Exercise, Mistake, exercise

__all__ = ["Check", "Exercise", "Mistake", "exercise"]
