"""What is said of an exception, by the messages that the installed NumPy and torch really give, through both doors."""

import linecache
import textwrap

import pytest
import torch

from selfattention.engine import exercise
from selfattention.engine.door.room import Room
from selfattention.engine.guard.limits import Allowance
from selfattention.engine.judging import card
from selfattention.engine.judging.judge import judge
from selfattention.engine.judging.raised import search
from selfattention.engine.judging.report import ERROR, NOT_ATTEMPTED
from selfattention.engine.process.remote import Cell, Child, Clock, Spawned

SETUP = """
import math
import numpy as np
import torch
import torch.nn.functional as F
x = np.arange(15.0).reshape(3, 5)
y = np.ones((4, 5))
batch = np.ones((2, 3, 5))
t, u, many = torch.from_numpy(x), torch.from_numpy(y), torch.from_numpy(batch)
leaf = torch.ones(3, requires_grad=True)
mask, whole = t > 2, torch.tensor([1, 2])

def forgets():
    t.sum()
"""

# What the answer does, and a piece of what must be said.
CASES = [
    ("x / x.sum(axis=-1)", "`(3,)` is `(3, 5)` without its axis 1"),
    ("np.where(x > 2, x, x.sum(axis=1))", "`(3,)` is `(3, 5)` without its axis 1"),
    ("batch + np.ones((2, 5))", "`(2, 5)` is `(2, 3, 5)` without its axis 1"),
    ("np.ones((3, 3, 5)) + np.ones((3, 3))", "`(3, 3)` is `(3, 3, 5)` without its axis 2"),
    ("np.ones((3, 5, 5)) + np.ones((3, 5))", "without one of its axes"),
    ("(x * y).sum(axis=-1)", "`(3, 5)` and `(4, 5)` differ at axis −2: 3 and 4. Should they be combined"),
    ("batch + np.ones((1, 2, 5))", "differ at axis −2: 3 and 2. Which of the two has its axes in a different order"),
    ("np.add(np.ones(5), x, out=np.ones(5))", "has the shape `(3,5)`, and is written into an array of shape `(5,)`"),
    ("t / t.sum(dim=-1)", "one shape has 5 and the other 3 at axis 1"),
    ("t * u", "one shape has 3 and the other 4 at axis 0"),
    ("many / many.sum(dim=-1)", "one shape has 5 and the other 3 at axis 2"),
    ("t.masked_fill(torch.ones(3, 4, dtype=torch.bool), 0.0)", "at axis 1"),
    ("many @ many.T", "at axis 0"),
    ("F.linear(t, torch.ones(5, 7, dtype=t.dtype))", "`linear` transposes its weight"),
    ("t @ u", "In a product of `(3, 5)` with `(4, 5)`, 5 numbers meet 4. Which of the two must be transposed?"),
    ("many @ u", "In a product of `(6, 5)` with `(4, 5)`, 5 numbers meet 4"),
    ("torch.ones(3, 5) @ torch.ones(3, 7)", "Which of the two must be transposed?"),
    ("torch.ones(7, 5) @ torch.ones(3, 7)", "In the other order they would fit"),
    ("torch.ones(2, 5) @ torch.ones(3, 7)", "over which axis should the product sum?"),
    ("np.dot(x, y)", "In a product of `(3, 5)` with `(4, 5)`, 5 numbers meet 4. Which of the two must be transposed?"),
    ("np.dot(np.ones(3), np.ones(5))", "3 numbers meet 5. Print both"),
    ("x @ y", "sums over 5 numbers of the left side and 4 of the right"),
    ("batch @ batch", "sums over 5 numbers of the left side and 3 of the right"),
    ("torch.ones(2, 3, 5) @ torch.ones(2, 4, 5)", "each matrix has 5 columns, on the right 4 rows"),
    ("torch.bmm(torch.ones(2, 3, 5), torch.ones(4, 5, 3))", "one of 2 and one of 4"),
    ("t @ torch.ones(4, dtype=t.dtype)", "The matrix has 5 columns, the vector 4 numbers"),
    ("batch @ np.ones((2, 5, 5)).T", "`(2, 3, 5)` and `(5, 5, 2)` do not have the same batch"),
    ("torch.einsum('qd,kd->qk', torch.ones(3, 5), torch.ones(4, 6))", "The letter `d` in `einsum` stands for 5"),
    ("many.transpose(1, 2).view(2, -1)", "`view` moves none"),
    ("many.reshape(2, 4, 5)", "There are 30 numbers, but the shape `[2, 4, 5]` holds a different number"),
    ("many.view(2, 4, 5)", "There are 30 numbers, but the shape `[2, 4, 5]` holds a different number"),
    ("batch.reshape(2, 4, 5)", "There are 30 numbers, but the shape `(2,4,5)` holds a different number"),
    ("np.zeros((3, 5)).__setitem__(0, np.ones(3))", "`(3,)` is written where `(5,)` belongs"),
    ("torch.zeros(3, 5).__setitem__(0, torch.ones(3))", "3 numbers are put where 5 belong"),
    ("x.sum(axis=2)", "The array's number of axes is 2 here, so there is no axis 2"),
    ("np.swapaxes(x, 1, 2)", "The array's number of axes is 2 here, so there is no axis 2"),
    ("t.transpose(1, 2)", "the last axis is 1 here, so there is no axis 2"),
    ("x.transpose(0, 2, 1)", "All axes must be named there"),
    ("t.permute(0, 2, 1)", "All axes must be named there"),
    ("x[0, 0, 0]", "Its number of axes is 2 here"),
    ("t[0, 0, 0]", "Its number of axes is 2 here"),
    ("np.einsum('bqd,kd->bqk', x, y)", "`einsum` is told of more or fewer axes"),
    ("torch.einsum('bqd,kd->bqk', t, u)", "`einsum` is told of more or fewer axes"),
    ("torch.mm(many, t.T)", "Which product takes both"),
    ("torch.bmm(t, u)", "Which product takes both"),
    ("batch[x > 2]", "a mask is not stretched over a batch"),
    ("many[mask]", "a mask is not stretched over a batch"),
    ("np.stack([x, y])", "Only things of the same shape can be stacked"),
    ("torch.stack([t, u])", "Only things of the same shape can be stacked"),
    ("x[3]", "Axis 0 has 3 places, and place 3 is asked for"),
    ("t[0, 5]", "Axis 1 has 5 places, and place 5 is asked for"),
    ("t @ forgets()", "Something is `None` there"),
    ("x / forgets()", "Something is `None` there"),
    ("forgets().shape", "Something is `None` there"),
    ("torch.softmax(forgets(), dim=-1)", "Something is `None` there"),
    ("x @ forgets()", "a single number, or `None`"),
    ("torch.max(0, t)", "keeps numbers from falling below a bound"),
    ("torch.max(t, 0.0)", "keeps numbers from falling below a bound"),
    ("torch.maximum(t, 0)", "`torch.maximum` compares two tensors"),
    ("np.max(0, x)", "second argument of `np.max` and `np.min` is an axis"),
    ("np.max(x, 0.0)", "second argument of `np.max` and `np.min` is an axis"),
    ("max(0, x)", "Python's own `max` and `min`"),
    ("max(0, t)", "Python's own `max` and `min`"),
    ("x > 2 and x < 5", "Which signs combine masks place by place?"),
    ("(t > 2) and (t < 5)", "Which signs combine masks place by place?"),
    ("x if x > 2 else 0 * x", "Should each place be decided on its own"),
    ("t if t > 2 else 0 * t", "Should each place be decided on its own"),
    ("x.sum(dim=-1)", "`dim` is torch's word, and this is NumPy"),
    ("np.mean(x, axis=-1, keepdim=True)", "`keepdim` is torch's word, and this is NumPy"),
    ("t.var(-1, ddof=0)", "`ddof` is NumPy's word, and this is torch"),
    ("torch.softmax(t)", "as `dim`"),
    ("torch.softmax(whole, dim=-1)", "These are whole numbers or booleans"),
    ("whole.requires_grad_()", "These are whole numbers or booleans"),
    ("torch.tensor([1, 2], requires_grad=True)", "These are whole numbers or booleans"),
    ("whole.mean()", "These are whole numbers or booleans"),
    ("torch.ones(3, 5) @ torch.ones(5, 2).double()", "One side is of type float, the other of type double"),
    ("torch.ones(1, 3, 5) @ torch.ones(1, 5, 2).double()", "One side is of type float, the other of type double"),
    ("t.masked_fill(mask.float(), 0.0)", "A mask is made of True and False"),
    ("torch.where(mask.float(), t, 0 * t)", "A mask is made of True and False"),
    ("~t", "`~` exchanges True and False"),
    ("~x", "`~` exchanges True and False"),
    ("1 - mask", "Booleans cannot be subtracted"),
    ("-(x > 2)", "Booleans cannot be subtracted"),
    ("t & mask", "one side holds floats"),
    ("x & (x > 2)", "one side holds floats"),
    ("x[1.0]", "An index must be a whole number"),
    ("x[:5 / 2]", "An index must be a whole number"),
    ("t[1.0]", "An index must be a whole number"),
    ("t[torch.tensor([0.0])]", "An index must be a whole number"),
    ("F.embedding(torch.tensor([0.0]), t)", "An index must be a whole number"),
    ("np.zeros((6 / 2, 3))", "A whole number is needed there"),
    ("batch.reshape(2, 3, 10 / 2)", "A whole number is needed there"),
    ("many.reshape(2, 3, 10 / 2)", "A whole number is needed there"),
    ("many.view(2, 3, 10 / 2)", "A whole number is needed there"),
    ("many.unflatten(-1, (5 / 1, 1))", "A whole number is needed there"),
    ("range(6 / 2)", "A whole number is needed there"),
    ("leaf.add_(1)", "changed in place"),
    ("torch.autograd.grad((leaf * 2).exp().mul_(3).add_(1).sum(), [leaf])", "that the gradient still needs"),
    ("leaf.numpy()", "NumPy cannot follow gradients"),
    ("np.exp(leaf)", "NumPy cannot follow gradients"),
    ("x(0)", "this holds numbers"),
    ("t(0)", "this holds numbers"),
    ("x.shape(0)", "`shape` is a tuple"),
    ("t.shape(0)", "`shape` is a tuple"),
    ("x.size(0)", "In NumPy `size` is how many numbers"),
    ("float(2)(x)", "Is a `*` missing"),
    ("t.size[0]", "this is a function"),
    ("x.sum[0]", "this is a function"),
    ("t - t.max(dim=-1, keepdim=True)", "`max` along an axis gives two things"),
    ("x @ t.T", "A NumPy array and a torch tensor"),
    ("torch.exp(x)", "A NumPy array and a torch tensor"),
    ("torch.sqrt(5)", "`torch.sqrt` works on tensors, and this is a plain number"),
    ("[1, 2] - [1]", "A Python list does not compute"),
    ("[1, 2] / 2", "A Python list does not compute"),
    ("torch.zeros(5).index_add(0, torch.tensor([0, 1, 2]), t[:, 0])", "Which tensor did your code make anew"),
    ("torch.zeros(0, 5).reshape(0, -1)", "Which length can you write in its place?"),
    ("math.exp(x)", "Something that takes one number got many"),
    ("math.exp(t)", "Something that takes one number got many"),
    ("t.sum(-1).item()", "Something that takes one number got many"),
    ("t.astype(float)", "`astype` is NumPy's word. How does torch"),
    ("x.unsqueeze(0)", "`unsqueeze` is torch's word. How does NumPy"),
    ("np.softmax(x)", "`softmax` is torch's word. How does NumPy"),
    ("torch.expand_dims(t, 0)", "`expand_dims` is NumPy's word. How does torch"),
    ("later\nlater = 1", "`later` is given a value somewhere in this function"),
    ("undefined_anywhere(x)", "`undefined_anywhere` is not known where this line runs"),
]


@exercise(points=1)
def anything() -> float:
    """Return the number 1."""
    return 1.0


@anything.check("gives 1", hint="This is the hint of the check.")
def gives_one(answer, rng):
    answer()


def source(body, number=0, parameters=""):
    first, *rest = body.split("\n")
    return f"def anything({parameters}):\n    return {first}\n" + "".join(f"    {line}\n" for line in rest)


def local(body, parameters=""):
    """A report on an answer in this process, whose lines are found as those of a notebook's cells are."""
    text, name, namespace = source(body, parameters=parameters), f"<cell {body}>", {}
    linecache.cache[name] = len(text), None, text.splitlines(keepends=True), name
    exec(SETUP, namespace)
    exec(compile(text, name, "exec"), namespace)
    return judge(anything, lambda: Room(namespace["anything"]))


@pytest.mark.parametrize(("body", "said"), CASES, ids=[body for body, _ in CASES])
def test_a_known_kind_is_told_before_the_hint_of_the_check(body, said):
    report = local(body)
    assert report.status == ERROR, report.first_trouble
    assert said in report.hint and report.hint.count("`") % 2 == 0, (report.hint, report.first_trouble.raised)
    assert f"Hint: {report.hint}" in card.as_text(report)
    assert report.hint[-1] in "?)" or "?" in report.hint, "a hint asks or points"


def cut_off():
    """A report on a result that no gradient goes through: the judge itself raises, and no line is to blame."""
    @exercise(points=1)
    def doubled(x: torch.Tensor) -> torch.Tensor:
        """Return twice the numbers."""
        return 2 * x

    @doubled.check("lets gradients through", hint="This is the hint of the check.")
    def gradients_arrive(answer, rng):
        answer.gradients(torch.ones(3), cotangent=torch.ones(3))

    return judge(doubled, lambda: Room(lambda x: 2 * x.detach()))


def test_a_result_that_is_cut_off_from_its_inputs_is_told_so():
    report = cut_off()
    assert report.status == ERROR and "Which step leaves torch's graph" in report.hint


def test_every_kind_is_met():
    """A pattern that no installed library's message fits would be a dead one."""
    told = []
    every = [local(body).first_trouble.raised for body, _ in CASES]
    for raised in (*every, cut_off().first_trouble.raised):
        told.append(next(kind for kind in search.KINDS if kind.told(raised.message, raised.source)))
    signatures = [local(body, parameters).first_trouble.raised for body, parameters in WITH_ANOTHER_SIGNATURE]
    assert not [kind for kind in search.KINDS if kind not in told]
    assert all(search.SIGNATURE[0].told(raised.message, "") for raised in signatures)


WITH_ANOTHER_SIGNATURE = [("1.0", "x"), ("1.0", "x, y")]


@pytest.mark.parametrize(("body", "parameters"), WITH_ANOTHER_SIGNATURE)
def test_another_signature_is_told(body, parameters):
    assert "as its first line was given" in local(body, parameters).hint
    assert local("(lambda one: one)()").hint == "This is the hint of the check.", "here its own line is at fault"


@pytest.mark.parametrize("body", ["1 / 0", "max([])", "{}['key']", "(_ for _ in ()).throw(ValueError('no shape'))"])
def test_of_other_exceptions_the_check_says_what_it_did(body):
    report = local(body)
    assert report.status == ERROR and report.hint == "This is the hint of the check."


def test_a_near_name_is_hint_enough():
    report = local("sotfmax(x)\n\n", "softmax=1")
    assert report.first_trouble.raised.advice == "Did you mean `softmax`?" and report.hint == ""


@pytest.mark.parametrize("body", ["(_ for _ in ()).throw(NotImplementedError)",
                                  "(_ for _ in ()).throw(NotImplementedError('still to do'))"])
def test_an_untouched_stub_is_none_of_it(body):
    assert local(body).status == NOT_ATTEMPTED


def test_the_hints_are_the_same_through_a_childs_door():
    child = Child(Spawned(), ["anything"], Clock(Allowance()))
    with child:
        child.run(Cell(textwrap.dedent(SETUP)))
        for body, _ in CASES[::4]:
            child.run(Cell(source(body), "anything"))
            remote = judge(anything, lambda: child.open("anything"))
            assert remote.hint == local(body).hint, body
