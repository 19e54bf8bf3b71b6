"""The kinds of change. Each public function is one: given a place, it yields what may stand there and a sentence.

The sentence completes "these are the results you get when …". It names parameters, which stand in the prompt,
and says what kind of thing is changed; it never shows the solution's code.
"""
