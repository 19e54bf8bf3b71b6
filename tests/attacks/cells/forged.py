# Whoever writes whole frames, right but for one field: each is judged, and the grader never fails.

# %% array_for_the_number | softmax_jacobian
import os, json, struct, sys
def softmax_jacobian(weights):
    frame = sys._getframe()
    while "question" not in frame.f_locals:
        frame = frame.f_back
    fields = {"number": frame.f_locals["question"]["number"], "imported": 0.0, "value": 1.0, "raised": None,
              "mutated": [], "printed": "", "used": []}
    fields["number"] = {"array": "float64", "shape": [3], "tensor": False}; block = bytes(24)
    text = json.dumps({"dict": fields}).encode()
    for handle in range(3, 64):
        try:
            os.write(handle, struct.pack("<QI", len(text) + len(block), len(text)) + text + block)
        except OSError:
            pass

# %% tensor_for_the_number | softmax_jacobian
import os, json, struct, sys
def softmax_jacobian(weights):
    frame = sys._getframe()
    while "question" not in frame.f_locals:
        frame = frame.f_back
    fields = {"number": frame.f_locals["question"]["number"], "imported": 0.0, "value": 1.0, "raised": None,
              "mutated": [], "printed": "", "used": []}
    fields["number"] = {"array": "int64", "shape": [1], "tensor": True}; block = bytes(8)
    text = json.dumps({"dict": fields}).encode()
    for handle in range(3, 64):
        try:
            os.write(handle, struct.pack("<QI", len(text) + len(block), len(text)) + text + block)
        except OSError:
            pass

# %% empty_array_for_the_kind_of_an_error | softmax_jacobian
import os, json, struct, sys
def softmax_jacobian(weights):
    frame = sys._getframe()
    while "question" not in frame.f_locals:
        frame = frame.f_back
    fields = {"number": frame.f_locals["question"]["number"], "imported": 0.0, "value": 1.0, "raised": None,
              "mutated": [], "printed": "", "used": []}
    fields["raised"] = {"dict": {"kind": "ValueError", "message": "", "source": "", "advice": "", "line": 1}}
    fields["raised"]["dict"]["kind"] = {"array": "float64", "shape": [0], "tensor": False}; block = b""
    text = json.dumps({"dict": fields}).encode()
    for handle in range(3, 64):
        try:
            os.write(handle, struct.pack("<QI", len(text) + len(block), len(text)) + text + block)
        except OSError:
            pass

# %% array_for_what_was_raised | softmax_jacobian
import os, json, struct, sys
def softmax_jacobian(weights):
    frame = sys._getframe()
    while "question" not in frame.f_locals:
        frame = frame.f_back
    fields = {"number": frame.f_locals["question"]["number"], "imported": 0.0, "value": 1.0, "raised": None,
              "mutated": [], "printed": "", "used": []}
    fields["raised"] = {"array": "bool", "shape": [2, 2], "tensor": False}; block = bytes(4)
    text = json.dumps({"dict": fields}).encode()
    for handle in range(3, 64):
        try:
            os.write(handle, struct.pack("<QI", len(text) + len(block), len(text)) + text + block)
        except OSError:
            pass

# %% list_for_the_kind_of_an_error | softmax_jacobian
import os, json, struct, sys
def softmax_jacobian(weights):
    frame = sys._getframe()
    while "question" not in frame.f_locals:
        frame = frame.f_back
    fields = {"number": frame.f_locals["question"]["number"], "imported": 0.0, "value": 1.0, "raised": None,
              "mutated": [], "printed": "", "used": []}
    fields["raised"] = {"dict": {"kind": "ValueError", "message": "", "source": "", "advice": "", "line": 1}}
    fields["raised"]["dict"]["kind"] = ["TimeLimit"]; block = b""
    text = json.dumps({"dict": fields}).encode()
    for handle in range(3, 64):
        try:
            os.write(handle, struct.pack("<QI", len(text) + len(block), len(text)) + text + block)
        except OSError:
            pass

# %% text_for_the_line | softmax_jacobian
import os, json, struct, sys
def softmax_jacobian(weights):
    frame = sys._getframe()
    while "question" not in frame.f_locals:
        frame = frame.f_back
    fields = {"number": frame.f_locals["question"]["number"], "imported": 0.0, "value": 1.0, "raised": None,
              "mutated": [], "printed": "", "used": []}
    fields["raised"] = {"dict": {"kind": "ValueError", "message": "", "source": "", "advice": "", "line": 1}}
    fields["raised"]["dict"]["line"] = "1"; block = b""
    text = json.dumps({"dict": fields}).encode()
    for handle in range(3, 64):
        try:
            os.write(handle, struct.pack("<QI", len(text) + len(block), len(text)) + text + block)
        except OSError:
            pass

# %% array_for_the_names_of_what_changed | softmax_jacobian
import os, json, struct, sys
def softmax_jacobian(weights):
    frame = sys._getframe()
    while "question" not in frame.f_locals:
        frame = frame.f_back
    fields = {"number": frame.f_locals["question"]["number"], "imported": 0.0, "value": 1.0, "raised": None,
              "mutated": [], "printed": "", "used": []}
    fields["mutated"] = {"array": "float64", "shape": [2], "tensor": False}; block = bytes(16)
    text = json.dumps({"dict": fields}).encode()
    for handle in range(3, 64):
        try:
            os.write(handle, struct.pack("<QI", len(text) + len(block), len(text)) + text + block)
        except OSError:
            pass

# %% arrays_among_the_names_of_what_was_used | softmax_jacobian
import os, json, struct, sys
def softmax_jacobian(weights):
    frame = sys._getframe()
    while "question" not in frame.f_locals:
        frame = frame.f_back
    fields = {"number": frame.f_locals["question"]["number"], "imported": 0.0, "value": 1.0, "raised": None,
              "mutated": [], "printed": "", "used": []}
    fields["used"] = [{"array": "float64", "shape": [0, 4], "tensor": False}]; block = b""
    text = json.dumps({"dict": fields}).encode()
    for handle in range(3, 64):
        try:
            os.write(handle, struct.pack("<QI", len(text) + len(block), len(text)) + text + block)
        except OSError:
            pass

# %% number_for_what_was_printed | softmax_jacobian
import os, json, struct, sys
def softmax_jacobian(weights):
    frame = sys._getframe()
    while "question" not in frame.f_locals:
        frame = frame.f_back
    fields = {"number": frame.f_locals["question"]["number"], "imported": 0.0, "value": 1.0, "raised": None,
              "mutated": [], "printed": "", "used": []}
    fields["printed"] = 7; block = b""
    text = json.dumps({"dict": fields}).encode()
    for handle in range(3, 64):
        try:
            os.write(handle, struct.pack("<QI", len(text) + len(block), len(text)) + text + block)
        except OSError:
            pass

# %% infinite_time_for_imports | softmax_jacobian
import os, json, struct, sys
def softmax_jacobian(weights):
    frame = sys._getframe()
    while "question" not in frame.f_locals:
        frame = frame.f_back
    fields = {"number": frame.f_locals["question"]["number"], "imported": 0.0, "value": 1.0, "raised": None,
              "mutated": [], "printed": "", "used": []}
    fields["imported"] = float("inf"); block = b""
    text = json.dumps({"dict": fields}).encode()
    for handle in range(3, 64):
        try:
            os.write(handle, struct.pack("<QI", len(text) + len(block), len(text)) + text + block)
        except OSError:
            pass

# %% negative_time_for_imports | softmax_jacobian
import os, json, struct, sys
def softmax_jacobian(weights):
    frame = sys._getframe()
    while "question" not in frame.f_locals:
        frame = frame.f_back
    fields = {"number": frame.f_locals["question"]["number"], "imported": 0.0, "value": 1.0, "raised": None,
              "mutated": [], "printed": "", "used": []}
    fields["imported"] = -1e9; block = b""
    text = json.dumps({"dict": fields}).encode()
    for handle in range(3, 64):
        try:
            os.write(handle, struct.pack("<QI", len(text) + len(block), len(text)) + text + block)
        except OSError:
            pass

# %% yes_for_the_number | softmax_jacobian
import os, json, struct, sys
def softmax_jacobian(weights):
    frame = sys._getframe()
    while "question" not in frame.f_locals:
        frame = frame.f_back
    fields = {"number": frame.f_locals["question"]["number"], "imported": 0.0, "value": 1.0, "raised": None,
              "mutated": [], "printed": "", "used": []}
    fields["number"] = True; block = b""
    text = json.dumps({"dict": fields}).encode()
    for handle in range(3, 64):
        try:
            os.write(handle, struct.pack("<QI", len(text) + len(block), len(text)) + text + block)
        except OSError:
            pass

# %% a_field_too_many | softmax_jacobian
import os, json, struct, sys
def softmax_jacobian(weights):
    frame = sys._getframe()
    while "question" not in frame.f_locals:
        frame = frame.f_back
    fields = {"number": frame.f_locals["question"]["number"], "imported": 0.0, "value": 1.0, "raised": None,
              "mutated": [], "printed": "", "used": []}
    fields["earned"] = 4; block = b""
    text = json.dumps({"dict": fields}).encode()
    for handle in range(3, 64):
        try:
            os.write(handle, struct.pack("<QI", len(text) + len(block), len(text)) + text + block)
        except OSError:
            pass

# %% imports_for_ever | softmax_jacobian
import os, json, struct, sys
def softmax_jacobian(weights):
    frame = sys._getframe()
    while "question" not in frame.f_locals:
        frame = frame.f_back
    fields = {"number": frame.f_locals["question"]["number"], "imported": 0.0, "value": 1.0, "raised": None,
              "mutated": [], "printed": "", "used": []}
    fields = {"number": fields["number"], "imported": 0.0, "importing": True}; block = b""
    text = json.dumps({"dict": fields}).encode()
    for handle in range(3, 64):
        try:
            os.write(handle, struct.pack("<QI", len(text) + len(block), len(text)) + text + block)
        except OSError:
            pass

# %% calls_back_with_an_array_for_the_function | softmax_jacobian
import os, json, struct, sys
def softmax_jacobian(weights):
    frame = sys._getframe()
    while "question" not in frame.f_locals:
        frame = frame.f_back
    fields = {"number": frame.f_locals["question"]["number"], "imported": 0.0, "value": 1.0, "raised": None,
              "mutated": [], "printed": "", "used": []}
    fields = {"number": fields["number"], "imported": 0.0,
              "callback": {"array": "int64", "shape": [1], "tensor": False},
              "args": {"tuple": []}, "kwargs": {"dict": {}}, "slope": None}
    block = bytes(8)
    text = json.dumps({"dict": fields}).encode()
    for handle in range(3, 64):
        try:
            os.write(handle, struct.pack("<QI", len(text) + len(block), len(text)) + text + block)
        except OSError:
            pass

# %% calls_back_with_a_list_of_arguments | softmax_jacobian
import os, json, struct, sys
def softmax_jacobian(weights):
    frame = sys._getframe()
    while "question" not in frame.f_locals:
        frame = frame.f_back
    fields = {"number": frame.f_locals["question"]["number"], "imported": 0.0, "value": 1.0, "raised": None,
              "mutated": [], "printed": "", "used": []}
    fields = {"number": fields["number"], "imported": 0.0, "callback": 0, "args": [1, 2], "kwargs": {"dict": {}},
              "slope": None}; block = b""
    text = json.dumps({"dict": fields}).encode()
    for handle in range(3, 64):
        try:
            os.write(handle, struct.pack("<QI", len(text) + len(block), len(text)) + text + block)
        except OSError:
            pass
