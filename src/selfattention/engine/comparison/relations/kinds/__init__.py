"""The kinds of relation. Each public function is one: given a wrong pair, it yields sentences, and a test for others.

The sentence is about all that came, and is told only where it holds for every call, right ones included. What is said
by the module of the lowest `RANK` goes first.
"""
