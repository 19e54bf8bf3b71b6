"""What an exercise is, how an answer is judged and diagnosed, and how the report is shown."""
