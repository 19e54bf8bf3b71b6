"""Shapes that do not fit: each hint says which two, and where."""

import re

from selfattention.engine.judging.raised.kind import Kind, Shape, shapes, written


def _fit(one: Shape, other: Shape) -> bool:
    return all(1 in pair or pair[0] == pair[1] for pair in zip(one[::-1], other[::-1]))


def _side_by_side(found: re.Match) -> str:
    """Two shapes that cannot be combined place by place, and what is the matter with them."""
    every = shapes(found["shapes"])
    pair = next(((one, other) for at, one in enumerate(every) for other in every[at + 1:] if not _fit(one, other)), ())
    if not pair:
        return ""
    long, short = sorted(pair, key=len, reverse=True)
    lost = [axis for axis in range(len(long)) if short == long[:axis] + long[axis + 1:]]
    if lost:
        which = f"its axis {lost[0]}" if len(lost) == 1 else "one of its axes"
        return (f"{written(short)} is {written(long)} without {which}. Did a sum, a mean or a maximum remove it "
                "(what does `keepdims` do?), or must an axis of length 1 be added?")
    one, other = pair
    axis = next(at for at in range(1, len(short) + 1) if not _fit(one[-at:][:1], other[-at:][:1]))
    product = len(one) == len(other) > 1 and one[-1] == other[-1] and 1 not in one + other
    return (f"Lined up at the right end, {written(one)} and {written(other)} differ at axis −{axis}: {one[-axis]} and "
            f"{other[-axis]}. " + ("Should they be combined place by place, or in a matrix product?" if product else
                                   "Which of the two has its axes in a different order than you think?"))


def _product(found: re.Match) -> str:
    """Two matrices that cannot be multiplied: one must be turned, or they stand in the wrong order."""
    one, other = shapes(found["shapes"])
    said = f"In a product of {written(one)} with {written(other)}, {one[-1]} numbers meet {other[0]}. "
    if len(one) == len(other) == 2 and (one[1] == other[1] or one[0] == other[0]):
        return said + "Which of the two must be transposed?"
    if len(one) == len(other) == 2 and one[0] == other[1]:
        return said + "In the other order they would fit: which of the two belongs on the left?"
    return said + "Print both shapes: over which axis should the product sum?"


def _batches(found: re.Match) -> str:
    """Products of matrices in two batches of unlike sizes; NumPy's einsum says the same in other words."""
    if found["shapes"].count("newaxis,newaxis)") != 2:
        return ""
    one, other = shapes(found["shapes"])[:2]
    return (f"Before their last two axes, {written(one)} and {written(other)} do not have the same batch. Which step "
            "moved an axis of the batch? (`.T` reverses all axes.)")


def _rows(found: re.Match) -> str:
    wanted, got = shapes(found["shapes"])
    if wanted[0] != got[0]:
        return f"Two batches of matrices are multiplied, one of {wanted[0]} and one of {got[0]}: which axis was moved?"
    return (f"On the left each matrix has {wanted[1]} columns, on the right {got[1]} rows: these must be equal. "
            "Which of the two must be transposed, or was another one meant?")


KINDS = (
    Kind(r"operands could not be broadcast together with shapes (?P<shapes>[\d(), ]+)", _side_by_side),
    Kind(r"non-broadcastable output operand with shape (?P<one>\([\d,]*\)) doesn't match the broadcast shape "
         r"(?P<other>\([\d,]*\))",
         "The result has the shape `{other}`, and is written into an array of shape `{one}`: must that be in place?"),
    Kind(r"The size of tensor a \((?P<one>\d+)\) must match the size of tensor b \((?P<other>\d+)\) at non-singleton "
         r"dimension (?P<axis>\d+)",
         "Lined up at the right end, one shape has {one} and the other {other} at axis {axis}. Print both: does one of "
         "them lack an axis (what does `keepdim` do?), are its axes in another order, or is it longer than you "
         "think?"),
    Kind(r"mat1 and mat2 shapes cannot be multiplied \((?P<shapes>\d+x\d+ and \d+x\d+)\)",
         "`linear` transposes its weight before it multiplies. In which order does it expect outputs and inputs?",
         line=r"\blinear\("),
    Kind(r"mat1 and mat2 shapes cannot be multiplied \((?P<shapes>\d+x\d+ and \d+x\d+)\)", _product),
    Kind(r"^shapes (?P<shapes>\([\d,]*\) and \([\d,]*\)) not aligned", _product),
    Kind(r"matmul: Input operand 1 has a mismatch in its core dimension 0.*\(size (?P<right>\d+) is different from "
         r"(?P<left>\d+)\)",
         "The product sums over {left} numbers of the left side and {right} of the right: these must be equal. Print "
         "both shapes: which of the two must be transposed, or are they in the wrong order?"),
    Kind(r"batch2 tensor to be: (?P<shapes>\[\d+, \d+\] but got: \[\d+, \d+\])", _rows),
    Kind(r"size mismatch, got input \(\d+\), mat \(\d+x(?P<left>\d+)\), vec \((?P<right>\d+)\)",
         "The matrix has {left} columns, the vector {right} numbers: these must be equal. Which belongs on the left?"),
    Kind(r"remapped shapes \[original->remapped\]: (?P<shapes>\([\d,]*\)->\([\d,newaxis]*\) "
         r"\([\d,]*\)->\([\d,newaxis]*\))", _batches),
    Kind(r"einsum\(\): subscript (?P<letter>\w) has size (?P<one>\d+) for operand \d+ which does not broadcast with "
         r"previously seen size (?P<other>\d+)",
         "The letter `{letter}` in `einsum` stands for {other} numbers in one place and for {one} in another. Which "
         "axis did you mean?"),
    Kind(r"view size is not compatible",
         "After `transpose` or `permute` the numbers are no longer in the order of the axes, and `view` moves none. "
         "Which function of the same kind may copy?"),
    Kind(r"shape '(?P<wanted>\[[-\d, ]*\])' is invalid for input of size (?P<size>\d+)",
         "There are {size} numbers, but the shape `{wanted}` holds a different number. Which lengths give {size}?"),
    Kind(r"cannot reshape tensor of 0 elements into shape",
         "The tensor is empty here, and −1 cannot be told where another axis is 0. Which length can you write in its "
         "place?"),
    Kind(r"cannot reshape array of size (?P<size>\d+) into shape (?P<wanted>\(.*?\))",
         "There are {size} numbers, but the shape `{wanted}` holds a different number. Which lengths give {size}?"),
    Kind(r"could not broadcast input array from shape (?P<one>\([\d,]*\)) into shape (?P<other>\([\d,]*\))",
         "Something of shape `{one}` is written where `{other}` belongs. Print both: is it the wrong row or axis?"),
    Kind(r"The expanded size of the tensor \((?P<wanted>\d+)\) must match the existing size \((?P<there>\d+)\)",
         "{there} numbers are put where {wanted} belong, and only a single one can be spread out. Which axis is it?"),
    Kind(r"axis (?P<axis>-?\d+) is out of bounds for array of dimension (?P<axes>\d+)",
         "The array's number of axes is {axes} here, so there is no axis {axis}. How do you name an axis so that it is "
         "right with and without a batch: counted from the front or from the end?"),
    Kind(r"Dimension out of range \(expected to be in range of \[.*?, (?P<last>-?\d+)\], but got (?P<axis>-?\d+)\)",
         "Counted from the front, the last axis is {last} here, so there is no axis {axis}. How do you name an axis so "
         "that it is right with and without a batch?"),
    Kind(r"axes don't match array|does not match the length of the desired ordering of dimensions",
         "All axes must be named there, and here there are more or fewer of them. Which function exchanges only two, "
         "counted from the end?"),
    Kind(r"too many indices for (array: array is (?P<np>\d+)-dimensional|tensor of dimension (?P<torch>\d+))",
         lambda found: f"Its number of axes is {found['np'] or found['torch']} here, and the index names more of "
                       "them. What is its shape without a batch, and does `...` help?"),
    Kind(r"too many subscripts for operand|the number of subscripts in the equation \(\d+\) does not match",
         "`einsum` is told of more or fewer axes than there are here. Which sign stands for axes that may or "
         "may not be there?"),
    Kind(r"(self|mat2|batch\d) must be a (matrix|3D tensor)",
         "`mm` multiplies two matrices, `bmm` two batches of them. Which product takes both, and any other batch?"),
    Kind(r"boolean index did not match|The shape of the mask .* does not match the shape of the indexed tensor",
         "In square brackets a mask is not stretched over a batch. Which function takes a mask and stretches it?"),
    Kind(r"stack expects each tensor to be equal size|all input arrays must have the same shape",
         "Only things of the same shape can be stacked. Print the shapes: do these belong in one array?"),
    Kind(r"index (?P<at>-?\d+) is out of bounds for (axis|dimension) (?P<axis>\d+) with size (?P<size>\d+)",
         "Axis {axis} has {size} places, and place {at} is asked for. Counting begins at 0: which is the last one?"),
)
