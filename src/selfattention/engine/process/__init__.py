"""A learner's process, and the grader's side of it."""
