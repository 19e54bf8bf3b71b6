# Values that no comparison may stumble over, and what takes from the whole machine.

# %% number_too_large_for_any_float | softmax_jacobian
def softmax_jacobian(weights):
    return 768 ** 400

# %% number_too_long_to_be_written | softmax_jacobian
def softmax_jacobian(weights):
    return 10 ** 5000

# %% honest_slip_with_a_power | softmax_jacobian
def softmax_jacobian(weights):
    return len(weights) ** 40

# %% array_of_huge_numbers | softmax_jacobian
def softmax_jacobian(weights):
    return np.array([2 ** 90] * len(weights))

# %% laughs_a_billion_times | softmax_jacobian
def softmax_jacobian(weights):
    value = ["ha"] * 10
    for _ in range(9):
        value = [value] * 10
    return value

# %% letters_that_cost_much_to_write | softmax_jacobian
def softmax_jacobian(weights):
    return "\N{GRINNING FACE}" * 2 ** 17

# %% keys_that_are_half_characters | softmax_jacobian
def softmax_jacobian(weights):
    return {"\ud800": weights, "\udfff": [weights]}

# %% tensors_of_every_odd_kind | softmax_jacobian
import torch
kinds = [lambda x: x.to_sparse(), lambda x: x.to("meta"), lambda x: x.to(torch.float8_e4m3fn),
         lambda x: x.to_sparse_csr(), lambda x: torch.quantize_per_tensor(x.float(), 0.1, 0, torch.qint8),
         lambda x: torch.nested.nested_tensor([x, x])]
count = 0
def softmax_jacobian(weights):
    global count
    count += 1
    return kinds[count % len(kinds)](torch.from_numpy(weights).reshape(1, -1))

# %% arrays_of_every_odd_kind | softmax_jacobian
kinds = [lambda x: np.ma.masked_array(x, x > 0), lambda x: np.array([None, x], dtype=object),
         lambda x: x.astype("datetime64[D]"), lambda x: np.zeros(2, [("a", "f8")]), lambda x: np.rec.array([(1, 2.0)]), lambda x: x.astype("S9")]
count = 0
def softmax_jacobian(weights):
    global count
    count += 1
    return kinds[count % len(kinds)](np.arange(3))

# %% objects_that_lie_about_themselves | softmax_jacobian
class Lies:
    __class__ = np.ndarray
    dtype, shape, nbytes = "float64", "no shape", -1
    def __array__(self, *_, **__):
        raise SystemExit
    def __len__(self):
        return -1
    def __eq__(self, other):
        raise KeyboardInterrupt
    __hash__ = None
def softmax_jacobian(weights):
    return Lies()

# %% escape_codes_everywhere | softmax_jacobian
class Evil(Exception):
    pass
Evil.__name__ = "\x1b[2J\x1b]0;mine\x07"
def softmax_jacobian(weights):
    print("\x1b[31mred\x1b[2J")
    raise Evil("\x1b[2J\u202e\x00")

# %% all_slots_for_asynchronous_input | before
import ctypes
library, slots = ctypes.CDLL(None), []
for _ in range(2000):
    slot = ctypes.c_ulong(0)
    if library.syscall(206, 64, ctypes.byref(slot)) == 0:
        slots.append(slot)
if slots:
    open("/proc/self/mem", "wb")  # taken: say so by an error, and by the next line
    softmax = softmax_with_temperature = None

# %% disks_flushed_again_and_again | before
import os
for _ in range(10_000):
    os.sync()

# %% poisoned_modules_beside_it | before
for name in ("json", "selfattention", "wire", "torch", "struct", "random"):
    with open(f"{name}.py", "w") as file:
        file.write("raise SystemExit")
