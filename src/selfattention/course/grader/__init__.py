"""Grade a class: find submissions, run each shut in, and write what teacher, student and other programs read."""
