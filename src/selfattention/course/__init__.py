"""What people run: the learner's tools in a notebook, the command line, and the notebook writer."""
