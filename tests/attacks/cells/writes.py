# Whoever wants to change what is not his, or to speak with the world.

# %% writes_the_gradebook | before
for path in ("@REPORT@/grades.csv", "@REPORT@/report.html", "@REPORT@/results/writes_the_gradebook/02_softmax.json"):
    for mode in ("w", "a", "r+"):
        try:
            open(path, mode).write("all passed")
        except OSError:
            pass

# %% changes_other_submissions | before
import os
for folder in ["good_0", "good_1"]:
    path = f"@SUBMISSIONS@/{folder}/02_softmax.ipynb"
    for change in (os.remove, os.unlink, lambda p: os.truncate(p, 0), lambda p: os.rename(p, p + ".gone"),
                   lambda p: os.chmod(p, 0), lambda p: os.utime(p, (0, 0)), lambda p: os.setxattr(p, "user.x", b"1"),
                   lambda p: os.chown(p, 1, 1), lambda p: open(p, "w").write("{}")):
        try:
            change(path)
        except OSError:
            pass

# %% changes_the_course | before
import os
for path in ("@PROBLEMS@/p02_softmax/e04_softmax_jacobian.py", "@PROBLEMS@/../engine/judging/judge.py", np.__file__):
    for change in (lambda p: os.chmod(p, 0o777), lambda p: open(p, "a").write("\n# changed"), os.remove):
        try:
            change(path)
        except OSError:
            pass

# %% changes_folders | before
import os, shutil
for path in ("@REPORT@", "@SUBMISSIONS@", "@OUTSIDE@"):
    for change in (lambda p: os.chmod(p, 0), lambda p: os.rename(p, p + "2"), shutil.rmtree,
                   lambda p: os.mkdir(p + "/new"), lambda p: os.symlink("/", p + "/link")):
        try:
            change(path)
        except OSError:
            pass

# %% mounts_and_namespaces | before
import ctypes
c = ctypes.CDLL(None)
tried = [c.unshare(0x10000000), c.unshare(0x00020000), c.mount(b"none", b"/tmp", b"tmpfs", 0, 0), c.chroot(b"/"),
         c.setns(0, 0), c.umount2(b"/", 2), c.syscall(155, b".", b"."), c.syscall(428, -100, b"/", 0)]
assert all(result == -1 for result in tried), tried

# %% raises_its_limits | before
import resource
for kind in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE):
    try:
        resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        softmax_jacobian = print
    except (ValueError, OSError):
        pass

# %% becomes_another_user | before
import os
for change in (lambda: os.setuid(1), lambda: os.setgid(1), lambda: os.setgroups([1]), lambda: os.setresuid(1, 1, 1)):
    try:
        change()
    except OSError:
        pass

# %% runs_other_programs | before
import os, subprocess, multiprocessing
def tries():
    yield lambda: subprocess.run(["sh", "-c", "echo here > @OUTSIDE@/program"])
    yield lambda: os.system("echo here > @OUTSIDE@/program")
    yield lambda: os.posix_spawn("/bin/sh", ["sh", "-c", "echo here > @OUTSIDE@/program"], {})
    yield lambda: os.popen("cat @SOLUTIONS@/02_solutions_softmax.ipynb").read()
    yield lambda: multiprocessing.get_context("fork").Process(target=print).start()
for one in tries():
    try:
        one()
    except Exception:
        pass

# %% replaces_itself | before
import os
os.execv("/bin/sh", ["sh", "-c", "echo here > @OUTSIDE@/program"])

# %% shell_lines | before
!echo here > @OUTSIDE@/shell
!cat @SOLUTIONS@/02_solutions_softmax.ipynb
%system echo here > @OUTSIDE@/shell

# %% bash_cell | before
%%bash
echo here > @OUTSIDE@/bash

# %% calls_home_by_tcp | before
import socket
for host in ("127.0.0.1", "localhost", "::1", "0.0.0.0"):
    try:
        socket.create_connection((host, @PORT@), timeout=1).send(b"solutions")
    except OSError:
        pass

# %% calls_home_by_other_means | before
import socket, urllib.request
for family, kind in ((socket.AF_INET, socket.SOCK_DGRAM), (socket.AF_UNIX, socket.SOCK_STREAM), (16, socket.SOCK_RAW),
                     (socket.AF_INET, socket.SOCK_RAW), (socket.AF_UNIX, socket.SOCK_DGRAM)):
    try:
        line = socket.socket(family, kind)
        line.connect("@SOCKET@" if family == socket.AF_UNIX else ("127.0.0.1", @PORT@))
        line.send(b"solutions")
    except OSError:
        pass
try:
    urllib.request.urlopen("http://127.0.0.1:@PORT@/", timeout=1)
except OSError:
    pass

# %% calls_home_by_a_connected_pair | before
import socket
for one in socket.socketpair():
    for address in ("@SOCKET@", ("127.0.0.1", @PORT@)):
        try:
            one.connect(address)
            one.send(b"solutions")
        except (OSError, TypeError):
            pass

# %% rare_kernel_interfaces | before
import ctypes, os
c = ctypes.CDLL(None)
numbers = (425, 319, 323, 250, 248, 29, 321, 298, 304, 434) if os.uname().machine == "x86_64" else (425, 279, 282, 219)
assert all(c.syscall(number, 0, 0, 0, 0, 0) == -1 for number in numbers)

# %% thirty_two_bit_calls | before
import ctypes
c = ctypes.CDLL(None)
assert c.syscall(0x40000000 + 59, b"/bin/sh", 0, 0) == -1  # the other numbering of x86-64

# %% calls_home_by_datagrams | before
import socket
try:
    mine, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    mine.sendto(b"solutions", "@SOCKET@.datagrams")
except OSError:
    pass

# %% signals_by_way_of_files | before
import fcntl, os
for number, value in ((fcntl.F_SETOWN, @PARENT@), (10, 9), (fcntl.F_SETFL, os.O_ASYNC)):
    try:
        fcntl.fcntl(os.open("/dev/null", os.O_RDWR), number, value)
    except OSError:
        pass

# %% types_on_the_terminal | before
import fcntl, os, termios
try:
    terminal = os.open("/dev/tty", os.O_RDWR)
    for letter in "echo here > @OUTSIDE@/terminal\n":
        fcntl.ioctl(terminal, termios.TIOCSTI, letter)
except OSError:
    pass
