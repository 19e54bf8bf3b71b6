"""Nobody loses a point to a busy machine: learners' processes are really kept from running, and have their points."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from selfattention.course import files
from selfattention.course.grader.run import Order, grade_class
from selfattention.engine.process.remote import NoProcess

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a fork server")]
BUSY = int(os.environ.get("BUSY", "8"))  # processes that compute beside the grading; two cores are hard pressed by 8
SLEEPER = "def softmax(scores):\n    import time\n    time.sleep(1000)"


def hand_in(folder, student, changes=()):
    notebook = json.loads((files.root() / files.place("02_softmax", "solutions")).read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = dict(changes).get(cell["id"].removesuffix("-answer"), cell["source"])
    path = folder / student / "02_softmax.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(notebook))


def results(report):
    found = [json.loads(path.read_text()) for path in (report / "results").rglob("*.json")]
    return {one["student"]: one for one in found}


def earned(report):
    return {student: [row["earned"] for row in one["rows"]] for student, one in results(report).items()}


def learners():
    """The processes that run notebooks now: forks of a fork of a server."""
    def serves(process):
        return process is not None and any("forkserver import serve" in word for word in process.cmdline())

    for process in psutil.Process().children(recursive=True):
        try:
            if serves(process) and serves(process.parent()) and serves(process.parent().parent()):
                yield process
        except psutil.Error:
            continue


def send(process, number):
    with contextlib.suppress(psutil.Error):
        process.send_signal(number)


def test_who_is_stopped_for_longer_than_the_clock_waits_is_judged_again_and_has_all_points(tmp_path):
    """Every learner's process is stopped once for five seconds, of which a call may take three."""
    for student in ("ada", "ben"):
        hand_in(tmp_path / "subs", student)
    stopped, done, told = set(), threading.Event(), []

    def stop_each_once():
        while not done.wait(0.002):
            for process in learners():
                if len(stopped) < 2 and process.pid not in stopped:
                    stopped.add(process.pid)
                    threading.Timer(5.0, send, (process, signal.SIGCONT)).start()
                    send(process, signal.SIGSTOP)

    thread = threading.Thread(target=stop_each_once)
    thread.start()
    try:
        outcome = grade_class(Order(tmp_path / "subs", tmp_path / "report", 3, cell_seconds=0.5, call_seconds=0.5,
                                    workers=2), told.append)
    except NoProcess as error:
        pytest.skip(f"no fork server here: {error}")
    finally:
        done.set()
        thread.join()
    assert earned(tmp_path / "report") == {"ada": [4, 3, 4, 4], "ben": [4, 3, 4, 4]}, told
    assert outcome.graded == 2 and len(stopped) == 2  # whether within a call, or before the first, is chance
    again = {student for student, one in results(tmp_path / "report").items() if one["judged"] == 2}
    assert all(any(f"judged once more, alone: {student}" in line for line in told) for student in again)


def test_on_a_busy_machine_all_have_their_points_and_sleepers_end(tmp_path):
    """Many more processes compute than there are cores."""
    for student in ("ada", "ben"):
        hand_in(tmp_path / "subs", student)
    hand_in(tmp_path / "subs", "sleeper", {"softmax": SLEEPER})
    hand_in(tmp_path / "subs", "wrong", {"softmax_jacobian": "def softmax_jacobian(weights):\n    return weights"})
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY)]
    began = time.monotonic()
    try:
        outcome = grade_class(Order(tmp_path / "subs", tmp_path / "report", 3, call_seconds=0.5), lambda line: None)
    finally:
        for process in busy:
            process.kill()
            process.wait()
    found = earned(tmp_path / "report")
    assert outcome.graded == 4 and found["ada"] == found["ben"] == [4, 3, 4, 4]
    assert found["sleeper"] == [0, 3, 4, 4] and results(tmp_path / "report")["sleeper"]["judged"] == 2
    assert "judged twice" in (tmp_path / "report" / "report.html").read_text()
    assert found["wrong"][:3] == [4, 3, 4] and found["wrong"][3] < 4
    assert time.monotonic() - began < 3600
