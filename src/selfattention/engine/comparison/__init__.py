"""What an answer that no known mistake explains has in common with the right one. It knows nothing of exercises."""
