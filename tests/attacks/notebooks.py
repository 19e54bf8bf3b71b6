"""Notebook files of 02 that were changed, broken or forged: each is graded for its answers alone, or refused.

Each function takes the base notebook as a plain dict, its own copy, and returns the changed notebook, or the bytes of
a file. In the base, `softmax` and `softmax_with_temperature` are right, `log_softmax` is `np.log(softmax(scores))`,
and `softmax_jacobian` is untouched.
"""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

NAMES = ("softmax", "softmax_with_temperature", "log_softmax", "softmax_jacobian")
UNCHANGED = "4 3 P 0"  # what the base earns for each exercise; P is what the wrong log_softmax earns
NUMBERS = itertools.count()
PLACE = "the place to be filled"
# As wrong as the base's, but it does not need the notebook's own `softmax`.
ALONE = """def log_softmax(scores):
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.log(exponentials / exponentials.sum(axis=-1, keepdims=True))"""


@dataclass(frozen=True)
class Case:
    """A file: what it earns for each exercise, or a part of the message with which it is refused."""

    name: str
    make: Callable[[dict], dict | bytes]
    points: str = ""
    reason: str = ""


CASES: dict[str, Case] = {}


def case(*, points: str = "", reason: str = "") -> Callable[[Callable], Callable]:
    """Register a case under the name of its function, with the one of the two that is expected."""
    if bool(points) == bool(reason):
        raise ValueError("a file is either graded or refused")

    def register(make: Callable[[dict], dict | bytes]) -> Callable[[dict], dict | bytes]:
        CASES[make.__name__] = Case(make.__name__, make, points, reason)
        return make

    return register


def code(source: Any, **metadata: Any) -> dict:
    """A new code cell."""
    return {"cell_type": "code", "execution_count": None, "id": f"scratch-{next(NUMBERS)}", "metadata": metadata,
            "outputs": [], "source": source}


def with_id(notebook: dict, grade_id: str) -> dict:
    """The cell that has this grade_id."""
    return next(cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def answer(notebook: dict, name: str) -> dict:
    """The answer cell of an exercise."""
    return with_id(notebook, f"{name}-answer")


def check(notebook: dict, name: str) -> dict:
    """The check cell of an exercise."""
    return with_id(notebook, f"{name}-check")


def checks(notebook: dict) -> Iterator[dict]:
    """All check cells."""
    return (check(notebook, name) for name in NAMES)


def text(cell: dict) -> str:
    """A cell's source in one piece."""
    return "".join(cell["source"])


def scratch(notebook: dict, *cells: Any) -> dict:
    """Put cells below the set-up, above all answers."""
    position = notebook["cells"].index(answer(notebook, NAMES[0]))
    notebook["cells"][position:position] = cells
    return notebook


def written(notebook: Any) -> bytes:
    """A notebook as the bytes of its file."""
    return json.dumps(notebook, indent=1, ensure_ascii=False).encode()


def filled(notebook: dict, value: str) -> bytes:
    """The bytes of a notebook's file with a text, as it stands in JSON, in the place kept for it."""
    return written(notebook).replace(json.dumps(PLACE).encode(), value.encode())


def every(notebook: dict, change: dict) -> dict:
    """Update the metadata of all cells."""
    for cell in notebook["cells"]:
        cell["metadata"] |= change
    return notebook


# Check cells.


@case(points=UNCHANGED)
def unchanged(notebook: dict) -> dict:
    """The base as it is."""
    return notebook


@case(points=UNCHANGED)
def checks_that_raise(notebook: dict) -> dict:
    """The check cells raise."""
    for cell, source in zip(checks(notebook), ("raise Exception", "assert False", "1 / 0", "raise SystemExit")):
        cell["source"] = source
    return notebook


@case(points=UNCHANGED)
def checks_that_end_the_process(notebook: dict) -> dict:
    """The check cells end the process."""
    for cell in checks(notebook):
        cell["source"] = "import os\nos._exit(0)"
    return notebook


@case(points=UNCHANGED)
def check_replaced(notebook: dict) -> dict:
    """The function `check` is replaced by one that gives full marks, in the notebook and in the course."""
    scratch(notebook, code("import selfattention\n\nclass Full:\n    earned = points = 1000\n    status = 'passed'\n\n"
                           "def check(key):\n    return Full()\n\nselfattention.check = check"))
    for cell in checks(notebook):
        cell["source"] = text(cell).replace("from selfattention import check, hint", "")
    return notebook


@case(points=UNCHANGED)
def checks_deleted(notebook: dict) -> dict:
    """There are no check cells."""
    gone = list(checks(notebook))
    notebook["cells"] = [cell for cell in notebook["cells"] if cell not in gone]
    return notebook


@case(points=UNCHANGED)
def checks_blank(notebook: dict) -> dict:
    """The check cells are empty."""
    for cell in checks(notebook):
        cell["source"] = ""
    return notebook


@case(points=UNCHANGED)
def checks_reordered(notebook: dict) -> dict:
    """The check cells stand above everything else, the last one first."""
    for cell in list(checks(notebook)):
        notebook["cells"].remove(cell)
        notebook["cells"].insert(0, cell)
    return notebook


@case(points=UNCHANGED)
def checks_duplicated(notebook: dict) -> dict:
    """Each check cell is there three times."""
    for cell in list(checks(notebook)):
        place = notebook["cells"].index(cell)
        notebook["cells"][place:place] = [{**cell, "id": f"copy-{next(NUMBERS)}"} for _ in range(2)]
    return notebook


@case(points=UNCHANGED)
def checks_as_text(notebook: dict) -> dict:
    """The check cells are text cells."""
    for cell in checks(notebook):
        cell["cell_type"] = "markdown"
        del cell["outputs"], cell["execution_count"]
    return notebook


@case(points=UNCHANGED)
def check_of_the_right_for_the_wrong(notebook: dict) -> dict:
    """The check cells of the wrong and the untouched answer check a right one."""
    for name in NAMES[2:]:
        check(notebook, name)["source"] = 'check("02.softmax")'
    return notebook


@case(points="4 3 P 0")
def answers_in_check_cells(notebook: dict) -> dict:
    """The right answers stand in the check cells."""
    for name in NAMES[:2]:
        check(notebook, name)["source"] = text(answer(notebook, name))
        answer(notebook, name)["source"] = ""
    return notebook


# Metadata that was changed.


@case(points=UNCHANGED)
def metadata_deleted(notebook: dict) -> dict:
    """All metadata is empty."""
    notebook["metadata"] = {}
    for cell in notebook["cells"]:
        cell["metadata"] = {}
    return notebook


@case(points=UNCHANGED)
def grade_ids_swapped(notebook: dict) -> dict:
    """Two exercises have each other's grade_ids."""
    for kind in (answer, check):
        one, other = kind(notebook, "softmax"), kind(notebook, "softmax_jacobian")
        one["metadata"], other["metadata"] = other["metadata"], one["metadata"]
    return notebook


@case(points=UNCHANGED)
def grade_ids_duplicated(notebook: dict) -> dict:
    """All answer cells have the first one's grade_id, and all check cells, too."""
    for kind in (answer, check):
        for cell in [kind(notebook, name) for name in NAMES]:
            cell["metadata"]["nbgrader"]["grade_id"] = f"softmax-{kind.__name__}"
    return notebook


@case(points=UNCHANGED)
def grade_ids_of_no_exercise(notebook: dict) -> dict:
    """The grade_ids name exercises that do not exist, and paths."""
    wanted = ("../../x-answer", "-answer", "nothing-answer", "softmax-answer-answer")
    for cell, grade_id in zip([answer(notebook, name) for name in NAMES], wanted):
        cell["metadata"]["nbgrader"]["grade_id"] = grade_id
    return notebook


@case(points=UNCHANGED)
def thousand_points(notebook: dict) -> dict:
    """Each check cell says that it is worth a thousand points, and an answer that it has earned them."""
    for cell in checks(notebook):
        cell["metadata"]["nbgrader"] |= {"points": 1000, "score": 1000, "earned": 1000}
    answer(notebook, "log_softmax")["metadata"]["nbgrader"] |= {"grade": True, "points": 1000, "earned": 1000}
    return notebook


@case(points=UNCHANGED)
def negative_points(notebook: dict) -> dict:
    """The check cells' points are negative, text, and missing."""
    for cell, points in zip(checks(notebook), (-4, "4", None, [4])):
        cell["metadata"]["nbgrader"]["points"] = points
    return notebook


@case(points=UNCHANGED)
def grade_id_a_list(notebook: dict) -> dict:
    """All grade_ids are lists."""
    return every(notebook, {"nbgrader": {"grade_id": ["softmax-answer"]}})


@case(points=UNCHANGED)
def grade_id_a_number(notebook: dict) -> dict:
    """All grade_ids are numbers."""
    return every(notebook, {"nbgrader": {"grade_id": 7}})


@case(points=UNCHANGED)
def grade_id_none(notebook: dict) -> dict:
    """All grade_ids are null."""
    return every(notebook, {"nbgrader": {"grade_id": None}})


@case(points=UNCHANGED)
def grade_id_a_dict(notebook: dict) -> dict:
    """All grade_ids are dicts."""
    return every(notebook, {"nbgrader": {"grade_id": {"removesuffix": "softmax"}}})


@case(points=UNCHANGED)
def grade_id_of_a_megabyte(notebook: dict) -> dict:
    """All grade_ids are a megabyte long."""
    return every(notebook, {"nbgrader": {"grade_id": "x" * 2**20 + "-answer"}})


@case(points=UNCHANGED)
def nbgrader_a_string(notebook: dict) -> dict:
    """nbgrader's part of all cells' metadata is a text."""
    return every(notebook, {"nbgrader": "softmax-answer"})


@case(points=UNCHANGED)
def nbgrader_none(notebook: dict) -> dict:
    """nbgrader's part of all cells' metadata is null."""
    return every(notebook, {"nbgrader": None})


@case(points=UNCHANGED)
def nbgrader_a_list(notebook: dict) -> dict:
    """nbgrader's part of all cells' metadata is a list."""
    return every(notebook, {"nbgrader": [{"grade_id": "softmax-answer"}]})


@case(points=UNCHANGED)
def tags_a_number(notebook: dict) -> dict:
    """The tags of all cells are a number."""
    return every(notebook, {"tags": 3})


@case(points=UNCHANGED)
def kernel_of_another_language(notebook: dict) -> dict:
    """The kernel is one for R."""
    notebook["metadata"] |= {"kernelspec": {"display_name": "R", "language": "R", "name": "ir"},
                             "language_info": {"name": "R", "version": "4.3.1", "file_extension": ".r"}}
    return notebook


@case(points=UNCHANGED)
def kernel_a_list(notebook: dict) -> dict:
    """The kernel is a list, and the language is null."""
    notebook["metadata"] |= {"kernelspec": ["python3"], "language_info": None}
    return notebook


@case(points=UNCHANGED)
def another_chapter(notebook: dict) -> dict:
    """The metadata names another chapter than the file does."""
    notebook["metadata"]["selfattention"] = {"chapter": "03_scaled_dot_product_attention", "kind": "exercises"}
    return notebook


@case(points=UNCHANGED)
def chapter_that_does_not_exist(notebook: dict) -> dict:
    """The metadata names a chapter that there is not."""
    notebook["metadata"]["selfattention"] = {"chapter": "77_magic"}
    return notebook


@case(points=UNCHANGED)
def chapter_a_path(notebook: dict) -> dict:
    """The metadata's chapter is a path out of the folder."""
    notebook["metadata"]["selfattention"] = {"chapter": "../../x"}
    return notebook


@case(points=UNCHANGED)
def chapter_a_list(notebook: dict) -> dict:
    """The metadata's chapter is a list."""
    notebook["metadata"]["selfattention"] = {"chapter": ["02_softmax"]}
    return notebook


@case(points=UNCHANGED)
def chapter_a_number(notebook: dict) -> dict:
    """The metadata's chapter is a number."""
    notebook["metadata"]["selfattention"] = {"chapter": 2}
    return notebook


@case(points=UNCHANGED)
def chapter_none(notebook: dict) -> dict:
    """The metadata's chapter is null."""
    notebook["metadata"]["selfattention"] = {"chapter": None}
    return notebook


@case(points=UNCHANGED)
def course_a_string(notebook: dict) -> dict:
    """The course's part of the metadata is a text."""
    notebook["metadata"]["selfattention"] = "02_softmax"
    return notebook


@case(points=UNCHANGED)
def course_none(notebook: dict) -> dict:
    """The course's part of the metadata is null."""
    notebook["metadata"]["selfattention"] = None
    return notebook


@case(points=UNCHANGED)
def not_a_number(notebook: dict) -> dict:
    """The metadata holds NaN and Infinity, which JSON does not have but Python writes."""
    notebook["metadata"]["x"] = [float("nan"), float("inf"), float("-inf")]
    check(notebook, "softmax")["metadata"]["nbgrader"]["points"] = float("nan")
    return every(notebook, {"width": float("inf")})


@case(points=UNCHANGED)
def integer_of_4300_digits(notebook: dict) -> bytes:
    """The metadata holds the longest integer that Python reads."""
    return filled(every(notebook, {"x": PLACE}), "9" * 4300)


@case(points=UNCHANGED)
def integer_of_a_million_digits(notebook: dict) -> bytes:
    """The metadata holds an integer of a million digits, which Python alone would refuse to read."""
    notebook["metadata"]["x"] = PLACE
    return filled(notebook, "9" * 10**6)


@case(points=UNCHANGED)
def float_of_a_million_digits(notebook: dict) -> bytes:
    """The metadata holds decimal fractions of a million digits, and ones out of all bounds."""
    notebook["metadata"]["x"] = PLACE
    return filled(notebook, f"[0.{'9' * 10**6}, 1e999999, -1e-999999]")


@case(points=UNCHANGED)
def keys_duplicated(notebook: dict) -> bytes:
    """Several keys stand twice in the file; of each the last counts, as in every reader of JSON."""
    return (b'{"nbformat": 3, "cells": [], "metadata": 3, ' + written(notebook).lstrip()[1:]).replace(
        b'"cell_type"', b'"source": "raise SystemExit",\n "cell_type"')


@case(points=UNCHANGED)
def dangerous_keys(notebook: dict) -> dict:
    """Keys have the names of what objects in Python and JavaScript have."""
    notebook["metadata"] |= {"__class__": "x", "__proto__": {"points": 1000}, "get": 1, "__init__": None, "": 0}
    for cell in notebook["cells"]:
        cell |= {"get": 3, "metadata": {**cell["metadata"], "get": 3, "items": 4, "__class__": 5}}
    return notebook


# Answers and outputs that were forged.


@case(points=UNCHANGED)
def stub_below_the_answer(notebook: dict) -> dict:
    """A second answer cell with the same grade_id holds the stub, below the right answer."""
    right = answer(notebook, "softmax")
    stub = code("def softmax(scores):\n    raise NotImplementedError", **right["metadata"])
    notebook["cells"].insert(notebook["cells"].index(right) + 1, stub)
    answer(notebook, "log_softmax")["source"] = ALONE
    return notebook


@case(points="4 3 0 0")
def stub_below_an_answer_that_another_uses(notebook: dict) -> dict:
    """The stub stands below the right answer, and the next answer but one calls it: what it finds is the stub."""
    right = answer(notebook, "softmax")
    notebook["cells"].insert(notebook["cells"].index(right) + 1, code("def softmax(s):\n    raise NotImplementedError"))
    return notebook


@case(points="0 3 P 0")
def answer_in_a_text_cell(notebook: dict) -> dict:
    """A right answer stands in a text cell, which does not run."""
    cell = answer(notebook, "softmax")
    cell["cell_type"] = "markdown"
    del cell["outputs"], cell["execution_count"]
    answer(notebook, "log_softmax")["source"] = ALONE
    return notebook


@case(points="0 3 P 0")
def answer_in_a_raw_cell(notebook: dict) -> dict:
    """A right answer stands in a raw cell, which does not run."""
    cell = answer(notebook, "softmax")
    cell["cell_type"] = "raw"
    del cell["outputs"], cell["execution_count"]
    answer(notebook, "log_softmax")["source"] = ALONE
    return notebook


@case(points=UNCHANGED)
def outputs_forged(notebook: dict) -> dict:
    """The stored outputs claim full marks."""
    for cell, points in zip(checks(notebook), (4, 3, 4, 4)):
        told = f"✓ {cell['metadata']['nbgrader']['grade_id']} passed {points} / {points} points"
        report = {"status": "passed", "earned": points, "points": points}
        cell["execution_count"] = 1
        cell["outputs"] = [
            {"output_type": "execute_result", "execution_count": 1, "metadata": report,
             "data": {"text/plain": told, "text/html": f"<b>{told}</b>", "application/json": report}},
            {"output_type": "stream", "name": "stdout", "text": told}]
    return notebook


@case(points=UNCHANGED)
def outputs_of_a_wrong_type(notebook: dict) -> dict:
    """The stored outputs are numbers, texts and null."""
    for cell, outputs in zip(checks(notebook), (7, "all passed", None, [3, None, "passed"])):
        cell["outputs"] = outputs
    return notebook


@case(points=UNCHANGED)
def no_outputs(notebook: dict) -> dict:
    """The code cells have no outputs and no counts, not even empty ones."""
    for cell in notebook["cells"]:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)
    return notebook


# Characters.


@case(points=UNCHANGED)
def lone_surrogate_in_a_source(notebook: dict) -> dict:
    """A scratch cell holds half a character."""
    return scratch(notebook, code("text = '\ud83d'"), code("# \udfff\udfff \ud800"))


@case(points=UNCHANGED)
def lone_surrogate_in_an_answer(notebook: dict) -> dict:
    """An answer cell holds half a character in a comment, which does no harm."""
    cell = answer(notebook, "softmax")
    cell["source"] = "# \ud83d\n" + text(cell)
    return notebook


@case(points=UNCHANGED)
def lone_surrogate_in_metadata(notebook: dict) -> dict:
    """The metadata, the ids and the outputs hold half a character."""
    notebook["metadata"] |= {"\ud800": "\udfff", "selfattention": {"chapter": "\ud83d"}}
    for cell in notebook["cells"]:
        cell["id"] += "\ud83d"
    answer(notebook, "softmax")["metadata"]["nbgrader"]["grade_id"] = "\ud83d-answer"
    check(notebook, "softmax")["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "\ud83d"}]
    return notebook


@case(points=UNCHANGED)
def null_character_in_a_source(notebook: dict) -> dict:
    """A scratch cell holds a null character, which no Python source may hold."""
    return scratch(notebook, code("x = '\0'"), code("\0" * 1000))


@case(points=UNCHANGED)
def control_characters(notebook: dict) -> dict:
    """A scratch cell holds all control characters, and ones that turn the direction of text around."""
    control = "".join(map(chr, range(1, 32))) + "\x7f\x85\u2028\u2029\u202e\u2066\ufeff\uffff"
    return scratch(notebook, code(f"# {control}"), code("\x1b[2J\x1b]0;title\x07"))


@case(reason="not JSON")
def null_bytes(notebook: dict) -> bytes:
    """The file has its length, but only null bytes, as after a crash of the disk."""
    return b"\0" * len(written(notebook))


@case(reason="not JSON")
def null_bytes_inside(notebook: dict) -> bytes:
    """Raw null bytes stand in the middle of a notebook."""
    return written(notebook).replace(b"softmax", b"soft\0max", 3)


@case(points=UNCHANGED)
def invalid_utf8(notebook: dict) -> bytes:
    """Bytes stand in the middle of a notebook that are no UTF-8."""
    return written(notebook).replace(b"Scores become weights", b"Scores \xff\xfe\xc3( become weights")


@case(points=UNCHANGED)
def latin_1(notebook: dict) -> bytes:
    """The file was saved in an old encoding, with letters that differ in it."""
    notebook["cells"][0]["source"] = "Gewichte für jede Zeile"
    return json.dumps(notebook, ensure_ascii=False).encode("latin-1", "replace")


@case(points=UNCHANGED)
def utf_16(notebook: dict) -> bytes:
    """The file was saved in UTF-16, with a byte order mark."""
    return written(notebook).decode().encode("utf-16")


@case(points=UNCHANGED)
def byte_order_mark(notebook: dict) -> bytes:
    """The file was saved in UTF-8 with a byte order mark in front, which Jupyter does not open either."""
    return b"\xef\xbb\xbf" + written(notebook)


@case(points=UNCHANGED)
def windows_line_ends(notebook: dict) -> bytes:
    """The lines of the file itself end as on Windows, and blanks stand around it."""
    return b"\r\n \t" + written(notebook).replace(b"\n", b"\r\n") + b"\r\n\r\n"


# No notebooks at all.


@case(reason="is empty")
def empty_file(notebook: dict) -> bytes:
    """The file is empty."""
    return b""


@case(reason="not JSON")
def blank_file(notebook: dict) -> bytes:
    """The file holds line ends only."""
    return b"\n \n"


@case(reason="MB")
def hundred_megabytes_of_spaces(notebook: dict) -> bytes:
    """The file is 100 MB of spaces."""
    return b" " * (100 * 2**20)


@case(points=UNCHANGED)
def hundred_megabytes_of_output(notebook: dict) -> bytes:
    """A notebook has an output of 100 MB."""
    check(notebook, "softmax")["outputs"] = [{"name": "stdout", "output_type": "stream", "text": PLACE}]
    return filled(notebook, '"' + "x" * (100 * 2**20) + '"')


@case(points=UNCHANGED)
def latin_1_in_one_letter(notebook: dict) -> bytes:
    """One letter of a file in UTF-8 was written by an old editor."""
    notebook["cells"][0]["source"] = "Gewichte f\x00r jede Zeile, größer als 0"
    return written(notebook).replace(b"\\u0000", b"\xfc")


@case(points=UNCHANGED)
def utf_16_without_a_mark(notebook: dict) -> bytes:
    """The file was saved in UTF-16, without a byte order mark."""
    return written(notebook).decode().encode("utf-16-le")


@case(points=UNCHANGED)
def half_a_character_in_a_comment(notebook: dict) -> bytes:
    """A cell holds half a pair of surrogates."""
    return filled(scratch(notebook, code(PLACE)), '"x = 1  # \\ud83d"')


@case(points=UNCHANGED)
def forty_megabytes_of_plots(notebook: dict) -> dict:
    """Forty plots of a megabyte, a pasted image, and the state of widgets."""
    check(notebook, "softmax")["outputs"] = [{"data": {"image/png": "A" * 2**20}, "output_type": "display_data"}] * 40
    notebook["cells"][0]["attachments"] = {"image.png": {"image/png": "B" * 2**20}}
    notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {"x": "C" * 2**20}}}
    return notebook


@case(points=UNCHANGED)
def outputs_named_in_a_cell(notebook: dict) -> dict:
    """A cell's text holds what looks like a notebook's outputs."""
    return scratch(notebook, code('text = \'"outputs": [{"source": "x"}], "attachments": {\'\nassert len(text) > 40'))


@case(points=UNCHANGED)
def outputs_that_are_not_a_number(notebook: dict) -> bytes:
    """An output holds NaN, as Jupyter writes it."""
    check(notebook, "softmax")["outputs"] = [{"data": {"application/json": [PLACE]}, "output_type": "display_data"}]
    return filled(notebook, "NaN, Infinity")


@case(reason="MB")
def thirty_megabytes_of_code(notebook: dict) -> dict:
    """A cell holds 30 MB."""
    return scratch(notebook, code("#" * 30 * 2**20))


@case(reason="not JSON")
def not_json(notebook: dict) -> bytes:
    """The file is a Python program."""
    return b"def softmax(scores):\n    return scores\n"


@case(reason="not JSON")
def cut_off(notebook: dict) -> bytes:
    """The file was not written to its end."""
    whole = written(notebook)
    return whole[:len(whole) * 2 // 3]


@case(reason="not JSON")
def two_notebooks(notebook: dict) -> bytes:
    """The file holds a notebook twice."""
    return written(notebook) * 2


@case(reason="not JSON")
def merge_conflict(notebook: dict) -> bytes:
    """The file holds the marks of a conflict that git left."""
    return written(notebook).replace(b' "metadata": {', b'<<<<<<< HEAD\n=======\n>>>>>>> main\n "metadata": {', 1)


@case(reason="not JSON")
def web_page(notebook: dict) -> bytes:
    """The file is a web page that shows a notebook."""
    return b"<!DOCTYPE html>\n<html><body>" + written(notebook) + b"</body></html>"


@case(reason="not JSON")
def compressed(notebook: dict) -> bytes:
    """The file is a zip archive."""
    return b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + bytes(range(256)) * 40


@case(reason="not JSON")
def large_file_pointer(notebook: dict) -> bytes:
    """The file is what git keeps in place of a large one."""
    return b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"


@case(reason="not JSON")
def python_literal(notebook: dict) -> bytes:
    """The file is a notebook as Python prints a dict."""
    return repr(notebook).encode()


@case(reason="without cells")
def list_at_top(notebook: dict) -> bytes:
    """The file is a list of notebooks."""
    return written([notebook])


@case(reason="without cells")
def text_at_top(notebook: dict) -> bytes:
    """The file is a notebook as JSON in JSON."""
    return written(written(notebook).decode())


@case(reason="without cells")
def null_at_top(notebook: dict) -> bytes:
    """The file is null."""
    return b"null"


@case(reason="without cells")
def another_object(notebook: dict) -> bytes:
    """The file is JSON of another kind."""
    return b'{"points": {"softmax": 4}}'


@case(reason="not JSON")
def nested_100000_deep(notebook: dict) -> bytes:
    """The metadata is nested a hundred thousand deep."""
    notebook["metadata"]["x"] = PLACE
    return filled(notebook, "[" * 100_000 + "]" * 100_000)


@case(reason="not JSON")
def dicts_100000_deep(notebook: dict) -> bytes:
    """A cell's metadata is nested a hundred thousand deep, in dicts."""
    answer(notebook, "softmax")["metadata"]["x"] = PLACE
    return filled(notebook, '{"x":' * 100_000 + "0" + "}" * 100_000)


@case(reason="notebook")
def nested_3000_deep(notebook: dict) -> bytes:
    """The metadata is nested three thousand deep: one version of Python cannot read it, another not write it."""
    return filled(every(notebook, {"x": PLACE}), '{"x":' * 3000 + "[1]" + "}" * 3000)


@case(points=UNCHANGED)
def nested_100_deep(notebook: dict) -> bytes:
    """The metadata is nested a hundred deep, which is harmless."""
    return filled(every(notebook, {"x": PLACE}), '{"x":' * 100 + "[1]" + "}" * 100)


# The notebook's own fields.


@case(reason="without cells")
def cells_a_dict(notebook: dict) -> dict:
    """The cells are a dict."""
    notebook["cells"] = {str(number): cell for number, cell in enumerate(notebook["cells"])}
    return notebook


@case(reason="without cells")
def cells_none(notebook: dict) -> dict:
    """The cells are null."""
    notebook["cells"] = None
    return notebook


@case(reason="without cells")
def cells_missing(notebook: dict) -> dict:
    """There are no cells."""
    del notebook["cells"]
    return notebook


@case(points="0 0 0 0")
def cells_empty(notebook: dict) -> dict:
    """The list of cells is empty."""
    notebook["cells"] = []
    return notebook


@case(reason="damaged")
def cells_of_format_4_in_worksheets(notebook: dict) -> dict:
    """The cells are in worksheets, though the format is 4."""
    notebook["worksheets"] = [{"cells": notebook.pop("cells")}]
    return notebook


@case(points=UNCHANGED)
def worksheets_too(notebook: dict) -> dict:
    """There are worksheets beside the cells, with other answers, which format 4 does not read."""
    notebook["worksheets"] = [{"cells": [{"cell_type": "code", "input": "softmax = None"}]}]
    return notebook


@case(reason="format 99")
def format_99(notebook: dict) -> dict:
    """The format is 99."""
    notebook["nbformat"] = 99
    return notebook


@case(reason="format 5")
def format_5(notebook: dict) -> dict:
    """The format is the next one, which does not exist yet."""
    notebook["nbformat"] = 5
    return notebook


@case(reason="notebook format")
def format_0(notebook: dict) -> dict:
    """The format is 0."""
    notebook["nbformat"] = 0
    return notebook


@case(reason="notebook format")
def format_negative(notebook: dict) -> dict:
    """The format is negative."""
    notebook["nbformat"] = -4
    return notebook


@case(reason="damaged")
def format_1(notebook: dict) -> dict:
    """The format is said to be 1, but the cells are those of format 4."""
    notebook["nbformat"] = 1
    return notebook


@case(reason="damaged")
def format_3_with_cells(notebook: dict) -> dict:
    """The format is said to be 3, but the cells are those of format 4."""
    notebook["nbformat"] = 3
    return notebook


@case(reason="format")
def format_a_string(notebook: dict) -> dict:
    """The format is a text."""
    notebook["nbformat"] = "4"
    return notebook


@case(reason="format 4.5")
def format_a_fraction(notebook: dict) -> dict:
    """The format is 4.5 in one number."""
    notebook["nbformat"] = 4.5
    return notebook


@case(reason="notebook format")
def format_true(notebook: dict) -> dict:
    """The format is true."""
    notebook["nbformat"] = True
    return notebook


@case(reason="format")
def format_of_4000_digits(notebook: dict) -> bytes:
    """The format is a number of 4,000 digits; the message should not repeat all of them."""
    notebook["nbformat"] = PLACE
    return filled(notebook, "4" * 4000)


@case(reason="format None")
def format_missing(notebook: dict) -> dict:
    """The format is not told."""
    del notebook["nbformat"]
    return notebook


@case(points=UNCHANGED)
def minor_format_missing(notebook: dict) -> dict:
    """The minor format is not told."""
    del notebook["nbformat_minor"]
    return notebook


@case(points=UNCHANGED)
def minor_format_999(notebook: dict) -> dict:
    """The minor format is 999."""
    notebook["nbformat_minor"] = 999
    return notebook


@case(points=UNCHANGED)
def minor_format_a_string(notebook: dict) -> dict:
    """The minor format is a text."""
    notebook["nbformat_minor"] = "5"
    return notebook


@case(points=UNCHANGED)
def minor_format_none(notebook: dict) -> dict:
    """The minor format is null."""
    notebook["nbformat_minor"] = None
    return notebook


@case(points=UNCHANGED)
def metadata_missing(notebook: dict) -> dict:
    """There is no metadata."""
    del notebook["metadata"]
    return notebook


@case(points=UNCHANGED)
def metadata_none(notebook: dict) -> dict:
    """The notebook's metadata is null."""
    notebook["metadata"] = None
    return notebook


@case(points=UNCHANGED)
def metadata_a_list(notebook: dict) -> dict:
    """The notebook's metadata is a list."""
    notebook["metadata"] = [notebook["metadata"]]
    return notebook


@case(points=UNCHANGED)
def unknown_fields(notebook: dict) -> dict:
    """The notebook and its cells have fields that the format does not know."""
    notebook |= {"author": "somebody", "points": 1000, "signature": "0" * 64}
    for cell in notebook["cells"]:
        cell |= {"points": 1000, "status": "passed"}
    return notebook


# The cells' fields. What Jupyter would not open either is refused as damaged.


@case(reason="damaged")
def cell_none(notebook: dict) -> dict:
    """A cell is null."""
    return scratch(notebook, None)


@case(reason="damaged")
def cell_a_number(notebook: dict) -> dict:
    """A cell is a number."""
    return scratch(notebook, 3)


@case(reason="damaged")
def cell_a_string(notebook: dict) -> dict:
    """A cell is its source."""
    return scratch(notebook, "x = 1")


@case(reason="damaged")
def cell_a_list(notebook: dict) -> dict:
    """A cell is a list."""
    return scratch(notebook, [code("x = 1")])


@case(reason="damaged")
def cell_empty(notebook: dict) -> dict:
    """A cell is an empty dict."""
    return scratch(notebook, {})


@case(reason="damaged")
def cell_type_missing(notebook: dict) -> dict:
    """A cell has no type."""
    cell = code("x = 1")
    del cell["cell_type"]
    return scratch(notebook, cell)


@case(points=UNCHANGED)
def cell_type_unknown(notebook: dict) -> dict:
    """A cell has a type that the format does not know; it is not run."""
    return scratch(notebook, code("raise SystemExit") | {"cell_type": "heading", "level": 1})


@case(points=UNCHANGED)
def cell_type_a_number(notebook: dict) -> dict:
    """A cell's type is a number."""
    return scratch(notebook, code("raise SystemExit") | {"cell_type": 7})


@case(points=UNCHANGED)
def cell_metadata_missing(notebook: dict) -> dict:
    """The cells have no metadata."""
    for cell in notebook["cells"]:
        del cell["metadata"]
    return notebook


@case(points=UNCHANGED)
def cell_metadata_none(notebook: dict) -> dict:
    """The cells' metadata is null."""
    for cell in notebook["cells"]:
        cell["metadata"] = None
    return notebook


@case(points=UNCHANGED)
def cell_metadata_a_list(notebook: dict) -> dict:
    """The cells' metadata is a list."""
    for cell in notebook["cells"]:
        cell["metadata"] = [cell["metadata"]]
    return notebook


@case(points=UNCHANGED)
def ids_of_a_wrong_type(notebook: dict) -> dict:
    """The ids are numbers, null, true, and empty."""
    for cell, wrong in zip(notebook["cells"], itertools.cycle([7, None, "", True, 0.5])):
        cell["id"] = wrong
    return notebook


@case(points=UNCHANGED)
def ids_that_are_lists(notebook: dict) -> dict:
    """The ids are lists and dicts."""
    for cell, wrong in zip(notebook["cells"], itertools.cycle([["x"], {}])):
        cell["id"] = wrong
    return notebook


@case(points=UNCHANGED)
def counts_of_a_wrong_type(notebook: dict) -> dict:
    """The execution counts are texts, negative and fractions."""
    for cell, wrong in zip(notebook["cells"], itertools.cycle(["In [3]", -1, 0.5, [], True])):
        cell["execution_count"] = wrong
    return notebook


@case(points=UNCHANGED)
def attachments_of_a_wrong_type(notebook: dict) -> dict:
    """The attachments of all cells are a text."""
    for cell in notebook["cells"]:
        cell["attachments"] = "image.png"
    return notebook


@case(reason="damaged")
def source_missing(notebook: dict) -> dict:
    """A cell has no source."""
    cell = code("x = 1")
    del cell["source"]
    return scratch(notebook, cell)


@case(reason="damaged")
def source_a_number(notebook: dict) -> dict:
    """A source is a number."""
    return scratch(notebook, code(3))


@case(reason="damaged")
def source_none(notebook: dict) -> dict:
    """A source is null."""
    return scratch(notebook, code(None))


@case(reason="damaged")
def source_a_dict(notebook: dict) -> dict:
    """A source is a dict."""
    return scratch(notebook, code({"text": "x = 1"}))


@case(reason="damaged")
def source_a_list_of_numbers(notebook: dict) -> dict:
    """A source is a list of numbers."""
    return scratch(notebook, code([1, 2]))


@case(reason="damaged")
def source_a_list_of_lists(notebook: dict) -> dict:
    """A source is a list of lists of lines."""
    return scratch(notebook, code([["x = 1\n"], ["y = 2"]]))


@case(points=UNCHANGED)
def source_an_empty_list(notebook: dict) -> dict:
    """A source is an empty list, which is an empty cell."""
    return scratch(notebook, code([]))


@case(points=UNCHANGED)
def source_in_single_characters(notebook: dict) -> dict:
    """Each source is a list of its characters."""
    for cell in notebook["cells"]:
        cell["source"] = list(text(cell))
    return notebook


# Sizes.


@case(reason="MB")
def a_million_empty_cells(notebook: dict) -> bytes:
    """There are a million empty cells."""
    cell = json.dumps({"cell_type": "code", "metadata": {}, "source": ""})
    return filled(scratch(notebook, PLACE), ",".join([cell] * 10**6))


@case(reason="cells")
def a_million_empty_dicts(notebook: dict) -> bytes:
    """There are a million cells that are empty dicts: three megabytes."""
    return filled(scratch(notebook, PLACE), ",".join(["{}"] * 10**6))


@case(reason="cells")
def a_hundred_thousand_empty_cells(notebook: dict) -> bytes:
    """There are a hundred thousand empty cells: seven megabytes."""
    cell = json.dumps({"cell_type": "code", "metadata": {}, "outputs": [], "source": ""})
    return filled(scratch(notebook, PLACE), ",".join([cell] * 10**5))


@case(points=UNCHANGED)
def a_thousand_empty_cells(notebook: dict) -> dict:
    """There are a thousand empty cells, which is within bounds."""
    return scratch(notebook, *(code("") for _ in range(1000)))


@case(points=UNCHANGED)
def a_million_outputs(notebook: dict) -> bytes:
    """A cell has a million outputs that are empty lists, and another as many tags."""
    check(notebook, "softmax")["outputs"] = PLACE
    check(notebook, "log_softmax")["metadata"]["tags"] = PLACE
    return filled(notebook, "[" + ",".join(["[]"] * 10**6) + "]")


@case(points=UNCHANGED)
def many_outputs(notebook: dict) -> bytes:
    """A cell has 300,000 outputs of the right form, with nothing in them: sixteen megabytes."""
    check(notebook, "softmax")["outputs"] = PLACE
    output = json.dumps({"name": "stdout", "output_type": "stream", "text": ""})
    return filled(notebook, f"[{','.join([output] * 300_000)}]")


@case(points=UNCHANGED)
def many_wrong_outputs(notebook: dict) -> dict:
    """A cell has 20,000 outputs of an unknown type, each of which a validator may complain about at length."""
    check(notebook, "softmax")["outputs"] = [{"output_type": str(number)} for number in range(20_000)]
    return notebook


@case(points=UNCHANGED)
def many_tags(notebook: dict) -> dict:
    """A cell has 3,000 tags of several types, which a validator may compare each with each."""
    check(notebook, "softmax")["metadata"]["tags"] = [str(n) if n % 2 else {"tag": n} for n in range(3000)]
    return notebook


@case(points=UNCHANGED)
def many_cells_with_one_id(notebook: dict) -> dict:
    """There are 4,900 empty cells, all with the same id."""
    return scratch(notebook, *(code("") | {"id": "cell"} for _ in range(4900)))


@case(points=UNCHANGED)
def a_million_keys(notebook: dict) -> bytes:
    """The metadata has a million keys."""
    notebook["metadata"]["x"] = PLACE
    return filled(notebook, "{" + ",".join(f'"{number}":0' for number in range(10**6)) + "}")


@case(points=UNCHANGED)
def source_of_15_megabytes(notebook: dict) -> dict:
    """A scratch cell has a source of 15 MB."""
    return scratch(notebook, code("# " + "x" * (15 * 2**20)))


@case(points="0 3 P 0")
def answer_of_15_megabytes(notebook: dict) -> dict:
    """An answer cell has a source of 15 MB, which is not run."""
    answer(notebook, "softmax")["source"] = text(answer(notebook, "softmax")) + "\n# " + "x" * (15 * 2**20)
    answer(notebook, "log_softmax")["source"] = ALONE
    return notebook


@case(points=UNCHANGED)
def source_of_two_million_lines(notebook: dict) -> dict:
    """A scratch cell's source is a list of two million empty lines."""
    return scratch(notebook, code(["\n"] * (2 * 10**6)))


@case(points=UNCHANGED)
def source_that_is_hard_to_compile(notebook: dict) -> dict:
    """Scratch cells are nested deeper, and compute more, than a compiler bears."""
    return scratch(notebook, code("(" * 10**5), code("x = " + "-" * 10**5 + "1"), code("[" * 150 + "]" * 150),
                   code("x = 1" + "+1" * 10**5), code("\n".join(" " * depth + "if 1:" for depth in range(200))),
                   code("9" * 10**5), code("x.a" + ".a" * 10**5), code("%" * 10**5), code("!" * 1000), code("?" * 1000))
