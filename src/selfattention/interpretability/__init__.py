"""Look into a trained model, and change what is inside: what it looks at, and what makes a difference."""

from selfattention.interpretability.ablation import averaged, cut, effects, head_means, zeroed
from selfattention.interpretability.hooks import changing, changing_heads, recording, recording_heads, written
from selfattention.interpretability.patching import patched, patched_head, traced
from selfattention.interpretability.scores import induction_score, lens, previous_token_score, rollout

__all__ = ["averaged", "changing", "changing_heads", "cut", "effects", "head_means", "induction_score", "lens",
           "patched", "patched_head", "previous_token_score", "recording", "recording_heads", "rollout", "traced",
           "written", "zeroed"]
