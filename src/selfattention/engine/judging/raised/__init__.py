"""What an exception says about the code that raised it: kinds, known by their messages, each with a hint."""
