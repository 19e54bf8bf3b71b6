"""Facts, questions and answers: each answer is found again in its text by rules written down again."""

import re

import pytest
import torch

from selfattention.data.facts import KINDS, NAMES, NEW_PAIRS, PLACES, SEEN, HeldOut, facts, words
from selfattention.data.masked import CLS, SEP, vocabulary
from selfattention.data.spans import Question, asked, batch, exact_match, f1

TRAIN, TESTS = facts(3000, 300)
EVERY = [*TRAIN, *(one for kind in KINDS for one in TESTS[kind])]
VERBS = r"(lives|works|was born|studied)"
FORMS = {"live": "lives", "work": "works", "born": "was born", "study": "studied"}


def told(text):
    """The facts of a text: name, verb and place."""
    found = []
    for fact in text.split(" . "):
        fact = fact.removesuffix(" .")
        turned = re.match(rf"^(.+) is where (.+?) {VERBS}$", fact)
        plain = re.match(rf"^(.+?) {VERBS} in (.+)$", fact)
        found.append((turned[2], turned[3], turned[1]) if turned else plain.groups())
    return found


def wanted(question, known):
    """The answer to a question, out of the facts."""
    where = re.match(r"^where (?:does|was|did) (.+) (live|work|born|study) \?$", question)
    if where:
        (answer,) = [place for name, verb, place in known if (name, verb) == (where[1], FORMS[where[2]])]
        return answer
    _, verb, place = re.match(rf"^(who) {VERBS} in (.+) \?$", question).groups()
    (answer,) = [name for name, did, there in known if (did, there) == (verb, place)]
    return answer


@pytest.mark.parametrize("kind", ["train", *KINDS])
def test_every_answer_is_right_and_stands_where_it_is_said_to(kind):
    for one in TRAIN if kind == "train" else TESTS[kind]:
        known = told(" ".join(one.text))
        assert len(known) == 4 and len({name for name, _, _ in known}) == 2
        assert " ".join(one.answer) == wanted(" ".join(one.question), known)
        assert one.text[one.start:one.end + 1] == one.answer
        assert one.text[one.start - 1] in {".", "in", "where"} or one.start == 0


@pytest.mark.parametrize("count", [1, 2, 3])
def test_shorter_texts_tell_fewer_facts_and_still_answer(count):
    train, tests = facts(500, 50, told=count)
    for one in train:
        known = told(" ".join(one.text))
        assert len(known) == count and " ".join(one.answer) == wanted(" ".join(one.question), known)
        if count > 1:  # the verb alone does not tell: somebody else did the same
            verbs = {name: [verb for who, verb, _ in known if who == name] for name, _, _ in known}
            assert len(verbs) == 2 and set.intersection(*map(set, verbs.values()))
    assert {len(told(" ".join(one.text))) for kind in KINDS for one in tests[kind]} == {4}


def test_training_holds_no_pair_that_is_held_out():
    held = {(" ".join(name), " ".join(place)) for name, place in HeldOut.draw().pairs}
    assert len(held) == len(NAMES) * len(PLACES) // 5
    for one in TRAIN + TESTS[SEEN]:
        assert not held & {(name, place) for name, _, place in told(" ".join(one.text))}
    for one in TESTS[NEW_PAIRS]:
        known, question, answer = told(" ".join(one.text)), " ".join(one.question), " ".join(one.answer)
        pairs = [(name, place) for name, _, place in known
                 if answer in (name, place) and f" {name if answer == place else place} " in question]
        assert pairs and set(pairs) <= held


def test_no_question_stands_twice_and_every_word_was_seen():
    keys = [(one.text, one.question) for one in EVERY]
    assert len(keys) == len(set(keys))
    known = vocabulary(words(TRAIN))
    assert all(known.encode(one.text) and known.encode(one.question) for one in EVERY)


def test_both_kinds_of_question_and_answers_of_every_length():
    assert {one.question[0] for one in TRAIN} == {"who", "where"}
    assert {len(one.answer) for one in TRAIN} == {1, 2, 3}
    assert all(one in {*NAMES, *PLACES} for one in {question.answer for question in TRAIN})


def test_a_batch_says_where_the_answers_are():
    known = vocabulary(words(EVERY))
    some = batch(EVERY[:50], known)
    for row, one in enumerate(EVERY[:50]):
        start, end = int(some.starts[row]), int(some.ends[row])
        assert [known.words[token] for token in some.tokens[row, start:end + 1]] == list(one.answer)
        assert (some.segments[row, start:end + 1] == 1).all()
        sizes = len(one.question), len(one.text)
        assert some.tokens[row, 0] == CLS and some.tokens[row, 1 + sizes[0]] == SEP == some.tokens[row, 2 + sum(sizes)]
        assert int(some.segments[row].sum()) == sizes[1] + 1
    rows = torch.tensor([7, 3])
    assert torch.equal(some[rows].tokens, some.tokens[rows]) and torch.equal(some[rows].to("cpu").ends, some.ends[rows])


def test_a_question_as_it_is_typed():
    one = asked("Anna lives in New York. Ben doesn't.", "Where does Anna live?", "New York")
    assert one == Question(("anna", "lives", "in", "new", "york", ".", "ben", "doesn't", "."),
                           ("where", "does", "anna", "live", "?"), ("new", "york"), 3)
    assert one.end == 4


@pytest.mark.parametrize(("call", "message"), [
    (lambda: asked("Anna lives in Rome.", "Where does Ben live?", "Oslo"), "answer 'Oslo' stands 0 times in the text"),
    (lambda: asked("Rome, Rome.", "Where?", "Rome"), "stands 2 times"),
    (lambda: asked("Rome.", "Where?", ""), "none of them may be empty"),
    (lambda: asked("", "Where?", "Rome"), "none of them may be empty"),
    (lambda: Question(("in", "rome"), ("where", "?"), ("oslo",), 1), "'oslo' does not stand at word 1 of the text"),
    (lambda: Question(("in", "rome"), ("where", "?"), ("rome",), 2), "'rome' does not stand at word 2"),
    (lambda: Question(("in", "rome"), ("where", "?"), ("rome",), -1), "'rome' does not stand at word -1"),
    (lambda: Question(("in", "rome"), ("where", "?"), (), 1), "'' does not stand at word 1"),
    (lambda: facts(0, 5), "0 training and 5 test"),
    (lambda: facts(5, 0), "5 training and 0 test"),
    (lambda: facts(5, 5, told=0), "texts of 0 facts: a text tells 1 to 4"),
    (lambda: facts(5, 5, told=5), "texts of 5 facts: a text tells 1 to 4"),
    (lambda: batch([], vocabulary([["rome"]])), "0 texts"),
    (lambda: batch(EVERY[:1], vocabulary([["rome"]])), "is not among the 1 words"),
])
def test_bad_input_is_named(call, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("predicted", "gold", "exact", "score"), [
    ("New York", "new york", True, 1.0),
    ("the New York!", "New York", True, 1.0),
    ("York", "New York", False, 2 / 3),
    ("in New York", "New York", False, 4 / 5),
    ("york new", "new york", False, 1.0),
    ("walla walla walla", "walla walla", False, 4 / 5),
    ("Oslo", "Rome", False, 0.0),
    ("", "Rome", False, 0.0),
    ("the", "a", True, 1.0),
    ("an apple a day", "apple day", True, 1.0),
    ("theory", "ory", False, 0.0),
    ("rock-n-roll", "rocknroll", True, 1.0),
])
def test_answers_are_marked_as_for_squad(predicted, gold, exact, score):
    """Worked out by hand from the definitions; punctuation goes without leaving a space, as in SQuAD's script."""
    assert exact_match(predicted, gold) is exact and exact_match(gold, predicted) is exact
    assert f1(predicted, gold) == pytest.approx(score, abs=1e-12) == f1(gold, predicted)
