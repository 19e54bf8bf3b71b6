# Whoever writes whole frames, right but for one field: each is judged, and the grader never fails.
# The code up to the first head is put above each block.

import json, os, struct, sys

RAISED = {"kind": "ValueError", "message": "", "source": "", "advice": "", "line": 1, "bases": []}

def send(fields, block=b"", whole=False):
    frame = sys._getframe()
    while "question" not in frame.f_locals:
        frame = frame.f_back
    reply = {"number": frame.f_locals["question"]["number"], "imported": 0.0}
    if not whole:
        reply |= {"value": 1.0, "raised": None, "mutated": [], "printed": "", "used": []}
    text = json.dumps({"dict": reply | fields}).encode()
    for handle in range(3, 64):
        try:
            os.write(handle, struct.pack("<QI", len(text) + len(block), len(text)) + text + block)
        except OSError:
            pass

# %% array_for_the_number | softmax_jacobian
def softmax_jacobian(weights):
    send({"number": {"array": "float64", "shape": [3], "tensor": False}}, bytes(24))

# %% tensor_for_the_number | softmax_jacobian
def softmax_jacobian(weights):
    send({"number": {"array": "int64", "shape": [1], "tensor": True}}, bytes(8))

# %% empty_array_for_the_kind_of_an_error | softmax_jacobian
def softmax_jacobian(weights):
    send({"raised": {"dict": RAISED | {"kind": {"array": "float64", "shape": [0], "tensor": False}}}})

# %% array_for_what_was_raised | softmax_jacobian
def softmax_jacobian(weights):
    send({"raised": {"array": "bool", "shape": [2, 2], "tensor": False}}, bytes(4))

# %% list_for_the_kind_of_an_error | softmax_jacobian
def softmax_jacobian(weights):
    send({"raised": {"dict": RAISED | {"kind": ["TimeLimit"]}}})

# %% text_for_the_line | softmax_jacobian
def softmax_jacobian(weights):
    send({"raised": {"dict": RAISED | {"line": "1"}}})

# %% array_for_the_names_of_what_changed | softmax_jacobian
def softmax_jacobian(weights):
    send({"mutated": {"array": "float64", "shape": [2], "tensor": False}}, bytes(16))

# %% arrays_among_the_names_of_what_was_used | softmax_jacobian
def softmax_jacobian(weights):
    send({"used": [{"array": "float64", "shape": [0, 4], "tensor": False}]})

# %% number_for_what_was_printed | softmax_jacobian
def softmax_jacobian(weights):
    send({"printed": 7})

# %% infinite_time_for_imports | softmax_jacobian
def softmax_jacobian(weights):
    send({"imported": float("inf")})

# %% negative_time_for_imports | softmax_jacobian
def softmax_jacobian(weights):
    send({"imported": -1e9})

# %% yes_for_the_number | softmax_jacobian
def softmax_jacobian(weights):
    send({"number": True})

# %% a_field_too_many | softmax_jacobian
def softmax_jacobian(weights):
    send({"earned": 4})

# %% imports_for_ever | softmax_jacobian
def softmax_jacobian(weights):
    send({"importing": True}, whole=True)

# %% calls_back_with_an_array_for_the_function | softmax_jacobian
def softmax_jacobian(weights):
    send({"callback": {"array": "int64", "shape": [1], "tensor": False}, "args": {"tuple": []}, "kwargs": {"dict": {}},
          "slope": None}, bytes(8), whole=True)

# %% calls_back_with_a_list_of_arguments | softmax_jacobian
def softmax_jacobian(weights):
    send({"callback": 0, "args": [1, 2], "kwargs": {"dict": {}}, "slope": None}, whole=True)
