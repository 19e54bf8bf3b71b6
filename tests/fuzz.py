"""Throw damaged and forged things at the grader: frames, whole processes, notebooks, archives.

Each ends in a grade or a clear refusal.

    .venv/bin/python tests/fuzz.py --inputs 100000     all four, with this many inputs together
    .venv/bin/python tests/fuzz.py --kind frames --seed 7

What is counted: how each input ended, the longest that one took, and the largest memory of this process.
"""

import argparse
import copy
import functools
import io
import json
import queue
import random
import shutil
import sys
import tarfile
import time
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np

from selfattention import problems
from selfattention.course import exercise_texts, files, reading
from selfattention.course.grader.grading import Job, Settings, drop_server, grade
from selfattention.course.grader.submissions import NoSubmissions, find
from selfattention.course.reading import Unreadable
from selfattention.course.submission import judge_cells
from selfattention.engine.door import data, wire
from selfattention.engine.door.frames import FRAMES, RAISED, WrongFrame, checked
from selfattention.engine.guard.limits import Allowance
from selfattention.engine.guard.sandbox import limited_memory
from selfattention.engine.judging import card
from selfattention.engine.process.remote import Cell, Clock, NoProcess

MEMORY_BYTES = 2**30  # what all of it may take of this process, beside what it has at the beginning
SECONDS = 60.0  # what one input may take, on a machine that is not busy
CHAPTERS = ("02_softmax", "04_masks", "06_multi_head_attention")
SHARES = {"frames": 0.55, "doors": 0.05, "notebooks": 0.35, "archives": 0.05}


def odd(draw: random.Random):
    """A value that may stand where another type is expected."""
    number = draw.choice([0, 1, -1, 3, 7, 2**40, 2**63, 2**70, -(2**90), 10**300])
    text = draw.choice(["", "x", "softmax", "\x1b[31m", "ß" * 300, "a\ud800", "TimeLimit", "still running after"])
    kind = draw.random()
    if kind < 0.1:
        import torch

        return torch.zeros(draw.choice([(), (0,), (3,), (2, 5)]), dtype=draw.choice([torch.float32, torch.int64]))
    if kind < 0.35:
        array = np.zeros(draw.choice([(), (0,), (3,), (2, 3), (0, 9), (1, 1, 1), (20, 30)]),
                         draw.choice(["float64", "int8", "bool", "complex64", "float16"]))
        return draw.choice([array, [array, (array, text)], array.tolist()])
    return draw.choice([number, text, None, True, [], [number], [text], (), (number,), {}, {text: number}, [[text]],
                        data.Handle(number), data.Foreign(text), float("nan"), float("inf"), -0.0, 0.5,
                        {text: {"raised": None}}, "x" * draw.choice([10, 10**4])])


class Forger:
    """A learner's process that never runs anything, and answers what it likes.

    It keeps to the rules for some questions, so that the check comes further before it meets something odd.
    """

    def __init__(self, draw: random.Random, names: list[str]) -> None:
        self._draw, self._names = draw, names
        self._bytes: queue.Queue = queue.Queue()
        self._rest = b""
        self._honest = draw.choice([1, 1, 2, 4, 8, 20])
        self.incoming = self.outgoing = self

    def used(self) -> float:
        return 0.0

    def end(self, wait: float = 0.0) -> str:
        self._bytes.put(b"")
        return ""

    def close(self) -> None:
        pass

    def flush(self) -> None:
        pass

    def write(self, frame: bytes) -> None:
        question = wire.unpack(frame[8:])
        if "names" in question:  # the beginning
            return
        self._question = question if "number" in question else self._question  # else it was called back
        for part in self._answers(self._question):
            self._bytes.put(part)
        self._honest -= 1

    def read(self, count: int) -> bytes:
        if not self._rest:
            self._rest = self._bytes.get()
        part, self._rest = self._rest[:count], self._rest[count:]
        return part

    def _answers(self, question: dict) -> list[bytes]:
        draw = self._draw
        frame = self.right(question)
        if self._honest > 0:
            return [wire.pack(frame)]
        for _ in range(draw.choice([1, 1, 1, 2, 3])):
            frame = self.wrong(frame)
        packed = wire.pack(frame)
        if draw.random() < 0.15:
            return [damaged(draw, packed), b""]  # and the end, or it would be waited for what is missing
        return draw.choice([[packed]] * 8 + [[packed, packed], [packed[:-3], b""], [b""]])

    def right(self, question: dict) -> dict:
        """What a process that keeps to the rules might answer."""
        always = {"number": question["number"], "imported": 0.0}
        if "run" in question:
            return always | {"trouble": "", "functions": {name: 7 for name in self._names}, "parts": 0, "stopped": -1}
        if "open" in question:
            return always
        if self._draw.random() < 0.2:
            return always | {"callback": self._draw.choice([0, 1, 5]), "args": (odd(self._draw), odd(self._draw)),
                             "kwargs": {}, "slope": None}
        return always | {"value": odd(self._draw), "raised": None, "mutated": [], "printed": "", "used": []}

    def wrong(self, frame: dict) -> dict:
        """The same with something wrong."""
        draw, frame = self._draw, dict(frame)
        kind = draw.random()
        if kind < 0.5 and frame:
            frame[draw.choice(list(frame))] = odd(draw)
        elif kind < 0.6 and frame:
            del frame[draw.choice(list(frame))]
        elif kind < 0.7:
            frame[draw.choice([name for fields in FRAMES.values() for name in fields])] = odd(draw)
        elif kind < 0.9:
            frame["raised"] = {name: odd(draw) if draw.random() < 0.4 else "x" for name in RAISED}
        else:
            return frame | {"value": [frame, odd(draw)]}
        return frame


def damaged(draw: random.Random, content: bytes) -> bytes:
    """Bytes with some of them changed, cut out, or put in twice."""
    content = bytearray(content)
    for _ in range(draw.choice([1, 1, 2, 8])):
        at = draw.randrange(len(content) + 1)
        kind = draw.randrange(4)
        if kind == 0 and at < len(content):
            content[at] = draw.randrange(256)
        elif kind == 1:
            del content[at:at + draw.choice([1, 3, 50, 10**4])]
        elif kind == 2:
            content[at:at] = content[max(0, at - 40):at]
        else:
            content[at:at] = draw.choice([b"\x00", b"\xff\xfe", b'"', b"[[[[", b"{", b"\\u", b"1e999", b"NaN", b"\n"])
    return bytes(content)


def frame(draw: random.Random, _: Path) -> str:
    """One frame with something wrong in it, and perhaps bytes as well."""
    forger = Forger(draw, ["softmax"])
    kind = draw.choice(["run", "open", "verb"])
    made = forger.right({"number": 5, kind: None})
    for _ in range(draw.choice([1, 1, 2, 5])):
        made = forger.wrong(made)
    content = wire.pack(made)
    if draw.random() < 0.6:
        content = damaged(draw, content)
    try:
        checked(wire.read(io.BytesIO(content), wire.ANSWER_BYTES, wire.ANSWER_TEXT_BYTES), "ran", "reply", "callback")
        return "taken"
    except (wire.BadFrame, WrongFrame, EOFError) as error:
        return type(error).__name__


def door(draw: random.Random, _: Path) -> str:
    """One forged process against the exercises of a chapter."""
    chapter = draw.choice(CHAPTERS)
    names = [exercise.name for exercise in problems.exercises(chapter)]
    cells = [Cell("pass", name) for name in names[:draw.randrange(1, 3)]]
    try:
        reports = judge_cells(cells, chapter, lambda: Forger(draw, names), draw.randrange(100),
                              Clock(Allowance(cell=5, call=5, notebook=30)))
    except NoProcess:
        return "no process"
    for report in reports:
        card.as_html(report), card.as_text(report), json.dumps(report.row())
        assert 0 <= report.earned <= report.points
        assert not any("judging it failed" in verdict.detail for verdict in report.verdicts), report.verdicts
    return max((report.status for report in reports), key=lambda status: status != "not attempted")


def refused(error: Exception) -> str:
    """A refusal, which is said in one line."""
    assert len(str(error)) < 5000 and "\n" not in str(error)
    return "refused"


@functools.cache
def solutions() -> list[dict]:
    """Notebooks to begin with."""
    return [json.loads((files.root() / files.place(chapter, kind)).read_text(encoding="utf-8"))
            for kind in ("solutions", "exercises") for chapter in CHAPTERS[:2]]


def mutated(draw: random.Random, tree, depth: int = 0):
    """A JSON tree with something of it replaced, left out, or repeated."""
    if isinstance(tree, dict) and tree:
        key = draw.choice(list(tree))
        kind = draw.randrange(8)
        if kind == 0:
            del tree[key]
        elif kind == 1:
            tree[key] = draw.choice([None, 1, -1, 2**70, 0.5, "x", [], {}, [tree[key]], "\ud800", "a\x00b", True])
        else:
            tree[key] = mutated(draw, tree[key], depth + 1)
        return tree
    if isinstance(tree, list) and tree:
        at = draw.randrange(len(tree))
        kind = draw.randrange(6)
        if kind == 0:
            del tree[at]
        elif kind == 1:
            tree[at:at] = [copy.deepcopy(tree[at])] * draw.choice([1, 2, 30])
        elif kind == 2:
            draw.shuffle(tree)
        else:
            tree[at] = mutated(draw, tree[at], depth + 1)
        return tree
    if isinstance(tree, str) and tree:
        at = draw.randrange(len(tree))
        put = draw.choice(["", "\n", "1/0\n", "(", "    ", "\t", "%x\n", "!", "?", "\\", "ä", "0"])
        return tree[:at] + put + tree[at:]
    return draw.choice([None, "", 7, [], {"source": "x"}])


def notebook_bytes(draw: random.Random, begin: list[dict]) -> bytes:
    """A damaged notebook file."""
    tree = copy.deepcopy(draw.choice(begin))
    for _ in range(draw.choice([1, 1, 2, 5])):
        tree = mutated(draw, tree)
    content = json.dumps(tree, ensure_ascii=draw.random() < 0.5).encode(
        draw.choice(["utf-8"] * 5 + ["utf-16", "utf-16-le", "utf-8-sig"]), "surrogatepass")
    return damaged(draw, content) if draw.random() < 0.3 else content


def notebook(draw: random.Random, _: Path) -> str:
    """One damaged notebook: read always, and graded now and then, which takes a thousand times as long."""
    content = notebook_bytes(draw, solutions())
    if draw.random() < 0.01:
        result = grade(Job("fuzz", "02_softmax.ipynb", "fuzz", content),
                       Settings(draw.randrange(10**6), allowance=Allowance(cell=3, call=2, notebook=20)))
        assert "failed" not in result.reason, result.reason
        return result.status
    try:
        found = reading.parse(content, Path("02_softmax.ipynb"))
        reading.chapter_of(found, Path(draw.choice(["02_softmax.ipynb", "x.ipynb", "7.ipynb"])))
        assert all(type(cell.source) is str for cell in found.cells)
        return "read"
    except Unreadable as error:
        return refused(error)


def archive(draw: random.Random, folder: Path) -> str:
    """One damaged archive of submissions."""
    kind = draw.choice(["zip", "tar", "tgz"])
    where, unpacked = folder / f"class.{kind}", folder / "unpacked"
    unpacked.mkdir()
    students = ["ana", "ben", "..", ".", "submitted", "__MACOSX", "ü" * 90, "a b", "x_1_assignsubmission_file_"]
    inside = ["02_softmax.ipynb", "../../x.ipynb", "deep/" * 60 + "x.ipynb", "a.zip", "a.txt", "c.ipynb"]
    names = [f"{draw.choice(students)}/{draw.choice(inside)}" for _ in range(draw.randrange(6))]
    content = (exercise_texts.set_up("02_softmax") * draw.choice([1, 50])).encode()
    made = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(made, "w", draw.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as target:
            for name in dict.fromkeys(names):
                target.writestr(name, content)
    else:
        with tarfile.open(fileobj=made, mode="w:gz" if kind == "tgz" else "w") as target:
            for name in names:
                member = tarfile.TarInfo(name)
                member.size = len(content)
                member.type = draw.choice([tarfile.REGTYPE] * 6 + [tarfile.SYMTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
                target.addfile(member, io.BytesIO(content))
    where.write_bytes(damaged(draw, made.getvalue()) if draw.random() < 0.9 else made.getvalue())
    try:
        found = find(where, draw.choice([None, None, "moodle", "canvas"]), unpacked)
        for one in found:
            assert one.reason or unpacked in one.path.parents
            assert one.reason or one.read() is not None
        return "found"
    except NoSubmissions as error:
        return refused(error)
    finally:
        where.unlink()
        shutil.rmtree(unpacked)


KINDS = {"frames": frame, "doors": door, "notebooks": notebook, "archives": archive}


def run(kind: str, inputs: int, seed: int, folder: Path, tell=lambda line: None) -> tuple[Counter, float]:
    """Throw so many inputs of a kind; returns how they ended, and the longest that one took, in seconds.

    Raises:  AssertionError, Exception: what an input did that it must not; the message has the seed of that input.
    """
    ended: Counter = Counter()
    longest = 0.0
    with limited_memory(MEMORY_BYTES):
        for number in range(inputs):
            began = time.perf_counter()
            try:
                ended[KINDS[kind](random.Random(f"{seed} {kind} {number}"), folder)] += 1
            except BaseException as error:
                error.add_note(f"{kind}, seed {seed}, input {number}") if hasattr(error, "add_note") else None
                tell(f"{kind}, seed {seed}, input {number}: {type(error).__name__}: {error}")
                raise
            longest = max(longest, time.perf_counter() - began)
            if number % 5000 == 4999:
                tell(f"{kind}: {number + 1} of {inputs}; {dict(ended)}; longest {longest:.2f} s")
    return ended, longest


def main() -> None:
    """Run it from the command line."""
    import resource
    import tempfile

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=KINDS)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for kind in [wanted.kind] if wanted.kind else KINDS:
            inputs = wanted.inputs if wanted.kind else round(SHARES[kind] * wanted.inputs)
            ended, longest = run(kind, inputs, wanted.seed, Path(folder), lambda line: print(line, flush=True))
            print(f"{kind}: {inputs} inputs: {dict(ended)}; longest {longest:.2f} s; largest memory "
                  f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10:.0f} MB", flush=True)
    drop_server()


if __name__ == "__main__":
    sys.exit(main())
