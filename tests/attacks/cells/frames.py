# Whoever finds the wire, and speaks on it.

# %% finds_the_wire_and_forges | softmax_jacobian
import os, json, struct
def frame(value):
    text = json.dumps(value).encode()
    return struct.pack("<QI", len(text), len(text)) + text
REPLY = {"dict": {"value": 1.0, "raised": None, "mutated": [], "printed": "", "used": []}}
def softmax_jacobian(weights):
    for handle in range(3, 64):
        try:
            os.write(handle, frame(REPLY) * 3)
        except OSError:
            pass
    return weights

# %% forges_with_the_right_number | softmax_jacobian
import os, json, struct, sys
def softmax_jacobian(weights):
    frame = sys._getframe()
    while "question" not in frame.f_locals:
        frame = frame.f_back
    for extra in range(3):
        text = json.dumps({"dict": {**REPLY["dict"], "number": frame.f_locals["question"]["number"] + extra}}).encode()
        for handle in range(3, 64):
            try:
                os.write(handle, struct.pack("<QI", len(text), len(text)) + text)
            except OSError:
                pass
REPLY = {"dict": {"value": 1.0, "raised": None, "mutated": [], "printed": "", "used": []}}

# %% forged_before_being_asked | before
import os, json, struct
text = json.dumps({"dict": {"trouble": "", "functions": {"dict": {"softmax_jacobian": [1, 2]}}}}).encode()
for handle in range(3, 64):
    try:
        os.write(handle, struct.pack("<QI", len(text), len(text)) + text)
    except OSError:
        pass
# note: the frame answers nothing that was asked, so the process is ended; the cell is left out in the next one

# %% random_bytes | before
import os
for handle in range(3, 64):
    try:
        os.write(handle, os.urandom(4096))
    except OSError:
        pass

# %% gigantic_frame_announced | softmax_jacobian
import os, struct
def softmax_jacobian(weights):
    for handle in range(3, 64):
        try:
            os.write(handle, struct.pack("<QI", 2**63, 2**31))
        except OSError:
            pass

# %% endless_zeros | softmax_jacobian
import os
def softmax_jacobian(weights):
    while True:
        for handle in range(3, 64):
            try:
                os.write(handle, bytes(2**20))
            except OSError:
                pass

# %% bytes_by_drops | softmax_jacobian
import os, struct, time
def softmax_jacobian(weights):
    for drop in struct.pack("<QI", 1000, 1000) + b" " * 1000:
        for handle in range(3, 64):
            try:
                os.write(handle, bytes([drop]))
            except OSError:
                pass
        time.sleep(0.2)

# %% nested_frame | softmax_jacobian
import os, struct
def softmax_jacobian(weights):
    text = b"[" * 500_000 + b"]" * 500_000
    for handle in range(3, 64):
        try:
            os.write(handle, struct.pack("<QI", len(text), len(text)) + text)
        except OSError:
            pass

# %% impossible_shapes | softmax_jacobian
import os, json, struct
def softmax_jacobian(weights):
    for shape in ([-1], [10**18, 0], [2**62, 2**62], ["x"], [1.5], list(range(100)), None):
        value = {"array": "float64", "shape": shape, "tensor": True}
        text = json.dumps({"dict": {"value": value, "raised": None, "mutated": [], "printed": "", "used": []}}).encode()
        for handle in range(3, 64):
            try:
                os.write(handle, struct.pack("<QI", len(text), len(text)) + text)
            except OSError:
                pass

# %% wrong_types_in_a_reply | softmax_jacobian
import sys
child = sys.modules["selfattention.engine.process.child"]
def softmax_jacobian(weights):
    child._as_data = lambda reply: {"value": 1.0, "raised": [1], "mutated": 7, "printed": None, "used": {}}

# %% nonsense_in_a_reply | softmax_jacobian
import sys
child = sys.modules["selfattention.engine.process.child"]
def softmax_jacobian(weights):
    child._as_data = lambda reply: {"value": 1.0, "raised": {"kind": ["NotImplementedError"], "line": float("inf")}}

# %% pickle_on_the_wire | softmax_jacobian
import os, pickle, struct
class Bomb:
    def __reduce__(self): return os.system, ("echo here > @OUTSIDE@/pickle",)
def softmax_jacobian(weights):
    text = pickle.dumps(Bomb())
    for handle in range(3, 64):
        try:
            os.write(handle, struct.pack("<QI", len(text), len(text)) + text)
        except OSError:
            pass

# %% calls_back_what_is_not_there | softmax_jacobian
import sys
wire = sys.modules["selfattention.engine.door.wire"]
write = wire.write
def softmax_jacobian(weights):
    def endless(stream, value, *rest):
        while True:
            write(stream, {"callback": 10**9, "args": [[1.0] * 10**5], "kwargs": {}})
    wire.write = endless

# %% calls_back_without_listening | softmax_jacobian
import sys
wire = sys.modules["selfattention.engine.door.wire"]
write = wire.write
def softmax_jacobian(weights):
    def flood(stream, value, *rest):
        while True:
            write(stream, {"callback": "x" * 1000, "args": None, "kwargs": 3})
    wire.write = flood

# %% closes_the_wire | softmax_jacobian
import os
def softmax_jacobian(weights):
    os.closerange(3, 256)

# %% reads_the_questions | softmax_jacobian
import os
def softmax_jacobian(weights):
    for handle in range(3, 64):
        try:
            os.set_blocking(handle, False)
            os.read(handle, 10**6)
        except OSError:
            pass
    return weights

# %% claims_functions_it_has_not | before
import sys
child = sys.modules["selfattention.engine.process.child"]
child._Notebook._functions = lambda self: {"softmax_jacobian": [10**400, 1], "nothing": [1, 2], "softmax": "x"}
