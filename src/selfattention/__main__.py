"""`python -m selfattention` is the command line."""

from selfattention.course.cli import main

main()
