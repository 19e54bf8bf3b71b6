# Ways to end, or never to end.

# %% exit_at_the_top | before
import sys
sys.exit(0)

# %% hard_exit_at_the_top | before
import os
os._exit(0)

# %% hard_exit_in_an_answer | softmax_jacobian
def softmax_jacobian(weights):
    import os
    os._exit(0)

# %% hard_exit_at_load_of_an_answer | softmax_jacobian
import os
os._exit(0)

# %% segmentation_fault | softmax_jacobian
def softmax_jacobian(weights):
    import ctypes
    ctypes.string_at(0)

# %% aborts | after
import os
os.abort()

# %% stack_overflow_in_c | softmax_jacobian
def softmax_jacobian(weights):
    import sys
    sys.setrecursionlimit(10**9)
    nested = []
    for _ in range(10**6):
        nested = [nested]
    return repr(nested)

# %% recursion | softmax_jacobian
def softmax_jacobian(weights): return softmax_jacobian(weights)

# %% kills_everybody | before
import os, signal
os.kill(-1, signal.SIGKILL)

# %% kills_the_parent | before
import os, signal
for target in (os.getppid(), @PARENT@, 0, 2, 3):
    try:
        os.kill(target, signal.SIGKILL)
    except OSError:
        pass

# %% kills_its_group | before
import os, signal
try:
    os.killpg(os.getpgrp(), signal.SIGKILL)
except OSError:
    pass

# %% endless_loop_at_load | before
while True:
    pass

# %% endless_loop_that_swallows_everything | softmax_jacobian
import signal
def softmax_jacobian(weights):
    for number in range(1, 32):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass

# %% sleeps_for_ever | softmax_jacobian
import time
def softmax_jacobian(weights):
    while True:
        try:
            time.sleep(10**6)
        except BaseException:
            pass

# %% one_endless_c_call | softmax_jacobian
import re
def softmax_jacobian(weights):
    return re.match(r"(a+)+$", "a" * 64 + "b")

# %% endless_arithmetic | after
10 ** 10 ** 9

# %% atexit_handler | before
import atexit
def last():
    open("@OUTSIDE@/atexit", "w").write("here")
    open("@REPORT@/grades.csv", "w").write("all passed")
atexit.register(last)

# %% daemon_thread | before
import threading, time
def later():
    while True:
        try:
            open("@REPORT@/grades.csv", "w").write("all passed")
        except OSError:
            time.sleep(0.01)
threading.Thread(target=later, daemon=True).start()

# %% orphan | before
import os, time
try:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(3)
            open("@OUTSIDE@/orphan", "w").write("here")
            os._exit(0)
        os._exit(0)
except OSError:
    pass
