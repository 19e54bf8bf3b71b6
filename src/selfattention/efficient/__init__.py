"""Attention for long texts: the same result in less memory, or another result at less cost. A file a subject."""
