"""A run of the tests leaves the machine as it found it: what stood there before is held against what stands after.

The run gets a temporary folder of its own, and the programs it starts get theirs inside it. So what is left in there,
and which processes still know it by name, was left by the tests.
"""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
MARK = "COURSE_TESTS_TEMPORARY"
ENDING_SECONDS = 20.0
HOMES = {"IPYTHONDIR": "ipython", "JUPYTER_CONFIG_DIR": "jupyter/config", "JUPYTER_DATA_DIR": "jupyter/data",
         "JUPYTER_RUNTIME_DIR": "jupyter/runtime", "TORCHINDUCTOR_CACHE_DIR": "inductor"}
# What the programs that the tests start would leave beside the run's folder; other people's files come and go there.
STRAYS = ("course-", "selfattention", "pytest-of-", "torch", "dask-", "playwright", ".org.chromium", "psm_", "sem.")


def own_temporary_folder() -> Path:
    """Make the run's folder and point everything to it; in a worker of the run, the folder it was given."""
    if MARK not in os.environ:
        for number in {signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)}:
            if signal.getsignal(number) == signal.SIG_IGN:  # as in the background of a shell: what the tests start
                signal.signal(number, lambda *_: None)      # shall hear it nonetheless
        folder = Path(tempfile.mkdtemp(prefix="course-"))
        folder.chmod(0o755)  # other users pass through, to what one of them shall be given
        os.environ.update({MARK: str(folder), "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)})
        os.environ.update({name: str(folder / place) for name, place in HOMES.items()})
        tempfile.tempdir = None
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(os.environ[MARK])


class Before:
    """The machine before the run; `traces` says what is another way after it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._state = self._look()

    def _look(self) -> dict[str, object]:
        """Modes and owners of the folders above and around, what stands in them, and what git sees."""
        around = [self.folder.parent, Path.home(), Path("/var/tmp"), Path("/dev/shm")]
        around = [place for place in around if place.is_dir()]
        state: dict[str, object] = {}
        for place in {*around, ROOT, *ROOT.parents, *self.folder.parents}:
            told = place.stat()
            state[f"mode and owner of {place}"] = (oct(told.st_mode), told.st_uid, told.st_gid)
        state |= {str(path): "there" for place in around for path in place.iterdir() if path.name.startswith(STRAYS)}
        changed = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True).stdout
        return state | {f"git status: {line}": "there" for line in changed.splitlines()}

    def traces(self) -> list[str]:
        """What has changed, what is left in the run's folder, and which of its processes still run."""
        after = self._look()
        found = [f"{name}: {self._state.get(name, 'not there')} before, {after.get(name, 'not there')} after"
                 for name in sorted({*self._state, *after}) if self._state.get(name) != after.get(name)]
        kept = ("pytest-of-", *(place.split("/")[0] for place in HOMES.values()))
        left = sorted(path.name for path in self.folder.iterdir() if not path.name.startswith(kept))
        found += [f"left in the temporary folder: {name}" for name in left]
        return found + [f"still running: {' '.join(process.cmdline())[:200]}" for process in self._running()]

    def _running(self) -> list[psutil.Process]:
        """Processes that were given the run's folder; they get some time to end."""
        end = time.monotonic() + ENDING_SECONDS
        while (running := [one for one in psutil.process_iter() if self._ours(one)]) and time.monotonic() < end:
            time.sleep(0.2)
        return running

    def _ours(self, process: psutil.Process) -> bool:
        try:
            command = " ".join(process.cmdline())
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                return False
            if process.ppid() == os.getpid() and "multiprocessing.resource_tracker" in command:
                return False  # Python's own, which ends with this process
            return str(self.folder) in " ".join([*process.environ().values(), command, process.cwd()])
        except psutil.Error:
            return False
