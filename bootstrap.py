"""Sets the course up and starts it, on Windows, macOS and Linux, with Python's standard library only.

    python3 bootstrap.py lab     set up, then open JupyterLab
    python3 bootstrap.py test    set up with the test tools, then run all tests
    python3 bootstrap.py setup   set up only

Everything goes into the folder .venv beside this file; delete it to start over.
"""

import argparse
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
OLDEST, NEWEST = (3, 10), (3, 14)
CPU_BUILDS = "https://download.pytorch.org/whl/cpu"
SIZES = {"": (125, 110), "test": (175, 260)}  # packages and megabytes to download beside torch


def stop(message):
    """End with one clear line."""
    sys.exit(f"bootstrap: {message}")


def run(step, *command):
    """Run one step of the set-up; where it fails, say which and what to do."""
    try:
        code = subprocess.call([str(part) for part in command], cwd=HERE)
    except OSError as error:
        stop(f"{step} failed ({error}).")
    if code:
        stop(f"{step} failed (exit status {code}); what went wrong stands above. Run the same command again, or delete "
             f"{VENV.name} first to start over.")


def install(step, *what):
    """Install into .venv, with uv where there is one, else with pip; pip also takes over where uv cannot."""
    uv = shutil.which("uv")
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", str(PYTHON), *what]
        if subprocess.call(command, cwd=HERE) == 0:
            return
        print("bootstrap: uv could not; pip tries the same.", flush=True)
    run(step, PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "2", *what)


def fingerprint(extra):
    """What the environment was made for: changes when the requirements do."""
    texts = [(HERE / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    return hashlib.sha256(b"\0".join([*texts, sys.version.encode(), extra.encode()])).hexdigest()


def set_up(extra):
    """Make .venv and install the course with `extra` into it; does nothing where that is done."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        stop(f"this is Python {platform.python_version()}, the course needs 3.{OLDEST[1]} to 3.{NEWEST[1]}.")
    done = VENV / f"ready-{extra or 'course'}"
    wanted = fingerprint(extra)
    if done.is_file() and done.read_text() == wanted and PYTHON.is_file():
        return
    packages, megabytes = SIZES[extra]
    steps = [f"making {VENV.name}", *["the CPU build of torch, 190 MB"] * (sys.platform == "linux"),
             f"the course and about {packages} packages, {megabytes} MB"]

    def say():
        print(f"bootstrap: {total - len(steps) + 1} of {total}: {steps.pop(0)} …", flush=True)

    total = len(steps)
    print("bootstrap: setting up; the first time takes some minutes, most of it downloading.", flush=True)
    say()
    if not PYTHON.is_file():
        try:
            venv.create(VENV, with_pip=True)
        except (OSError, subprocess.CalledProcessError) as error:
            stop(f"making {VENV.name} failed ({error}). On Debian and Ubuntu: sudo apt install python3-venv.")
    if sys.platform == "linux":
        # The index of CPU builds is asked for torch and nothing else: what torch needs comes with the course.
        say()
        version = re.search(r"^torch==([\d.]+)", (HERE / "constraints.txt").read_text(), re.MULTILINE)[1]
        install("installing the CPU build of torch", "--no-deps", f"torch=={version}+cpu",
                "--extra-index-url", CPU_BUILDS)
    say()
    install("installing the course", "-c", "constraints.txt", "-e", f".[{extra}]" if extra else ".")
    done.write_text(wanted)


def main():
    """Set up, then do what was asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", choices=["lab", "test", "setup"])
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="passed on: to JupyterLab's starter, or to pytest")
    arguments = parser.parse_args()
    set_up("" if arguments.job == "lab" else "test")
    if arguments.job == "lab":
        job = [PYTHON, "-m", "selfattention", "lab", *arguments.rest]
    elif arguments.job == "test":
        # One notebook's cells stay on one worker; a second torch thread would only get in the other's way.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        job = [PYTHON, "-m", "pytest", "-rs", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder",
               "--nbval-lax", *arguments.rest]
    else:
        return
    become([str(part) for part in job])


def become(job):
    """Go on as another program, so that whoever ends this process ends that one; on Windows it runs below this one."""
    if os.name != "nt":
        os.chdir(HERE)
        os.execv(job[0], job)
    try:
        sys.exit(subprocess.call(job, cwd=HERE))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
