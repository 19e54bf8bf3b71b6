"""Texts to learn from: made here, or fetched when asked for. This room imports no other room of the course."""
