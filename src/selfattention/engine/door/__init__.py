"""What stands between a check and an answer: requests and replies, plain data, and how it travels."""
