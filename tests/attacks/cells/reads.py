# Whoever wants to read what is not his.

# %% imports_the_exercises | softmax_jacobian
def softmax_jacobian(weights):
    from selfattention.problems.p02_softmax.e04_softmax_jacobian import softmax_jacobian as right
    return right(weights)

# %% runs_the_exercises_file | softmax_jacobian
import runpy
def softmax_jacobian(weights):
    return runpy.run_path("@PROBLEMS@/p02_softmax/e04_softmax_jacobian.py")["softmax_jacobian"](weights)

# %% reads_the_exercises_text | softmax_jacobian
def softmax_jacobian(weights):
    exec(open("@PROBLEMS@/p02_softmax/e04_softmax_jacobian.py").read(), space := {})
    return space["softmax_jacobian"](weights)

# %% reads_the_compiled_exercises | softmax_jacobian
import glob, marshal
def softmax_jacobian(weights):
    (path,) = glob.glob("@PROBLEMS@/p02_softmax/__pycache__/e04_softmax_jacobian*.pyc")
    exec(marshal.loads(open(path, "rb").read()[16:]), space := {"__name__": "selfattention.problems.p02_softmax.e04_softmax_jacobian"})
    return space["softmax_jacobian"](weights)

# %% asks_the_package_for_data | softmax_jacobian
import pkgutil, linecache
def softmax_jacobian(weights):
    text = "".join(linecache.getlines("@PROBLEMS@/p02_softmax/e04_softmax_jacobian.py")) or pkgutil.get_data("selfattention", "problems/p02_softmax/e04_softmax_jacobian.py")
    exec(text, space := {})
    return space["softmax_jacobian"](weights)

# %% reads_the_solutions | softmax_jacobian
import json
def softmax_jacobian(weights):
    notebook = json.load(open("@SOLUTIONS@/02_solutions_softmax.ipynb"))
    cell = next(cell for cell in notebook["cells"] if "def softmax_jacobian" in "".join(cell["source"]))
    exec("".join(cell["source"]), space := globals() | {})
    return space["softmax_jacobian"](weights)

# %% reads_another_submission | softmax_jacobian
import json, os
def softmax_jacobian(weights):
    for folder in os.listdir("@SUBMISSIONS@"):
        text = open(f"@SUBMISSIONS@/{folder}/02_softmax.ipynb").read()
        for cell in json.loads(text)["cells"]:
            source = "".join(cell["source"])
            if "def softmax_jacobian" in source and "raise" not in source:
                exec(source, space := globals() | {})
                return space["softmax_jacobian"](weights)

# %% walks_up_from_here | softmax_jacobian
import os
def softmax_jacobian(weights):
    for start in (".", "..", "../..", "/", "/proc/1/root", "/proc/self/cwd/..", "/proc/self/root"):
        for folder, _, names in os.walk(start):
            for name in names:
                if name == "p02_softmax.py":
                    exec(open(os.path.join(folder, name)).read(), space := {})
                    return space["softmax_jacobian"](weights)

# %% links_to_the_solutions | softmax_jacobian
import os
def softmax_jacobian(weights):
    for make in (os.symlink, os.link):
        try:
            make("@PROBLEMS@/p02_softmax/e04_softmax_jacobian.py", "mine.py")
            exec(open("mine.py").read(), space := {})
            return space["softmax_jacobian"](weights)
        except OSError:
            pass

# %% reads_the_memory_of_others | softmax_jacobian
import os
def softmax_jacobian(weights):
    for number in ["self", 1, 2, @PARENT@, os.getppid()]:
        for name in ("mem", "maps", "environ", "cmdline", "fd/0", "root/etc/passwd"):
            with open(f"/proc/{number}/{name}", "rb") as file:
                return file.read(100)

# %% traces_the_parent | softmax_jacobian
import ctypes
def softmax_jacobian(weights):
    c = ctypes.CDLL(None, use_errno=True)
    assert c.ptrace(16, @PARENT@, 0, 0) != 0, "attached"
    buffer = ctypes.create_string_buffer(16)
    piece = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 16)
    assert c.process_vm_readv(@PARENT@, piece, 1, piece, 1, 0) < 0, "read"

# %% reads_secrets_outside | softmax_jacobian
import os
def softmax_jacobian(weights):
    found = []
    for path in ("@CANARY@", "/etc/passwd", os.path.expanduser("~/.ssh/id_rsa"), os.path.expanduser("~/.bashrc")):
        try:
            found.append(open(path).read())
        except OSError:
            pass
    raise ValueError("read: " + " ".join(found))

# %% environment_of_the_grader | softmax_jacobian
import os
def softmax_jacobian(weights):
    raise ValueError("environment: " + " ".join(f"{name}={value}" for name, value in os.environ.items()))

# %% looks_for_other_copies_of_the_solutions | softmax_jacobian
import glob, json, os, sys
def softmax_jacobian(weights):
    for entry in sys.path + [sys.prefix, "@SOLUTIONS@/..", "@PROBLEMS@/.."]:
        for room in ("solutions", "selfattention/solutions", "*/selfattention/solutions"):
            for path in glob.glob(os.path.join(entry, room, "02*.ipynb")):
                try:
                    cells = json.load(open(path))["cells"]
                except OSError:
                    continue
                source = next("".join(c["source"]) for c in cells if "def softmax_jacobian" in "".join(c["source"]))
                exec(source, space := globals() | {})
                return space["softmax_jacobian"](weights)
