"""One paper, one file; a model imports no other model."""
