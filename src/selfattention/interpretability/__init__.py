"""Look into a trained model, and change what is inside: what it looks at, and what makes a difference."""
