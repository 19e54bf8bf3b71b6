# Whoever takes more than there is.

# %% list_bomb | softmax_jacobian
def softmax_jacobian(weights):
    hoard = []
    while True:
        hoard.append([0] * 10**7)

# %% array_bomb | softmax_jacobian
def softmax_jacobian(weights):
    return np.ones(10**11)

# %% tensor_bomb_at_load | after
import torch
hoard = [torch.ones(10**8) for _ in range(1000)]

# %% shared_mapping_bomb | softmax_jacobian
import mmap
def softmax_jacobian(weights):
    hoard = []
    while True:
        hoard.append(mmap.mmap(-1, 2**28))
        hoard[-1].write(b"x" * 2**28)

# %% memory_file_bomb | softmax_jacobian
import os
def softmax_jacobian(weights):
    while True:
        handle = os.memfd_create("hoard")
        os.write(handle, b"x" * 2**28)

# %% fork_bomb | before
import os
while True:
    os.fork()

# %% thread_bomb | before
import threading, time
while True:
    threading.Thread(target=time.sleep, args=(10**6,), daemon=True).start()

# %% one_large_file | before
with open("large", "wb") as file:
    while True:
        file.write(b"x" * 2**24)

# %% many_files | before
number = 0
while True:
    number += 1
    open(f"file{number}", "w").write("x" * 4096)

# %% files_elsewhere | before
for folder in ("/tmp", "/var/tmp", "/dev/shm", "@OUTSIDE@", "@SUBMISSIONS@", "@REPORT@"):
    try:
        open(folder + "/left_behind", "wb").write(b"x" * 2**20)
    except OSError:
        pass

# %% prints_without_end | before
while True:
    print("x" * 10**6)

# %% answer_prints_a_gigabyte | softmax_jacobian
def softmax_jacobian(weights):
    for _ in range(1000):
        print("x" * 10**6)

# %% gigantic_message | softmax_jacobian
def softmax_jacobian(weights):
    raise ValueError("x" * 10**9)

# %% open_files_bomb | before
handles = []
while True:
    handles.append(open("/dev/null"))

# %% gigantic_array_returned | softmax_jacobian
def softmax_jacobian(weights):
    return np.zeros((10**4, 10**4))

# %% gigantic_string_returned | softmax_jacobian
def softmax_jacobian(weights): return "x" * 10**8

# %% deep_list_returned | softmax_jacobian
def softmax_jacobian(weights):
    nested = []
    for _ in range(10**5):
        nested = [nested]
    return nested

# %% list_in_itself_returned | softmax_jacobian
def softmax_jacobian(weights):
    circle = []
    circle.append(circle)
    return circle

# %% large_dictionary_returned | softmax_jacobian
def softmax_jacobian(weights): return {str(number): number for number in range(10**6)}

# %% half_characters_returned | softmax_jacobian
def softmax_jacobian(weights):
    print("\ud800<script>alert(1)</script>")
    raise ValueError("\udfff\x00\x1b[2J<img src=x onerror=alert(1)>")

# %% gigantic_integer_returned | softmax_jacobian
def softmax_jacobian(weights): return 10**5000

# %% page_injection | softmax_jacobian
def softmax_jacobian(weights):
    raise ValueError("</pre></div><script>document.body.innerHTML='15 of 15'</script>")
