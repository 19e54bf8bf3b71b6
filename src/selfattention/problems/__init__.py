"""The exercises: one module a chapter, one decorated function an exercise."""
