"""Kernels that start at once: each is a fork of a process that has imported what every notebook imports.

A run of the tests starts some seventy kernels, and a kernel spends most of its start on importing torch. Where there is
no fork (Windows), kernels start as usual.
"""

import json
import os
import signal
import subprocess
import sys
from functools import cache

import psutil


class Forked:
    """A kernel that is a fork, with what `jupyter_client` asks of a process; how it ended is not known."""

    stdin = stdout = stderr = returncode = None

    def __init__(self, pid: int) -> None:
        self.pid, self._process = pid, psutil.Process(pid)

    def poll(self) -> int | None:
        return None if self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE else 0

    def wait(self, timeout: float | None = None) -> int:
        self._process.wait(timeout)
        return 0

    def send_signal(self, number: int) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


@cache
def _warm(process: int) -> subprocess.Popen:
    """The process that is forked, one for each that runs tests; it ends when nobody can ask it any more."""
    return subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def end() -> None:
    """End the process that is forked, where this one has started it."""
    if _warm.cache_info().currsize:
        warm = _warm(os.getpid())
        warm.stdin.close()
        warm.wait(20)


def install() -> None:
    """Let kernels of this process be forks."""
    if not hasattr(os, "fork"):
        return
    from jupyter_client.provisioning import local_provisioner

    usual = local_provisioner.launch_kernel

    def launch(command, **options):
        if command[:3] != [sys.executable, "-m", "ipykernel_launcher"]:
            return usual(command, **options)
        warm = _warm(os.getpid())
        job = {"argv": command[3:], "env": options.get("env") or dict(os.environ), "cwd": options.get("cwd")}
        warm.stdin.write(json.dumps(job) + "\n")
        warm.stdin.flush()
        return Forked(int(warm.stdout.readline()))

    local_provisioner.launch_kernel = launch


def _become_kernel(job: dict, parent: int) -> None:
    from ipykernel.kernelapp import IPKernelApp

    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    os.environ.clear()
    os.environ.update(job["env"], JPY_PARENT_PID=str(parent))
    os.chdir(job["cwd"] or ".")
    sys.argv = ["ipykernel_launcher", *job["argv"]]
    IPKernelApp.launch_instance()


def _serve() -> None:
    import ipykernel.kernelapp  # noqa: F401
    import matplotlib.figure  # noqa: F401
    import matplotlib_inline.backend_inline  # noqa: F401
    import torch  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks, so the system buries them
    for line in sys.stdin:
        ready, told = os.pipe()
        pid = os.fork()
        if not pid:
            os.setsid()  # a group of its own, to which signals are sent
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.write(told, b"!")
            try:
                _become_kernel(json.loads(line), os.getppid())
            finally:
                os._exit(0)
        os.read(ready, 1)
        os.close(ready)
        os.close(told)
        print(pid, flush=True)


if __name__ == "__main__":
    sys.path.pop(0)  # this folder, which no notebook can import from
    _serve()
