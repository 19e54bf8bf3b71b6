"""What keeps a learner's code within bounds: time, memory, files and processes, and work that others have done."""
