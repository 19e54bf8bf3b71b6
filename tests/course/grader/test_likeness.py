"""Copies are found whatever was done to hide them, and right answers that merely resemble each other are not."""

import random
import time
from itertools import combinations

import pytest

from selfattention.course.grader import likeness
from selfattention.course.grader.likeness import alike, fingerprints

TRIVIAL = """def softmax(scores):
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)"""
LOOP = """def softmax(scores):
    weights = np.empty_like(scores, dtype=float)
    for index in np.ndindex(*scores.shape[:-1]):
        row = scores[index]
        powers = [math.exp(score - max(row)) for score in row]
        weights[index] = [power / sum(powers) for power in powers]
    return weights"""
COPY = '''# all my own work
def softmax(x):


    out = np.empty_like(x,dtype=float)        # for the result
    for i in np.ndindex(*x.shape[:-1]):
        # one after the other
        line = x[i]
        e = [ math.exp(one-max(line))
              for one in line ]
        out[i] = [p / sum(e) for p in e]; return_value = 0
    return out'''
LOGARITHM = """def softmax(scores):
    total = np.logaddexp.reduce(scores, axis=-1)
    return np.exp(scores - total[..., None])"""
STEPS = """def softmax(scores):
    biggest = np.amax(scores, -1)[..., np.newaxis]
    shifted = scores + -1 * biggest
    powers = np.e ** shifted
    return np.einsum("...i,...->...i", powers, 1 / np.add.reduce(powers, -1))"""


def pairs(sources):
    return [pair[1:] for pair in alike({name: fingerprints([source]) for name, source in sources.items()})]


def crowd(count, source=TRIVIAL):
    return {f"student {number}": source for number in range(count)}


def test_names_comments_and_white_space_are_forgotten():
    plain = "def f(x):\n    y = x + 1\n    return [y, y * 2, y ** 3]\n"
    other = "# mine\ndef g(q):\n\n  z=q+1  # more\n  return [z,\n    z*2, z**3]"
    assert fingerprints([plain]) == fingerprints([other]) != []
    assert fingerprints([plain]) != fingerprints([plain.replace("+", "-")])


def test_a_copy_is_found_whatever_its_names_comments_and_white_space():
    assert pairs(crowd(30) | {"one": LOOP, "other": COPY}) == [("one", "other")]


def test_the_order_of_the_cells_hides_nothing():
    made = {name: fingerprints([TRIVIAL]) for name in crowd(30)}
    made |= {"one": fingerprints([LOOP, STEPS]), "other": fingerprints([STEPS, COPY])}
    assert [pair[1:] for pair in alike(made)] == [("one", "other")]


def test_different_right_answers_are_not_alike():
    assert pairs({"loop": LOOP, "logarithm": LOGARITHM, "steps": STEPS, "trivial": TRIVIAL}) == []


def test_a_class_with_one_trivial_right_answer_lists_nobody():
    assert pairs(crowd(60)) == []


def test_the_shares_are_between_the_bound_and_one_and_the_most_come_first():
    found = alike({name: fingerprints([source]) for name, source in
                   {**crowd(30), "a": LOOP, "b": COPY, "c": STEPS, "d": STEPS}.items()})
    assert [pair[1:] for pair in found] == [("c", "d"), ("a", "b")]
    assert found[0][0] == 1 and likeness.ALIKE <= found[1][0] < 1


def test_three_who_share_one_copy_are_found():
    found = pairs(crowd(57) | {"one": LOOP, "other": COPY, "third": LOOP})
    assert ("one", "third") in found


def test_two_students_with_the_trivial_answer_are_not_accused():
    assert pairs(crowd(2)) == []


BROKEN = ["", "def", "def softmax(:", "'''", "(((", "x = 'half", "if x:\n\ty\n        z\n  w", "\\", "\0", "f'{",
          "%%bash\nls", "!pip list", "x = ?", "\ufeffx", "é = '😀'", "\x0c", "0777 1__2 1e", "a\r\nb\rc",
          "(" * 2000, "x" * 10**5]


@pytest.mark.parametrize("source", BROKEN)
def test_broken_code_gives_what_can_be_read_of_it(source):
    whole = fingerprints([LOOP])
    assert set(fingerprints([source, LOOP])) >= set(whole)
    assert "\0" in source or set(fingerprints([LOOP + "\n" + source])) & set(whole)
    assert alike({"one": fingerprints([source]), "other": []}) == []


@pytest.mark.parametrize("source", ["x = '\ud800'\n", "# \udfff\n"])
def test_half_characters_do_no_harm(source):
    assert set(fingerprints([source, LOOP])) >= set(fingerprints([LOOP]))


def spent(source):
    begun = time.process_time()
    fingerprints([source])
    return time.process_time() - begun


def test_no_line_takes_the_grader_for_ever():
    short, long = (spent("x" + " " * count + "$") for count in (500, 4000))
    assert long < 16 * max(short, 0.01)  # eight times as long


def test_blanks_take_no_longer_than_letters():
    letters, blanks = (spent("\n".join(["x" + 490 * filling + "$"] * 20)) for filling in "x ")
    assert blanks < 10 * max(letters, 0.02)


def test_no_submission_has_more_numbers_than_are_kept():
    numbers = random.Random(0)
    source = "\n".join(f"x = {numbers.random()}" for _ in range(5000))
    assert len(fingerprints([source])) == likeness.MOST_KEPT


def pairs_counted(count, sharing, monkeypatch):
    """How many pairs are looked at in a class: a trivial part, and another for every so many students."""
    looked_at = 0

    def counted(names, size):
        nonlocal looked_at
        for pair in combinations(names, size):
            looked_at += 1
            yield pair

    monkeypatch.setattr(likeness, "combinations", counted)
    shared = list(range(100))
    own = {number // sharing: random.Random(number // sharing).sample(range(10**9), 100) for number in range(count)}
    alike({f"{number:05}": shared + own[number // sharing] for number in range(count)})
    return looked_at


def test_the_cost_grows_with_the_class_not_with_its_pairs(monkeypatch):
    few, many = (pairs_counted(count, 2, monkeypatch) for count in (200, 800))
    assert few == 100 * 100 and many <= 4.5 * few


def test_nor_where_many_share_their_copies(monkeypatch):
    few, many = (pairs_counted(count, count // 50, monkeypatch) for count in (200, 800))
    assert many <= 4.5 * few
