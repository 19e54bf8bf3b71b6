"""Things of the wrong type: numbers, masks, arrays, tensors, None, and what is called or indexed."""

import re

import numpy as np

from selfattention.engine.judging.raised.kind import Kind

# What a tensor has and an array has not, as `array.name`; torch itself may not be here to be asked.
TORCHS = {
    "amax", "amin", "bmm", "bool", "cat", "chunk", "clone", "contiguous", "detach", "dim", "double", "exp", "expand",
    "float", "gather", "int", "log", "log_softmax", "logsumexp", "long", "masked_fill", "masked_fill_", "mm",
    "new_tensor", "new_zeros", "numpy", "permute", "pow", "relu", "rsqrt", "sigmoid", "softmax", "sqrt", "t", "tanh",
    "to", "topk", "tril", "triu", "unflatten", "unsqueeze",
}


def _of_the_other(found: re.Match) -> str:
    """A name that arrays have and tensors have not, or the other way round; or that of a function in a module."""
    name = found["name"]
    if found["owner"] in ("'Tensor' object", "module 'torch'"):
        known, here, there = hasattr(np.ndarray, name) or hasattr(np, name), "torch", "NumPy"
    else:
        known, here, there = name in TORCHS, "NumPy", "torch"
    return f"`{name}` is {there}'s word. How does {here} do the same, perhaps in several steps?" if known else ""


NOTHING = "Something is `None` there. Does every function that you call end with a `return`? Can an argument be `None`?"
WHOLE = ("A whole number is needed there, and a float was given: `/` always gives a float. Which division gives a "
         "whole number?")
TRUTH = r"(truth value of an array with more than one element|Boolean value of Tensor with more than one value)"

KINDS = (
    Kind(r"NoneType", NOTHING),
    Kind(r"Input operand [01] does not have enough dimensions \(has 0", "One side of the product is not an array: it "
         "is a single number, or `None`. Print both sides: does every function that you call end with a `return`?"),
    Kind(r"^(max|min)\(\) received an invalid combination of arguments - got \(((int|float), Tensor|Tensor, float)\b",
         "`torch.max` compares two tensors, or looks for the largest number along an axis; it takes no number to "
         "compare with. Which function keeps numbers from falling below a bound?"),
    Kind(r"^(?P<which>maximum|minimum)\(\): argument .* must be Tensor, not (int|float)",
         "`torch.{which}` compares two tensors, and one side is a plain number. Which function takes a bound?"),
    Kind(r"only integer scalar arrays can be converted to a scalar index|'float' object cannot be interpreted as an "
         r"integer",
         "The second argument of `np.max` and `np.min` is an axis. Which function compares two things place by place?",
         line=r"\bnp\.a?(max|min)\("),
    Kind(TRUTH, "Python's own `max` and `min` ask which of two is larger, and an array has many answers. Which "
         "function compares place by place?", line=r"(?<![.\w])(max|min)\("),
    Kind(TRUTH, "`and`, `or` and `not` ask for one truth value, and this has many. Which signs combine masks place by "
         "place?", line=r"\b(and|or|not)\b"),
    Kind(TRUTH, "One truth value is asked for, and this has many. Should each place be decided on its own, or is it "
         "about all of them, or any?"),
    Kind(r"got an unexpected keyword argument '(?P<name>dim|keepdim|unbiased)'",
         "`{name}` is torch's word, and this is NumPy. What does NumPy call it?"),
    Kind(r"got \([^)]*\b(?P<name>ddof|axes)=", "`{name}` is NumPy's word, and this is torch. What does torch call it?"),
    Kind(r"missing 1 required positional arguments?: \"dim\"",
         "Torch must be told which axis to work along, as `dim`. Over which axis do the numbers share something out?"),
    Kind(r"could not infer output dtype|[Oo]nly Tensors of floating point( and complex)? dtype can require gradients|"
         r"not implemented for '(Long|Int|Bool)'",
         "These are whole numbers or booleans, and the step needs floats. Where were they made, and with which dtype?"),
    Kind(r"to have the same dtype, but got: (?P<one>\w+) != (?P<other>\w+)|"
         r"expected scalar type (?P<wanted>\w+) but found (?P<found>\w+)",
         lambda found: f"One side is of type {(found['one'] or found['wanted']).lower()}, the other of type "
                       f"{(found['other'] or found['found']).lower()}. Where was the one made that does not have the "
                       "type of the inputs?"),
    Kind(r"self \(\w+\) and source \(\w+\) must have the same scalar type|self\.dtype to be equal to src\.dtype|"
         r"source and destination dtypes match|input tensors must have the same dtype|same dtypes? but ?(got|found)|"
         r"to have same dtype, but found",
         "Two types of numbers meet, such as float32 and float64. Which tensor did your code make anew, and whose "
         "dtype must it have?"),
    Kind(r"masked_fill_? only supports boolean masks|where expected condition to be a boolean tensor",
         "A mask is made of True and False, and this one is made of numbers. Which comparison makes booleans of them?"),
    Kind(r"~ \(operator\.invert\) is only implemented on|ufunc 'invert' not supported",
         "`~` exchanges True and False, and here it is applied to numbers. What is the dtype of the mask?"),
    Kind(r"with a bool tensor is not supported|on a bool tensor is not supported|numpy boolean (negative|subtract)",
         "Booleans cannot be subtracted. Which sign turns True into False, and False into True?"),
    Kind(r"ufunc 'bitwise_(and|or)' not supported|\"bitwise_(and|or)_cpu\" not implemented",
         "`&` and `|` combine booleans, and one side holds floats. What is the dtype of each mask?"),
    Kind(r"indices must be integers|are valid indices( \(got float\))?$|used as indices must be|"
         r"for argument #1 'indices'|Expected dtype int32/int64 for index",
         "An index must be a whole number, and here a float, or something else, was given. Where does it come from? "
         "(`/` always gives a float.)"),
    Kind(r"'float' object cannot be interpreted as an integer|must be (tuple of ints|int),? ?(but|not) ?(got )?float|"
         r"must be tuple of ints, but found element of type float|"
         r"(split|chunk|repeat_interleave|zeros|ones|view|reshape|unflatten)\(\).* got \([^)]*\bfloat\b", WHOLE),
    Kind(r"leaf Variable that requires grad is being used in an in-place operation",
         "A tensor that was passed in is changed in place, and its gradients are wanted. Which line writes into it, "
         "and how can the same step make a new tensor?"),
    Kind(r"needed for gradient computation has been modified by an inplace operation",
         "A tensor that the gradient still needs is changed in place. Which line writes into one (`+=`, `[...] =`, a "
         "name that ends with `_`)?"),
    Kind(r"Can't call numpy\(\) on Tensor that requires grad",
         "NumPy cannot follow gradients, and `.detach()` would cut them off. Which function of torch does this step?"),
    Kind(r"'(?P<kind>numpy\.ndarray|Tensor)' object is not callable",
         "Round brackets call a function, and this holds numbers. Was an index in square brackets meant, or a `*`?"),
    Kind(r"'(tuple|torch\.Size)' object is not callable", "`shape` is a tuple, not a function. How do you take one of "
         "its numbers out?"),
    Kind(r"'int' object is not callable", "In NumPy `size` is how many numbers there are. Where are the lengths of "
         "the axes?", line=r"\.size\("),
    Kind(r"'(int|float|str|list)' object is not callable", "Round brackets after a number, a text or a list call "
         "it. Is a `*` missing, or has a function's name been given to something else?"),
    Kind(r"'(builtin_function_or_method|method|function)' object is not subscriptable",
         "Square brackets take an element out of something, and this is a function. Does it have to be called first?"),
    Kind(r"unsupported operand type\(s\).*torch\.return_types\.(?P<name>max|min|sort|topk|median|mode|kthvalue)",
         "`{name}` along an axis gives two things: the numbers, and where they are. Which one do you want?"),
    Kind(r"unsupported operand type\(s\) for \S+: ('numpy.ndarray' and 'Tensor'|'Tensor' and 'numpy.ndarray')|"
         r"must be Tensor, not numpy\.ndarray|got \([^)]*numpy\.ndarray",
         "A NumPy array and a torch tensor meet there. Which of the two does the exercise ask for?"),
    Kind(r"(?P<name>\w+)\(\): argument .* must be Tensor, not (int|float)",
         "`torch.{name}` works on tensors, and this is a plain number. Which module, or which sign, does the "
         "same for numbers?"),
    Kind(r"unsupported operand type\(s\) for \S+: ('list' and |'\w+' and 'list')",
         "A Python list does not compute place by place. What must it be turned into first?"),
    Kind(r"only (0-dimensional|length-1|size-1) arrays can be converted|only one element tensors can be converted|"
         r"a Tensor with \d+ elements cannot be converted",
         "Something that takes one number got many, such as `float`, `.item()` or a function of `math`. Are many "
         "wanted, or should one be taken out first?"),
    Kind(r"^the result is cut off from its inputs",
         "Gradients are wanted, and none comes through. Which step leaves torch's graph: is there a `.detach()`, an "
         "`.item()`, a `.numpy()`, a `no_grad`, or a new tensor made from numbers?"),
    Kind(r"(?P<owner>'Tensor' object|'numpy\.ndarray' object|module '(numpy|torch)') has no attribute '(?P<name>\w+)'",
         _of_the_other),
    Kind(r"cannot access local variable '(?P<name>\w+)'|local variable '(?P<name_too>\w+)' referenced before",
         lambda found: f"`{found['name'] or found['name_too']}` is given a value somewhere in this function, but not "
                       "before this line. Was another name meant?"),
)
