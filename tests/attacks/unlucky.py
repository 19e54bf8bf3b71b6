"""Honest notebooks that were unlucky: each answers all four exercises of 02 rightly, and must earn all 15 points.

Each function takes the solution notebook of 02 as a plain dict, its own copy, and returns it changed. None leaves a
file behind in the current folder.
"""

import itertools
import json
from collections.abc import Callable

CASES: dict[str, Callable[[dict], dict]] = {}
# These wait for a cell's whole time limit, so tests had better give cells a short one.
SLOW = {"endless_loop_last", "endless_loop_that_swallows_everything", "endless_wait_outside_python",
        "endless_loop_above_a_helper"}
NAMES = ("softmax", "softmax_with_temperature", "log_softmax", "softmax_jacobian")
NUMBERS = itertools.count()

WRONG = "def softmax(scores):\n    return scores / scores.sum()"
STUB = "def {name}(*inputs):\n    raise NotImplementedError"
WITH_HELPER = """def softmax(scores):
    exponentials = np.exp(shifted_down(scores))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)"""
HELPER = "def shifted_down(scores):\n    return scores - scores.max(axis=-1, keepdims=True)"
BY_SOFTMAX = "def softmax_with_temperature(scores, temperature):\n    return softmax(scores / temperature)"
ELSEWHERE = "import os, tempfile\nfolder = tempfile.TemporaryDirectory()\nos.chdir(folder.name)"


def unlucky(function: Callable[[dict], dict]) -> Callable[[dict], dict]:
    """Register a case under the name of its function."""
    CASES[function.__name__] = function
    return function


def code(source: str) -> dict:
    """A new code cell, as a learner adds one."""
    return {"cell_type": "code", "execution_count": None, "id": f"scratch-{next(NUMBERS)}", "metadata": {},
            "outputs": [], "source": source}


def index(notebook: dict, name: str) -> int:
    """Where the answer cell of an exercise stands."""
    for position, cell in enumerate(notebook["cells"]):
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == f"{name}-answer":
            return position
    raise KeyError(name)


def answer(notebook: dict, name: str) -> dict:
    """The answer cell of an exercise."""
    return notebook["cells"][index(notebook, name)]


def text(cell: dict) -> str:
    """A cell's source in one piece."""
    return "".join(cell["source"])


def rewrite(notebook: dict, name: str, source: str) -> dict:
    """Put another source into an answer cell."""
    answer(notebook, name)["source"] = source
    return notebook


def change(notebook: dict, name: str, old: str, new: str) -> dict:
    """Replace something that stands in an answer cell."""
    source = text(answer(notebook, name))
    if old not in source:
        raise ValueError(f"{old!r} does not stand in the answer to {name}")
    return rewrite(notebook, name, source.replace(old, new))


def preface(notebook: dict, name: str, lines: str) -> dict:
    """Put lines above the function in an answer cell."""
    return rewrite(notebook, name, f"{lines}\n{text(answer(notebook, name))}")


def returned(notebook: dict, name: str, form: str) -> dict:
    """Put what an answer returns into another form, in which `@` stands for it."""
    body, _, value = text(answer(notebook, name)).rpartition("return ")
    return rewrite(notebook, name, f"{body}return {form.replace('@', f'({value})')}")


def append(notebook: dict, name: str, lines: str) -> dict:
    """Put lines below the function in an answer cell."""
    return rewrite(notebook, name, f"{text(answer(notebook, name))}\n{lines}")


def insert(notebook: dict, position: int, *sources: str) -> dict:
    """Put new code cells at a position."""
    notebook["cells"][position:position] = map(code, sources)
    return notebook


def first(notebook: dict, *sources: str) -> dict:
    """Put new code cells below the set-up, above all answers."""
    return insert(notebook, index(notebook, NAMES[0]), *sources)


def between(notebook: dict, *sources: str) -> dict:
    """Put new code cells in the middle: two answers are above, two below."""
    return insert(notebook, index(notebook, "log_softmax"), *sources)


def last(notebook: dict, *sources: str) -> dict:
    """Put new code cells at the end."""
    return insert(notebook, len(notebook["cells"]), *sources)


def everywhere(notebook: dict, source: str) -> dict:
    """Put the same new code cell above all answers, in the middle, and at the end."""
    return last(between(first(notebook, source), source), source)


# Scratch cells that raise.


@unlucky
def raising_cell_first(notebook: dict) -> dict:
    """The first cell of all raises."""
    return insert(notebook, 0, "1 / 0")


@unlucky
def raising_cell_last(notebook: dict) -> dict:
    """The last cell raises."""
    return last(notebook, "softmax(np.array([1.0, 2.0]))[7]")


@unlucky
def raising_cells_in_between(notebook: dict) -> dict:
    """Scratch cells of every kind of trouble stand around every answer."""
    for name in NAMES:
        insert(notebook, index(notebook, name), "undefined_name + 1", "import no_such_package_at_all")
        insert(notebook, index(notebook, name) + 1, "assert False, 'why?'", "def unfinished(:\n    pass", "  x = 1")
    return notebook


@unlucky
def missing_file(notebook: dict) -> dict:
    """A scratch cell loads a file that lies on the learner's computer only."""
    return everywhere(notebook, "my_scores = np.load('/data/of/somebody/scores.npy')\nmy_scores.shape")


@unlucky
def unpaired_quotes(notebook: dict) -> dict:
    """A scratch cell has an open string, another an open bracket."""
    return everywhere(first(notebook, 'note = """to do'), "x = [1, 2")


@unlucky
def too_large_an_array(notebook: dict) -> dict:
    """A scratch cell asks for more memory than there is."""
    return everywhere(notebook, "np.zeros(10**15)")


@unlucky
def recursion_without_end(notebook: dict) -> dict:
    """A scratch cell calls itself without end."""
    return everywhere(notebook, "def again(n):\n    return again(n + 1)\n\nagain(0)")


# Names that are used twice.


@unlucky
def name_reused(notebook: dict) -> dict:
    """A scratch cell below the check keeps the result under the function's name."""
    return insert(notebook, index(notebook, "softmax") + 2, "x = np.array([1.0, 2.0])\nsoftmax = softmax(x)")


@unlucky
def name_reused_at_the_end(notebook: dict) -> dict:
    """The results of all four functions are kept under their names, and one answer used another."""
    rewrite(notebook, "softmax_with_temperature", BY_SOFTMAX)
    return last(notebook, "x = np.array([1.0, 2.0])\nlog_softmax = log_softmax(x)\n"
                "softmax_with_temperature = softmax_with_temperature(x, 2.0)\nsoftmax = softmax(x)\n"
                "softmax_jacobian = softmax_jacobian(softmax)")


@unlucky
def name_reused_in_the_same_cell(notebook: dict) -> dict:
    """A loop variable below the check has the function's name."""
    return between(notebook, "for softmax_with_temperature in (0.5, 1.0, 2.0):\n    print(softmax_with_temperature)")


@unlucky
def helper_overwritten(notebook: dict) -> dict:
    """A helper of an answer is defined anew, with another meaning, at the end."""
    insert(rewrite(notebook, "softmax", WITH_HELPER), index(notebook, "softmax"), HELPER)
    return last(notebook, "def shifted_down(scores):\n    return 0")


@unlucky
def helper_overwritten_by_a_result(notebook: dict) -> dict:
    """A helper's name holds an array as soon as the answer has been checked."""
    insert(rewrite(notebook, "softmax", WITH_HELPER), index(notebook, "softmax"), HELPER)
    return insert(notebook, index(notebook, "softmax") + 2, "shifted_down = shifted_down(np.ones((2, 2)))")


@unlucky
def helper_in_the_cell_below(notebook: dict) -> dict:
    """A helper is defined in the cell below the answer that uses it."""
    return insert(rewrite(notebook, "softmax", WITH_HELPER), index(notebook, "softmax") + 1, HELPER)


@unlucky
def helper_in_the_last_cell(notebook: dict) -> dict:
    """A helper is defined in the last cell, and is the helper of a helper."""
    rewrite(notebook, "softmax", WITH_HELPER)
    between(notebook, "def shifted_down(scores):\n    return scores - largest(scores)")
    return last(notebook, "def largest(scores):\n    return scores.max(axis=-1, keepdims=True)")


@unlucky
def constant_below_the_answer(notebook: dict) -> dict:
    """An answer uses a constant that is set in a cell further down."""
    change(notebook, "softmax", "axis=-1", "axis=KEY_AXIS")
    return last(notebook, "KEY_AXIS = -1")


@unlucky
def constant_set_anew_for_the_next_exercise(notebook: dict) -> dict:
    """Two answers use the same global name, each with its own value set above it."""
    change(notebook, "softmax", "axis=-1", "axis=KEY_AXIS")
    change(notebook, "log_softmax", "axis=-1", "axis=KEY_AXIS[0]")
    insert(notebook, index(notebook, "softmax"), "KEY_AXIS = -1")
    return insert(notebook, index(notebook, "log_softmax"), "KEY_AXIS = (-1, 'keys')")


@unlucky
def helper_class_below(notebook: dict) -> dict:
    """An answer uses a class that is defined in the last cell."""
    rewrite(notebook, "softmax", "def softmax(scores):\n    return Weights(scores).weights()")
    return last(notebook, """class Weights:
    def __init__(self, scores):
        self.exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))

    def weights(self):
        return self.exponentials / self.exponentials.sum(axis=-1, keepdims=True)""")


@unlucky
def method_mended_below(notebook: dict) -> dict:
    """An answer uses a class above it, whose wrong method is replaced in the last cell."""
    rewrite(notebook, "softmax", "def softmax(scores):\n    return Weights().of(scores)")
    first(notebook, "class Weights:\n    def of(self, scores):\n        return scores")
    return last(notebook, "def mended(self, scores):\n    e = np.exp(scores - scores.max(axis=-1, keepdims=True))\n"
                "    return e / e.sum(axis=-1, keepdims=True)\n\nWeights.of = mended")


@unlucky
def helper_of_a_class_below(notebook: dict) -> dict:
    """An answer uses a class above it, whose helper is defined in the last cell."""
    first(rewrite(notebook, "softmax", "def softmax(scores):\n    return Weights(scores).weights()"), """class Weights:
    def __init__(self, scores):
        self.exponentials = np.exp(shifted_down(scores))

    def weights(self):
        return self.exponentials / self.exponentials.sum(axis=-1, keepdims=True)""")
    return last(notebook, HELPER)


@unlucky
def settings_changed_below(notebook: dict) -> dict:
    """An answer looks into a global dict, in which the last cell puts right what was wrong."""
    change(notebook, "softmax", "axis=-1", "axis=settings['axis']")
    return last(first(notebook, "settings = {'axis': 0}"), "settings['axis'] = -1")


@unlucky
def answer_uses_a_later_exercise(notebook: dict) -> dict:
    """The first answer uses the function of the third exercise."""
    return rewrite(notebook, "softmax", "def softmax(scores):\n    return np.exp(log_softmax(scores))")


@unlucky
def answers_use_the_first_one(notebook: dict) -> dict:
    """An answer uses the first exercise's function, which a scratch cell in between has spoilt and mended again."""
    rewrite(notebook, "softmax_with_temperature", BY_SOFTMAX)
    insert(notebook, index(notebook, "softmax_with_temperature"), WRONG, text(answer(notebook, "softmax")))
    return notebook


@unlucky
def builtins_shadowed(notebook: dict) -> dict:
    """Scratch cells use the names of built-in functions for their results."""
    return everywhere(notebook, "list = [1, 2]\nsum = 3\nmax = 0.5\nid = 7\ntype = 'row'\nprint = None\nlen = 2\n"
                                "callable = dict = tuple = isinstance = hash = getattr = 1")


@unlucky
def modules_shadowed(notebook: dict) -> dict:
    """Variables have the names of modules, and of the course."""
    return everywhere(notebook, "selfattention = 'see lesson 02'\nsys = os = json = warnings = 'words'")


@unlucky
def star_imports(notebook: dict) -> dict:
    """Everything is imported from modules whose names cover built-in ones."""
    return everywhere(notebook, "from numpy import *\nfrom math import *\nfrom os import *")


@unlucky
def names_deleted_at_the_end(notebook: dict) -> dict:
    """The last cell tidies up."""
    first(notebook, "x = 1\ny = np.ones(3)")
    return last(notebook, "del x, y, np, Float")


@unlucky
def everything_reset_at_the_end(notebook: dict) -> dict:
    """The last cell forgets all names."""
    return last(notebook, "%reset -f")


# Several versions of an answer.


@unlucky
def answer_below_its_stub(notebook: dict) -> dict:
    """The answers are in new cells below, the stubs are left in the answer cells."""
    for name in NAMES:
        insert(notebook, index(notebook, name) + 1, text(answer(notebook, name)))
        rewrite(notebook, name, STUB.format(name=name))
    return notebook


@unlucky
def answer_above_its_stub(notebook: dict) -> dict:
    """The answers are in new cells above, the stubs are left in the answer cells and run after them."""
    for name in NAMES:
        insert(notebook, index(notebook, name), text(answer(notebook, name)))
        rewrite(notebook, name, STUB.format(name=name))
    return notebook


@unlucky
def answer_below_its_check(notebook: dict) -> dict:
    """The answers are in new cells below the checks, the answer cells are empty."""
    for name in NAMES:
        insert(notebook, index(notebook, name) + 2, text(answer(notebook, name)))
        rewrite(notebook, name, "")
    return notebook


@unlucky
def answer_twice(notebook: dict) -> dict:
    """The answer cells were copied and pasted, with their metadata."""
    for name in NAMES:
        copied = json.loads(json.dumps(answer(notebook, name)))
        copied["id"] = f"copy-{next(NUMBERS)}"
        notebook["cells"].insert(index(notebook, name) + 1, copied)
    return notebook


@unlucky
def older_version_above(notebook: dict) -> dict:
    """An older version, which is wrong, stands in a cell above."""
    return insert(notebook, index(notebook, "softmax"), WRONG)


@unlucky
def older_version_above_in_the_same_cell(notebook: dict) -> dict:
    """An older version, which is wrong, stands above in the answer cell itself."""
    return preface(notebook, "softmax", WRONG)


@unlucky
def six_older_versions_above(notebook: dict) -> dict:
    """Six wrong versions were kept, each in a cell of its own above the answer."""
    return insert(notebook, index(notebook, "softmax"), *(f"{WRONG} + {number}" for number in range(6)))


@unlucky
def six_older_versions_above_and_an_experiment_last(notebook: dict) -> dict:
    """Six wrong versions stand above the answer cell, and a wrong experiment at the end."""
    insert(notebook, index(notebook, "softmax"), *(f"{WRONG} + {number}" for number in range(6)))
    return last(notebook, WRONG)


@unlucky
def six_versions_below_a_wrong_answer(notebook: dict) -> dict:
    """The answer cell is wrong, and the last of six attempts in cells below it is right."""
    right = text(answer(notebook, "softmax"))
    rewrite(notebook, "softmax", WRONG)
    return insert(notebook, index(notebook, "softmax") + 2, *(f"{WRONG} + {number}" for number in range(5)), right)


@unlucky
def twenty_experiments_last(notebook: dict) -> dict:
    """Twenty wrong experiments with the function's name stand at the end."""
    return last(notebook, *(f"{WRONG} + {number}" for number in range(20)))


@unlucky
def wrong_experiment_last(notebook: dict) -> dict:
    """The last cell defines the function once more, wrongly."""
    return last(notebook, f"# what if there were no exponential?\n{WRONG}\n\nsoftmax(np.ones((2, 2)))")


@unlucky
def wrong_experiment_below_its_check(notebook: dict) -> dict:
    """A cell below the check defines the function once more, wrongly."""
    return insert(notebook, index(notebook, "softmax") + 2, "def softmax(scores):\n    return scores")


@unlucky
def stub_last(notebook: dict) -> dict:
    """The last cells are the untouched stubs, pasted from a fresh notebook."""
    return last(notebook, *(STUB.format(name=name) for name in NAMES))


# Cells in other places, and files as other programs save them.


@unlucky
def set_up_deleted(notebook: dict) -> dict:
    """The set-up cell is missing."""
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] != "set-up"]
    return notebook


@unlucky
def set_up_last(notebook: dict) -> dict:
    """The set-up cell stands at the end."""
    notebook["cells"].sort(key=lambda cell: cell["id"] == "set-up")
    return notebook


@unlucky
def answers_on_top(notebook: dict) -> dict:
    """All answers stand above everything else."""
    notebook["cells"].sort(key=lambda cell: not cell["id"].endswith("-answer"))
    return notebook


@unlucky
def exercises_in_reverse(notebook: dict) -> dict:
    """All cells stand in the reverse order."""
    notebook["cells"].reverse()
    return notebook


@unlucky
def all_answers_in_one_cell(notebook: dict) -> dict:
    """All answers stand in the set-up cell, the answer cells are empty."""
    sources = [text(answer(notebook, name)) for name in NAMES]
    for name in NAMES:
        rewrite(notebook, name, "")
    set_up = next(cell for cell in notebook["cells"] if cell["id"] == "set-up")
    set_up["source"] = "\n\n".join([text(set_up), *sources])
    return notebook


@unlucky
def only_answers_left(notebook: dict) -> dict:
    """Everything but the answer cells is deleted."""
    notebook["cells"] = [answer(notebook, name) for name in NAMES]
    return notebook


@unlucky
def empty_cells(notebook: dict) -> dict:
    """Empty cells, and cells of blanks and of a comment, stand between all others."""
    for position in range(len(notebook["cells"]), -1, -1):
        insert(notebook, position, "", " \n\t\n", "# to do")
    return notebook


@unlucky
def metadata_stripped(notebook: dict) -> dict:
    """All metadata is gone, of the cells and of the notebook."""
    notebook["metadata"] = {}
    for cell in notebook["cells"]:
        cell["metadata"] = {}
    return notebook


@unlucky
def metadata_of_other_editors(notebook: dict) -> dict:
    """Other programs left their notes in the metadata, and another kernel's name."""
    notebook["metadata"] |= {
        "kernelspec": {"display_name": "Python [conda env:übung] *", "language": "python", "name": "conda-env-u-py"},
        "language_info": {"name": "python", "version": "3.8.10", "codemirror_mode": {"name": "ipython", "version": 3}},
        "colab": {"provenance": [], "toc_visible": True}, "accelerator": "GPU", "toc-autonumbering": False,
        "vscode": {"interpreter": {"hash": "0"}}, "varInspector": {"cols": {"lenName": 16}},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}, "version_major": 2}}}
    for number, cell in enumerate(notebook["cells"]):
        cell["metadata"] |= {"collapsed": False, "jupyter": {"source_hidden": True}, "editable": False,
                             "ExecuteTime": {"end_time": "2024-01-01T00:00:00"}, "colab": {"base_uri": "x"},
                             "slideshow": {"slide_type": "slide"}, "tags": ["skip", "hide-input", f"t{number}"]}
    return notebook


@unlucky
def ids_removed(notebook: dict) -> dict:
    """The notebook has format 4.4, which knows no ids."""
    notebook["nbformat_minor"] = 4
    for cell in notebook["cells"]:
        del cell["id"]
    return notebook


@unlucky
def ids_in_an_older_format(notebook: dict) -> dict:
    """The notebook says that it has format 4.2, but its cells have ids."""
    notebook["nbformat_minor"] = 2
    return notebook


@unlucky
def ids_missing(notebook: dict) -> dict:
    """The notebook says that it has format 4.5, but its cells have no ids."""
    for cell in notebook["cells"]:
        del cell["id"]
    return notebook


@unlucky
def ids_duplicated(notebook: dict) -> dict:
    """All cells have the same id."""
    for cell in notebook["cells"]:
        cell["id"] = "cell"
    return notebook


@unlucky
def ids_with_blanks(notebook: dict) -> dict:
    """The ids hold characters that ids may not have, and are too long."""
    for number, cell in enumerate(notebook["cells"]):
        cell["id"] = f"cell № {number} " * 10
    return notebook


@unlucky
def newer_minor_format(notebook: dict) -> dict:
    """The notebook was saved by a newer program, in a later format 4 with a field more in each cell."""
    notebook["nbformat_minor"] = 9
    for cell in notebook["cells"]:
        cell["folded"] = False
    return notebook


@unlucky
def format_3(notebook: dict) -> dict:
    """The notebook was saved in format 3, with worksheets."""
    cells = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cells.append({"cell_type": "code", "collapsed": False, "input": cell["source"], "language": "python",
                          "metadata": cell["metadata"], "outputs": [], "prompt_number": 1})
        else:
            cells.append({"cell_type": "markdown", "metadata": {}, "source": cell["source"]})
    return {"metadata": {"name": "02_softmax"}, "nbformat": 3, "nbformat_minor": 0,
            "worksheets": [{"cells": cells, "metadata": {}}]}


@unlucky
def format_3_with_two_worksheets(notebook: dict) -> dict:
    """The notebook was saved in format 3, and its cells are divided among two worksheets."""
    old = format_3(notebook)
    cells = old["worksheets"][0]["cells"]
    old["worksheets"] = [{"cells": cells[:6], "metadata": {}}, {"cells": cells[6:], "metadata": {}}]
    return old


@unlucky
def sources_in_one_piece(notebook: dict) -> dict:
    """Each source is one text."""
    for cell in notebook["cells"]:
        cell["source"] = text(cell)
    return notebook


@unlucky
def sources_as_lists_of_lines(notebook: dict) -> dict:
    """Each source is a list of lines."""
    for cell in notebook["cells"]:
        cell["source"] = text(cell).splitlines(keepends=True)
    return notebook


@unlucky
def raw_cells(notebook: dict) -> dict:
    """Raw cells stand in between, one with code that must not run."""
    for position in (10, 4, 0):
        notebook["cells"].insert(position, code("def softmax(scores):\n    raise SystemExit") | {"cell_type": "raw"})
        for field in ("outputs", "execution_count"):
            del notebook["cells"][position][field]
    return notebook


@unlucky
def attachments(notebook: dict) -> dict:
    """A text cell holds a picture of 200 kB that was pasted into it."""
    notebook["cells"][0] |= {"attachments": {"image.png": {"image/png": "iVBORw0KGgo" + "A" * 200_000}}}
    notebook["cells"][0]["source"] = "![my sketch](attachment:image.png)"
    return notebook


@unlucky
def huge_output(notebook: dict) -> dict:
    """A scratch cell has a stored output of 5 MB."""
    first(notebook, "print('x' * 5_000_000)")
    cell = notebook["cells"][index(notebook, "softmax") - 1]
    cell["execution_count"] = 3
    cell["outputs"] = [{"name": "stdout", "output_type": "stream", "text": "x" * 5_000_000}]
    return notebook


@unlucky
def stored_error(notebook: dict) -> dict:
    """The stored outputs are from an earlier, wrong run: errors everywhere, and counts out of order."""
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            cell["execution_count"] = 40 - number
            cell["outputs"] = [{"output_type": "error", "ename": "NameError", "evalue": "name 'np' is not defined",
                                "traceback": ["\x1b[0;31mNameError\x1b[0m"]}]
    return notebook


@unlucky
def huge_scratch_cell_last(notebook: dict) -> dict:
    """The last cell holds 2 MB of numbers, and an answer's helper is defined below the answer."""
    insert(rewrite(notebook, "softmax", WITH_HELPER), index(notebook, "softmax") + 1, HELPER)
    return last(notebook, "table = [" + "0.25, " * 350_000 + "]")


# Magics and shell lines.


@unlucky
def shell_lines(notebook: dict) -> dict:
    """Scratch cells call other programs with an exclamation mark."""
    return everywhere(notebook, "!pip install tqdm\n!ls -la\nfiles = !ls\nfiles.sort()\nprint(files[0], len(files))\n"
                                "!echo {len(files)} $HOME \\\n  and more")


@unlucky
def shell_line_in_an_answer_cell(notebook: dict) -> dict:
    """An answer cell begins with the installation of a package."""
    return preface(notebook, "softmax", "!pip install numpy\n%pip install numpy")


@unlucky
def installing_magics(notebook: dict) -> dict:
    """Scratch cells install packages with magics."""
    return everywhere(notebook, "%pip install tqdm\n%conda install tqdm\n%uv pip install tqdm")


@unlucky
def usual_magics(notebook: dict) -> dict:
    """The lines that stand on top of many notebooks."""
    return first(notebook, "%matplotlib inline\n%config InlineBackend.figure_format = 'retina'\n"
                 "%config Completer.use_jedi = False\n%precision 3", "%load_ext autoreload\n%autoreload 2")


@unlucky
def interactive_plots(notebook: dict) -> dict:
    """Magics ask for plots in windows and in widgets, which are not there."""
    first(notebook, "%matplotlib notebook", "%matplotlib qt", "%pylab", "%gui qt")
    return everywhere(notebook, "%matplotlib widget")


@unlucky
def timing_magics(notebook: dict) -> dict:
    """Lines and cells are timed, an answer cell among them."""
    preface(notebook, "softmax", "%%time")
    between(notebook, "%timeit -n 20 -r 3 softmax(np.zeros(3))", "%time softmax(np.zeros(3))",
            "%%timeit -n 20 -r 3\nsoftmax(np.zeros(3))", "%prun softmax(np.zeros(3))")
    return last(notebook, "%timeit -n 20 -r 3 softmax_jacobian(np.ones(3) / 3)")


@unlucky
def capture_magic(notebook: dict) -> dict:
    """What an answer cell prints is captured."""
    preface(notebook, "softmax", "%%capture kept")
    return insert(notebook, index(notebook, "softmax") + 1, "kept.show()\nkept()")


@unlucky
def cells_in_other_languages(notebook: dict) -> dict:
    """Scratch cells are written in other languages."""
    for source in ("%%bash\nls\nexit 3", "%%html\n<b>bold</b>", "%%javascript\nalert(1)", "%%latex\n$x$", "%%sh\nls",
                   "%%svg\n<svg/>", "%%markdown\n# x", "%%perl\nprint 1", "%%script false\nx", "%%python3\nprint(1)"):
        everywhere(notebook, source)
    return notebook


@unlucky
def help_lines(notebook: dict) -> dict:
    """Question marks ask for help."""
    return everywhere(everywhere(notebook, "softmax?"), "?np.exp\nnp.exp??\nnp.*exp*?")


@unlucky
def unknown_magics(notebook: dict) -> dict:
    """Scratch cells use magics of extensions that are not installed."""
    return everywhere(everywhere(notebook, "%no_such_magic 1\nx = 1"), "%%no_such_cell_magic\nx = 1")


@unlucky
def unknown_magic_in_an_answer_cell(notebook: dict) -> dict:
    """An answer cell begins with a magic of an extension that is not installed."""
    return preface(notebook, "softmax", "%load_ext no_such_extension\n%no_such_magic")


@unlucky
def debugging_magics(notebook: dict) -> dict:
    """The debugger was switched on, and tracebacks made longer."""
    between(notebook, "%debug", "breakpoint()", "import pdb\npdb.set_trace()")
    return everywhere(first(notebook, "%xmode Verbose\n%pdb on"), "1 / 0")


@unlucky
def file_magics(notebook: dict) -> dict:
    """Scratch cells load, run and list files, and change the folder."""
    return first(notebook, "%load my_file.py", "%run other.py", "%run other.ipynb", "%pwd", "%ls", "%cat notes.txt",
                 "%env TOKENS=3", "%who", "%whos", "%history", "%lsmagic", "%store x", "%cd -q /", "%bookmark here")


@unlucky
def earlier_results(notebook: dict) -> dict:
    """Scratch cells use the results of earlier cells by number."""
    return last(first(notebook, "np.ones(3)", "_ * 2", "Out[3] + _2", "In[1]"), "__ + ___")


@unlucky
def interactive_shell_functions(notebook: dict) -> dict:
    """Scratch cells use what only a notebook has: display, get_ipython, HTML."""
    return everywhere(notebook, "from IPython.display import HTML, Image, clear_output\nclear_output()\n"
                      "display(HTML('<b>weights</b>'), np.ones(3))\nget_ipython().run_line_magic('time', '1')\n"
                      "get_ipython().events.register('post_run_cell', lambda result: 1 / 0)")


# Settings that reach further than their cell.


@unlucky
def warnings_on_stderr(notebook: dict) -> dict:
    """Cells warn and write to the error stream, an answer among them."""
    everywhere(notebook, "import sys, warnings\nwarnings.warn('old')\nprint('loading', file=sys.stderr)\nnp.log(0.0)")
    return preface(notebook, "softmax", "import warnings\nwarnings.warn('careful', DeprecationWarning)")


@unlucky
def warnings_as_errors(notebook: dict) -> dict:
    """Every warning raises, and an answer warns."""
    first(notebook, "import warnings\nwarnings.simplefilter('error')")
    return change(notebook, "softmax", "    shifted =", "    warnings.warn('my first answer')\n    shifted =")


@unlucky
def numpy_errors_raise(notebook: dict) -> dict:
    """A scratch cell makes NumPy raise where it would warn, and for rounding to zero, too."""
    return first(notebook, "np.seterr(all='raise')\nnp.exp(1000.0)")


@unlucky
def numpy_errors_raise_and_are_allowed_for(notebook: dict) -> dict:
    """A scratch cell makes NumPy raise for rounding to zero, and the answers switch that off again."""
    first(notebook, "np.seterr(all='raise')\nnp.exp(1000.0)")
    for name in NAMES:
        body = text(answer(notebook, name)).split('"""')
        rewrite(notebook, name, f'{body[0]}"""{body[1]}"""\n    np.seterr(under="ignore"){body[2]}')
    return notebook


@unlucky
def numpy_errors_raise_at_the_end(notebook: dict) -> dict:
    """Rounding to zero raises from the last cell on, and an answer's helper comes below it."""
    insert(rewrite(notebook, "softmax", WITH_HELPER), index(notebook, "softmax") + 1, HELPER)
    return last(notebook, "np.seterr(all='raise')\nnp.exp(1000.0)")


@unlucky
def print_options(notebook: dict) -> dict:
    """Numbers are shown with one digit."""
    return everywhere(notebook, "np.set_printoptions(precision=1, suppress=True, threshold=3)\nnp.ones(100)")


@unlucky
def random_seeds(notebook: dict) -> dict:
    """Random numbers are seeded, in every library."""
    return everywhere(notebook, "import random, torch\nrandom.seed(0)\nnp.random.seed(0)\ntorch.manual_seed(0)")


@unlucky
def torch_threads(notebook: dict) -> dict:
    """Torch is given four threads, another default precision and no gradients."""
    return everywhere(notebook, "import torch\ntorch.set_num_threads(4)\ntorch.set_default_dtype(torch.float64)\n"
                                "torch.set_grad_enabled(False)\ntorch.use_deterministic_algorithms(True)")


@unlucky
def shell_settings(notebook: dict) -> dict:
    """The notebook's shell behaves otherwise: shows every line, runs hooks that raise, calls without brackets."""
    return first(notebook, "shell = get_ipython()\nshell.ast_node_interactivity = 'all'\n"
                           "shell.events.register('pre_run_cell', lambda info: 1 / 0)\n"
                           "shell.set_custom_exc((Exception,), lambda *_, **__: 1 / 0)\n"
                           "import sys\nsys.excepthook = sys.displayhook = None",
                 "%autocall 2", "%doctest_mode", "%colors linux", "%autoawait off")


@unlucky
def alarm_left_over(notebook: dict) -> dict:
    """A scratch cell set an alarm for a slow cell, and it rings in a later one."""
    return first(notebook, "import signal, time\nsignal.alarm(1)", "time.sleep(1.5)")


@unlucky
def slow_farewell(notebook: dict) -> dict:
    """Something slow is to be done when the process ends."""
    return first(notebook, "import atexit, time\natexit.register(time.sleep, 1000)")


@unlucky
def environment_variables(notebook: dict) -> dict:
    """Environment variables are set and deleted."""
    return first(notebook, "import os\nos.environ['OMP_NUM_THREADS'] = '8'\nos.environ['CUDA_VISIBLE_DEVICES'] = ''\n"
                           "os.environ.pop('HOME', None)\nos.environ.pop('PATH', None)")


@unlucky
def logging_set_up(notebook: dict) -> dict:
    """Everything is logged, also from inside an answer."""
    first(notebook, "import logging\nlogging.basicConfig(level=logging.DEBUG)\nlog = logging.getLogger('mine')")
    return change(notebook, "softmax", "    shifted =", "    log.info('scores %s', scores.shape)\n    shifted =")


@unlucky
def recursion_limit(notebook: dict) -> dict:
    """The limit of recursion is raised, and lowered."""
    return last(first(notebook, "import sys\nsys.setrecursionlimit(100_000)"), "sys.setrecursionlimit(150)")


@unlucky
def standard_streams_replaced(notebook: dict) -> dict:
    """What is printed goes into a text in memory, and is never given back."""
    return everywhere(notebook, "import io, sys\nsys.stdout = sys.stderr = io.StringIO()\nprint('kept')")


@unlucky
def standard_streams_closed(notebook: dict) -> dict:
    """The output streams are closed."""
    return everywhere(notebook, "import sys\nwith sys.stdout as out, sys.stderr:\n    out.write('gone')")


@unlucky
def plot_style(notebook: dict) -> dict:
    """Plots have another style, and figures stay open."""
    return everywhere(notebook, "import matplotlib.pyplot as plt\nplt.style.use('ggplot')\n"
                      "plt.rcParams['figure.dpi'] = 60\nfor _ in range(3):\n    plt.figure()")


@unlucky
def plot_shown(notebook: dict) -> dict:
    """A figure is drawn and shown."""
    return everywhere(notebook, "import matplotlib.pyplot as plt\nfigure, axes = plt.subplots()\n"
                      "axes.imshow(np.eye(3))\naxes.set_title(r'$w_{ij}$ für Übung π')\nplt.colorbar(axes.images[0])\n"
                      "plt.tight_layout()\nplt.show()\nfigure")


@unlucky
def progress_bars(notebook: dict) -> dict:
    """Loops show their progress, one of them in an answer."""
    everywhere(notebook, "from tqdm import trange\nfor step in trange(100):\n    pass\nfrom tqdm.auto import tqdm")
    everywhere(notebook, "from tqdm.notebook import tqdm as bar\nfor step in bar(range(3)):\n    pass")
    return rewrite(notebook, "softmax", """from tqdm import tqdm

def softmax(scores):
    weights = np.empty(scores.shape)
    for row in tqdm(list(np.ndindex(scores.shape[:-1]))):
        powers = np.exp(scores[row] - scores[row].max())
        weights[row] = powers / powers.sum()
    return weights""")


@unlucky
def profiler_left_running(notebook: dict) -> dict:
    """A profiler was started above the answers, and never stopped."""
    return first(notebook, "import cProfile\nprofile = cProfile.Profile()\nprofile.enable()")


@unlucky
def memory_traced(notebook: dict) -> dict:
    """Memory is traced, and garbage no longer collected."""
    return first(notebook, "import gc, tracemalloc\ntracemalloc.start()\ngc.disable()\ngc.freeze()")


@unlucky
def large_arrays_kept(notebook: dict) -> dict:
    """Two hundred megabytes are kept in a global name."""
    return first(notebook, "big = np.ones((5000, 5000))")


@unlucky
def prints_a_megabyte(notebook: dict) -> dict:
    """Scratch cells print a megabyte, in one piece and in many."""
    return everywhere(notebook, "print('x' * 10**6)\nfor number in range(20_000):\n    print(number, 'of many lines')")


@unlucky
def inputs(notebook: dict) -> dict:
    """Scratch cells ask questions, and read what is typed."""
    return everywhere(notebook, "name = input('Your name? ')\nimport getpass, sys\ngetpass.getpass()\nsys.stdin.read()")


@unlucky
def input_in_an_answer_cell(notebook: dict) -> dict:
    """An answer cell asks a question above its function."""
    return preface(notebook, "softmax", "rows = int(input('How many rows? '))")


# Cells that end the process, or never end.


@unlucky
def system_exit(notebook: dict) -> dict:
    """Scratch cells leave with sys.exit."""
    return everywhere(everywhere(notebook, "import sys\nsys.exit()"), "raise SystemExit('that is enough')")


@unlucky
def system_exit_in_an_answer_cell(notebook: dict) -> dict:
    """An answer cell leaves with sys.exit below its function."""
    return append(notebook, "softmax", "import sys\nsys.exit(0)")


@unlucky
def quits(notebook: dict) -> dict:
    """Scratch cells quit."""
    return everywhere(everywhere(everywhere(notebook, "quit()"), "exit"), "exit(1)")


@unlucky
def process_exit(notebook: dict) -> dict:
    """Scratch cells end the process at once."""
    return everywhere(notebook, "import os\nos._exit(0)")


@unlucky
def process_killed(notebook: dict) -> dict:
    """Scratch cells restart the kernel by killing it, as is often advised."""
    return everywhere(notebook, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")


@unlucky
def process_aborted(notebook: dict) -> dict:
    """A scratch cell reads from where there is no memory."""
    return everywhere(notebook, "import ctypes\nctypes.string_at(0)")


@unlucky
def kernel_restarted(notebook: dict) -> dict:
    """A scratch cell asks the kernel to restart."""
    return everywhere(notebook, "import IPython\nIPython.Application.instance().kernel.do_shutdown(True)")


@unlucky
def keyboard_interrupt(notebook: dict) -> dict:
    """Scratch cells were interrupted."""
    everywhere(notebook, "import signal\nsignal.raise_signal(signal.SIGINT)")
    return everywhere(notebook, "raise KeyboardInterrupt")


@unlucky
def endless_loop_last(notebook: dict) -> dict:
    """The last cell never ends."""
    return last(notebook, "while True:\n    pass")


@unlucky
def endless_loop_that_swallows_everything(notebook: dict) -> dict:
    """A cell in the middle tries for ever, whatever is raised."""
    return between(notebook, "while True:\n    try:\n        unknown\n    except:\n        pass")


@unlucky
def endless_wait_outside_python(notebook: dict) -> dict:
    """The last cell waits for ever, in a call that no exception reaches, and a helper comes below its answer."""
    insert(rewrite(notebook, "softmax", WITH_HELPER), index(notebook, "softmax") + 1, HELPER)
    return last(notebook, "import time\ntime.sleep(10**6)")


@unlucky
def sleeping_cell(notebook: dict) -> dict:
    """A scratch cell takes two seconds."""
    return between(notebook, "import time\ntime.sleep(2)")


@unlucky
def threads_left_running(notebook: dict) -> dict:
    """Threads are started that never end; one prints, one raises."""
    return first(notebook, """import threading, time

def tick():
    while True:
        print("tick")
        time.sleep(0.01)

threading.Thread(target=tick).start()
threading.Thread(target=tick, daemon=True).start()
threading.Thread(target=lambda: 1 / 0).start()""")


@unlucky
def other_processes(notebook: dict) -> dict:
    """Scratch cells start other processes, which may be refused."""
    between(notebook, "import os\nos.system('ls')", "from concurrent.futures import ProcessPoolExecutor\n"
            "with ProcessPoolExecutor(2) as pool:\n    print(list(pool.map(abs, [-1, 2])))")
    return everywhere(notebook, "import subprocess\nsubprocess.run(['ls'])")


# Files and folders.


@unlucky
def file_written_and_read(notebook: dict) -> dict:
    """A scratch cell writes a file in the current folder, and an answer cell reads it above its function."""
    first(notebook, "from pathlib import Path\nPath('scratch_scores.txt').write_text('1 2 3')")
    preface(notebook, "softmax", "example = np.loadtxt('scratch_scores.txt')\nassert example.shape == (3,)")
    return insert(notebook, index(notebook, "softmax") + 1, "Path('scratch_scores.txt').unlink()")


@unlucky
def temporary_files(notebook: dict) -> dict:
    """A scratch cell saves and loads an array in a temporary folder."""
    return everywhere(notebook, "import tempfile\nfrom pathlib import Path\n"
                      "with tempfile.TemporaryDirectory() as folder:\n    np.save(Path(folder) / 'x.npy', np.ones(3))\n"
                      "    np.load(Path(folder) / 'x.npy')\ntempfile.TemporaryFile().write(b'x')")


@unlucky
def folder_changed(notebook: dict) -> dict:
    """The current folder is another one."""
    return everywhere(notebook, "import os, tempfile\nfolder = tempfile.TemporaryDirectory()\nos.chdir(folder.name)")


@unlucky
def folder_gone(notebook: dict) -> dict:
    """The current folder has been deleted."""
    return first(notebook, "import os, tempfile\nwith tempfile.TemporaryDirectory() as folder:\n    os.chdir(folder)")


@unlucky
def module_written_and_imported(notebook: dict) -> dict:
    """A helper is written into a module in a temporary folder, and imported from there by an answer."""
    first(notebook, "import sys, tempfile\nfrom pathlib import Path\nfolder = tempfile.TemporaryDirectory()\n"
          f"Path(folder.name, 'my_helpers_02.py').write_text({HELPER!r})\nsys.path.insert(0, folder.name)")
    rewrite(notebook, "softmax", f"from my_helpers_02 import shifted_down\n\n{WITH_HELPER}")
    return last(notebook, "sys.path.remove(folder.name)\nfolder.cleanup()")


# Answers in another form.


@unlucky
def unknown_type_hints(notebook: dict) -> dict:
    """An answer's type hints name what is not imported, and are never evaluated."""
    change(notebook, "softmax", 'Float[np.ndarray, "*batch keys"]', "pd.DataFrame | Scores")
    return preface(notebook, "softmax", "from __future__ import annotations\n")


@unlucky
def no_type_hints(notebook: dict) -> dict:
    """An answer has other names for its inputs, a further one, and no hints."""
    return rewrite(notebook, "softmax", """def softmax(x, axis=-1, *, verbose=False):
    exponentials = np.exp(x - x.max(axis=axis, keepdims=True))
    return exponentials / exponentials.sum(axis=axis, keepdims=True)""")


@unlucky
def answer_as_lambda(notebook: dict) -> dict:
    """An answer is a lambda."""
    return rewrite(notebook, "softmax_jacobian", "softmax_jacobian = lambda w: (w[..., :, None] * np.eye(w.shape[-1])\n"
                                                 "                              - w[..., :, None] * w[..., None, :])")


@unlucky
def answer_as_object(notebook: dict) -> dict:
    """An answer is an object that can be called."""
    return rewrite(notebook, "softmax", """class Softmax:
    def __init__(self, axis):
        self.axis = axis

    def __call__(self, scores):
        exponentials = np.exp(scores - scores.max(axis=self.axis, keepdims=True))
        return exponentials / exponentials.sum(axis=self.axis, keepdims=True)

softmax = Softmax(axis=-1)""")


@unlucky
def answer_as_method(notebook: dict) -> dict:
    """Two answers are methods of a class."""
    rewrite(notebook, "softmax", """class Mine:
    @staticmethod
    def one(scores):
        exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return exponentials / exponentials.sum(axis=-1, keepdims=True)

    @classmethod
    def other(cls, scores, temperature):
        return cls.one(scores / temperature)

softmax = Mine.one""")
    return rewrite(notebook, "softmax_with_temperature", "softmax_with_temperature = Mine.other")


@unlucky
def answer_as_partial(notebook: dict) -> dict:
    """An answer is a function with one argument filled in."""
    return rewrite(notebook, "softmax", """from functools import partial

def along(axis, scores):
    exponentials = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return exponentials / exponentials.sum(axis=axis, keepdims=True)

softmax = partial(along, -1)""")


@unlucky
def answer_as_partial_with_a_helper_below(notebook: dict) -> dict:
    """An answer is a function with one argument filled in, and its helper is defined in the last cell."""
    rewrite(notebook, "softmax_with_temperature", "from functools import partial\n\ndef along(function, scores, hot):\n"
            "    return function(lowered(scores / hot))\n\nsoftmax_with_temperature = partial(along, softmax)")
    return last(notebook, "def lowered(scores):\n    return scores - scores.max(axis=-1, keepdims=True)")


@unlucky
def answer_decorated(notebook: dict) -> dict:
    """An answer is decorated by a function of the learner's."""
    return preface(notebook, "softmax", """import functools, time

def timed(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        started = time.perf_counter()
        result = function(*args, **kwargs)
        print("took", time.perf_counter() - started)
        return result
    return inner

@timed""")


@unlucky
def answer_decorated_with_a_helper_below(notebook: dict) -> dict:
    """An answer is decorated, and its helper is defined in the last cell."""
    first(notebook, "import functools\n\ndef traced(function):\n    @functools.wraps(function)\n"
          "    def inner(*args):\n        return function(*args)\n    return inner")
    return last(rewrite(notebook, "softmax", f"@traced\n{WITH_HELPER}"), HELPER)


@unlucky
def answer_from_a_factory(notebook: dict) -> dict:
    """An answer is made by another function."""
    return rewrite(notebook, "softmax", "def make(axis):\n    def inner(scores):\n"
                   "        e = np.exp(scores - scores.max(axis=axis, keepdims=True))\n"
                   "        return e / e.sum(axis=axis, keepdims=True)\n    return inner\n\nsoftmax = make(-1)")


@unlucky
def answer_from_a_factory_with_a_helper_below(notebook: dict) -> dict:
    """An answer is made by another function, and its helper is defined in the last cell."""
    rewrite(notebook, "softmax", "def make(axis):\n    def inner(scores):\n        e = np.exp(lowered(scores, axis))\n"
            "        return e / e.sum(axis=axis, keepdims=True)\n    return inner\n\nsoftmax = make(-1)")
    return last(notebook, "def lowered(scores, axis):\n    return scores - scores.max(axis=axis, keepdims=True)")


@unlucky
def answer_under_another_name(notebook: dict) -> dict:
    """An answer was written under another name, and named rightly in the last cell."""
    change(notebook, "softmax", "def softmax", "def my_softmax")
    return last(notebook, "softmax = my_softmax")


@unlucky
def answer_as_main_program(notebook: dict) -> dict:
    """An answer is indented below a line, as in a script."""
    lines = text(answer(notebook, "softmax")).splitlines()
    return rewrite(notebook, "softmax", "\n".join(['if __name__ == "__main__":', *(f"    {line}" for line in lines)]))


@unlucky
def answer_that_prints(notebook: dict) -> dict:
    """An answer prints what it is given, to both streams."""
    return change(notebook, "softmax", "    shifted =", "    import sys\n    print('scores', scores, file=sys.stderr)\n"
                  "    print('π 😀', scores)\n    sys.__stdout__.write('row')\n    shifted =")


@unlucky
def answer_that_prints_a_megabyte(notebook: dict) -> dict:
    """An answer prints a megabyte in every call."""
    return change(notebook, "softmax", "    shifted =", "    print('x' * 10**6)\n    shifted =")


@unlucky
def answer_that_displays(notebook: dict) -> dict:
    """An answer shows its input with the function that every notebook has."""
    return change(notebook, "softmax", "    shifted =", "    display(scores)\n    shifted =")


@unlucky
def answer_that_plots(notebook: dict) -> dict:
    """An answer draws its weights in every call."""
    first(notebook, "import matplotlib.pyplot as plt")
    return change(notebook, "softmax_jacobian", "    diagonal =", "    plt.figure(figsize=(1, 1))\n"
                  "    plt.plot(weights.ravel())\n    plt.show()\n    diagonal =")


@unlucky
def answer_with_a_counter(notebook: dict) -> dict:
    """An answer counts its calls in a global name, and the count is shown at the end."""
    change(notebook, "softmax", "    shifted =", "    global calls\n    calls += 1\n    shifted =")
    return last(preface(notebook, "softmax", "calls = 0"), "calls")


@unlucky
def answer_with_a_memo(notebook: dict) -> dict:
    """An answer remembers what it has been asked before."""
    return rewrite(notebook, "softmax", """memo = {}

def softmax(scores):
    key = scores.shape, scores.tobytes()
    if key not in memo:
        exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
        memo[key] = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return memo[key].copy()""")


@unlucky
def answer_with_threads(notebook: dict) -> dict:
    """An answer shares its rows out among threads."""
    return rewrite(notebook, "softmax", """from concurrent.futures import ThreadPoolExecutor

def one_row(row):
    exponentials = np.exp(row - row.max())
    return exponentials / exponentials.sum()

def softmax(scores):
    rows = scores.reshape(-1, scores.shape[-1])
    with ThreadPoolExecutor(2) as pool:
        return np.stack(list(pool.map(one_row, rows))).reshape(scores.shape)""")


@unlucky
def answer_in_torch(notebook: dict) -> dict:
    """Two answers work in torch, one of them without gradients."""
    rewrite(notebook, "softmax", """import torch

def softmax(scores):
    scores = torch.as_tensor(scores)
    exponentials = torch.exp(scores - scores.max(dim=-1, keepdim=True).values)
    return (exponentials / exponentials.sum(dim=-1, keepdim=True)).numpy()""")
    return rewrite(notebook, "log_softmax", """@torch.no_grad()
def log_softmax(scores):
    scores = torch.from_numpy(scores)
    return scores - scores.logsumexp(dim=-1, keepdim=True)""")


@unlucky
def answer_in_float32(notebook: dict) -> dict:
    """All answers work in float32, and return it."""
    change(notebook, "softmax_jacobian", "weights.shape[-1]", "weights.shape[-1], dtype=np.float32")
    for name, inputs in zip(NAMES, ("scores", "scores", "scores", "weights")):
        body = text(answer(notebook, name)).split('"""')
        rewrite(notebook, name, f'{body[0]}"""{body[1]}"""\n    {inputs} = {inputs}.astype(np.float32){body[2]}')
    return notebook


@unlucky
def answer_by_loops(notebook: dict) -> dict:
    """An answer is written in loops over lists, and becomes an array in the end."""
    return rewrite(notebook, "softmax", """from math import exp

def softmax(scores):
    if scores.ndim > 1:
        return np.array([softmax(row) for row in scores])
    powers = [exp(score - max(scores)) for score in scores]
    return np.array([power / sum(powers) for power in powers])""")


# Answer cells with more than the answer in them.


@unlucky
def test_line_above_the_answer(notebook: dict) -> dict:
    """A line above the function used it while it was there from before; in a fresh run it raises."""
    return preface(notebook, "softmax", "print(softmax(np.array([1.0, 2.0])))")


@unlucky
def failing_import_in_a_timed_cell(notebook: dict) -> dict:
    return preface(preface(notebook, "softmax", f"import seaborn_that_is_not_here\n{HELPER}"), "softmax", "%%time")


@unlucky
def failing_assertion_above_the_answer(notebook: dict) -> dict:
    """Lines above a function hold no longer."""
    return preface(notebook, "log_softmax", "assert softmax(np.ones(2))[0] == 0.7, 'does not hold any more'")


@unlucky
def failing_assertion_below_the_answer(notebook: dict) -> dict:
    """A line below a function compares rounded numbers too strictly."""
    return append(notebook, "softmax", "assert softmax(np.array([0.0, 1.0]))[1] == 0.7310585786")


@unlucky
def missing_package_above_the_answer(notebook: dict) -> dict:
    """An answer cell imports a package that only the learner has."""
    return preface(notebook, "softmax", "import no_such_package_at_all as own\nfrom no_such_package_at_all import x")


@unlucky
def constant_below_a_raising_line(notebook: dict) -> dict:
    """An answer cell raises in its first line, and sets a constant of its function in the second."""
    change(notebook, "softmax", "axis=-1", "axis=KEY_AXIS")
    return preface(notebook, "softmax", "print(example_from_a_deleted_cell)\nKEY_AXIS = -1")


@unlucky
def assignment_below_a_raising_line(notebook: dict) -> dict:
    """An answer cell raises in its first line, and its function is assigned below."""
    return rewrite(notebook, "softmax_jacobian", "print(example_from_a_deleted_cell)\n"
                   "softmax_jacobian = lambda w: w[..., None] * (np.eye(w.shape[-1]) - w[..., None, :])")


@unlucky
def report_used(notebook: dict) -> dict:
    """The report that a check gives in a notebook is used in an answer cell, above and below the function."""
    preface(notebook, "softmax", "from selfattention import check\nassert check('02.softmax').earned >= 0")
    append(notebook, "softmax", "check('02.softmax').earned")
    return last(notebook, "assert check('02.softmax').status == 'passed'", "print(check('02.log_softmax').hint)")


@unlucky
def hints_asked_for(notebook: dict) -> dict:
    """Hints were asked for, in the answer cells too."""
    return append(everywhere(notebook, "from selfattention import check, hint\nhint('02.softmax')"), "softmax",
                  "hint('02.softmax')")


@unlucky
def await_at_top_level(notebook: dict) -> dict:
    """Cells wait for coroutines, an answer cell among them."""
    everywhere(notebook, "import asyncio\nawait asyncio.sleep(0.01)")
    everywhere(notebook, "asyncio.run(asyncio.sleep(0.01))\nasync with asyncio.Lock():\n    pass")
    return preface(notebook, "softmax", "import asyncio\nawait asyncio.sleep(0.01)")


@unlucky
def tabs(notebook: dict) -> dict:
    """All answers are indented by tabs."""
    for name in NAMES:
        change(notebook, name, "    ", "\t")
    return notebook


@unlucky
def windows_line_ends(notebook: dict) -> dict:
    """All lines end as on Windows."""
    for cell in notebook["cells"]:
        cell["source"] = text(cell).replace("\n", "\r\n")
    return notebook


@unlucky
def old_line_ends(notebook: dict) -> dict:
    """All lines of an answer end with a carriage return alone."""
    return change(notebook, "softmax", "\n", "\r")


@unlucky
def blank_lines_and_comments(notebook: dict) -> dict:
    """An answer is surrounded by blank lines, comments, and indented as a whole."""
    lines = text(answer(notebook, "softmax")).splitlines()
    return rewrite(notebook, "softmax", "\n\n" + "\n".join(f"  {line}" for line in lines) + "  # done\n\n\n")


@unlucky
def non_ascii_names(notebook: dict) -> dict:
    """An answer's names are Greek and Chinese, and its text holds every kind of character."""
    return rewrite(notebook, "softmax", '''def softmax(σκορ):
    """Gewichte für jede Zeile – “weights” 权重 😀 \u202e."""
    指数 = np.exp(σκορ - σκορ.max(axis=-1, keepdims=True))
    Σ = 指数.sum(axis=-1, keepdims=True)
    return 指数 / Σ''')


@unlucky
def byte_order_marks(notebook: dict) -> dict:
    """Pasted text begins with a byte order mark: a text cell, a comment in an answer cell, and a scratch cell."""
    notebook["cells"][0]["source"] = "\ufeff# Pasted"
    everywhere(notebook, "\ufeffprint('pasted')")
    return preface(notebook, "softmax", "# \ufeffpasted, with\u200b more\u00a0of it")


@unlucky
def prompts_pasted(notebook: dict) -> dict:
    """Two answers were pasted with the prompts of a console."""
    for name, (begin, more) in zip(NAMES, ((">>> ", "... "), ("In [3]: ", "   ...: "))):
        lines = text(answer(notebook, name)).splitlines()
        rewrite(notebook, name, "\n".join([begin + lines[0], *(more + line for line in lines[1:])]))
    return notebook


# Cells that raise half-way: names that an answer needs are set below the statement that raised. On the learner's own
# computer nothing raised there, or the names were there from before.


def by_key_axis(notebook: dict) -> dict:
    """Let an answer use the name KEY_AXIS."""
    return change(notebook, "softmax", "axis=-1", "axis=KEY_AXIS")


def by_helper(notebook: dict) -> dict:
    """Let an answer use the helper `shifted_down`."""
    return rewrite(notebook, "softmax", WITH_HELPER)


@unlucky
def missing_package_above_an_import(notebook: dict) -> dict:
    """Two lines need a package that only the learner has; an import below them is needed by an answer."""
    change(notebook, "softmax", "np.exp", "maths.exp")
    return first(notebook, "import seaborn as sns\nsns.set_theme()\nimport numpy as maths")


@unlucky
def drive_mounted_above_a_helper(notebook: dict) -> dict:
    """A cell begins with what it needed on somebody else's computer, and defines a helper below."""
    return first(by_helper(notebook), f"from google.colab import drive\ndrive.mount('/content/drive')\n\n{HELPER}")


@unlucky
def missing_file_above_a_class(notebook: dict) -> dict:
    """A cell reads a file that is not handed in, and defines a class below."""
    rewrite(notebook, "softmax", "def softmax(scores):\n    return Weights().of(scores)")
    return first(notebook, """table = open("data.csv").read()

class Weights:
    def of(self, scores):
        exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return exponentials / exponentials.sum(axis=-1, keepdims=True)""")


@unlucky
def missing_extension_above_a_decorator(notebook: dict) -> dict:
    """A cell loads an extension that only the learner has, and defines a decorator of two answers below."""
    first(notebook, "%load_ext no_such_extension\n\ndef traced(function):\n    def inner(*args):\n"
          "        return function(*args)\n    return inner")
    return preface(preface(notebook, "softmax", "@traced"), "softmax_jacobian", "@traced")


@unlucky
def failing_lines_on_one_line(notebook: dict) -> dict:
    """Three statements stand on one line, and the last of them sets what an answer needs."""
    return first(by_key_axis(notebook), "import seaborn as sns; sns.set_theme(); KEY_AXIS = -1")


@unlucky
def failing_blocks_above_a_constant(notebook: dict) -> dict:
    """Lines fail inside of `with`, `for`, `if` and `try`; a constant is set below them all."""
    return first(by_key_axis(notebook), """with open("data.csv") as file:
    rows = file.readlines()
for row in rows:
    print(row.split(","))
if len(rows) > 3:
    print("enough")
try:
    mean = sum(map(len, rows)) / len(rows)
finally:
    print("done")
KEY_AXIS = -1""")


@unlucky
def failing_lines_above_and_below_every_answer(notebook: dict) -> dict:
    """In every answer cell a line fails above the function, and one below it, above what the function needs."""
    for name in NAMES:
        change(notebook, name, "-1", f"LAST_OF_{name}")
        preface(notebook, name, "import seaborn as sns\n")
        append(notebook, name, f"\nsns.heatmap({name}(np.eye(3)))\nLAST_OF_{name} = -1")
    return notebook


@unlucky
def failing_lines_in_a_chain_of_cells(notebook: dict) -> dict:
    """What an answer needs goes through three cells, and in each of them a line fails above it."""
    first(by_key_axis(notebook), "import seaborn as sns\nsign = -1",
          "sns.set_theme()\ndef signed(n):\n    return sign * n", "sns.color_palette()\nKEY_AXIS = signed(1)")
    return notebook


@unlucky
def set_up_with_a_missing_package(notebook: dict) -> dict:
    """The set-up cell was given an import that fails on top, and a constant at its end."""
    set_up = next(cell for cell in by_key_axis(notebook)["cells"] if cell["id"] == "set-up")
    set_up["source"] = f"import seaborn as sns\n{text(set_up)}\nKEY_AXIS = -1"
    return notebook


@unlucky
def interrupted_line_above_a_helper(notebook: dict) -> dict:
    """A line was interrupted, and a helper is defined below it."""
    return first(by_helper(notebook), f"import signal\nsignal.raise_signal(signal.SIGINT)\n\n{HELPER}")


@unlucky
def endless_loop_above_a_helper(notebook: dict) -> dict:
    """A line never ends, and a helper is defined below it."""
    return first(by_helper(notebook), f"while True:\n    pass\n\n{HELPER}")


@unlucky
def constant_after_long_work(notebook: dict) -> dict:
    """A cell computes for two seconds before it sets what an answer needs."""
    return first(by_key_axis(notebook), "import time\nbegan = time.process_time()\nsteps = 0\n"
                 "while time.process_time() < began + 2:\n    steps += 1\nKEY_AXIS = -1")


@unlucky
def process_ended_above_a_helper(notebook: dict) -> dict:
    """A line ends the process, and a helper is defined below it."""
    return first(by_helper(notebook), f"import os\nos._exit(0)\n\n{HELPER}")


@unlucky
def quit_above_a_constant(notebook: dict) -> dict:
    """A cell quits before it sets what an answer needs; in Jupyter the lines below run all the same."""
    return first(by_key_axis(notebook), "quit()\nKEY_AXIS = -1")


@unlucky
def wrong_statements_that_never_ran(notebook: dict) -> dict:
    """Below a line that failed in Jupyter, too, answers and a helper are spoilt; and one answer needs such a line."""
    first(by_helper(notebook), HELPER)
    rewrite(notebook, "softmax_with_temperature", BY_SOFTMAX)
    append(notebook, "softmax", "1 / 0\nsoftmax = None\ndef shifted_down(scores):\n    return 0")
    append(notebook, "softmax_with_temperature", f"assert False, 'an older one'\n{WRONG}")
    change(notebook, "log_softmax", "axis=-1", "axis=KEY_AXIS")
    return insert(notebook, index(notebook, "log_softmax"), "sns.set_theme()\nKEY_AXIS = -1")


@unlucky
def awaits_below_a_failing_line(notebook: dict) -> dict:
    """Below a line that fails, the cell waits for what an answer needs: in a line, a loop and a block."""
    return first(by_key_axis(notebook), """import asyncio
table = open("data.csv").read()
async def axes():
    for axis in (0, -1):
        await asyncio.sleep(0.001)
        yield axis
async for found in axes():
    pass
async with asyncio.Lock():
    found = await asyncio.sleep(0.001, found)
KEY_AXIS = found""")


@unlucky
def magics_below_a_failing_line(notebook: dict) -> dict:
    """Below a line that fails, magics time how long it takes to set what answers need."""
    change(notebook, "log_softmax", "keepdims=True", "keepdims=KEEP")
    return first(by_key_axis(notebook), "import seaborn as sns\n%time KEY_AXIS = -1\n%config InlineBackend.x = 1\n"
                 "!pip install seaborn\nget_ipython().run_line_magic('time', 'KEEP = True')")


@unlucky
def task_started_above_a_helper(notebook: dict) -> dict:
    """A cell leaves a task in the background, for which Jupyter has a running loop, and defines a helper below."""
    return first(by_helper(notebook), "import asyncio\n\nasync def tick():\n    while True:\n"
                 f"        await asyncio.sleep(1)\n\ntask = asyncio.get_running_loop().create_task(tick())\n\n{HELPER}")


@unlucky
def figures_left_open_and_warnings_as_errors(notebook: dict) -> dict:
    """Thirty figures are shown; outside of Jupyter they stay open, of which a warning tells, which is an error here."""
    return first(by_key_axis(notebook), "import warnings\nimport matplotlib.pyplot as plt\n"
                 "warnings.simplefilter('error')\nfor number in range(30):\n    plt.figure(figsize=(1, 1))\n"
                 "    plt.plot([number, 1])\n    plt.show()\nwarnings.simplefilter('default')\nKEY_AXIS = -1")


# Modules that the notebook writes itself.


@unlucky
def module_by_magic(notebook: dict) -> dict:
    """A helper is written into a module by a magic, and imported by an answer cell."""
    first(notebook, ELSEWHERE, f"%%writefile my_helpers.py\n{HELPER}")
    return preface(by_helper(notebook), "softmax", "from my_helpers import shifted_down")


@unlucky
def package_made_and_imported(notebook: dict) -> dict:
    """A package of two modules is written, and imported inside of an answer."""
    first(notebook, f"{ELSEWHERE}\nos.makedirs('my_course/parts')\n"
          "open('my_course/__init__.py', 'w').write('from .parts.rows import *')\n"
          "open('my_course/parts/__init__.py', 'w').close()\n"
          f"with open('my_course/parts/rows.py', 'w') as file:\n    file.write({HELPER!r})")
    change(by_helper(notebook), "softmax", "    exponentials = np", "    import my_course\n    exponentials = np")
    return change(notebook, "softmax", "shifted_down", "my_course.shifted_down")


@unlucky
def module_written_anew_and_reloaded(notebook: dict) -> dict:
    """A module was imported while it was wrong, and is reloaded once it has been written again."""
    change(by_helper(notebook), "softmax", "shifted_down", "my_helpers.shifted_down")
    return first(notebook, ELSEWHERE, "%%writefile my_helpers.py\ndef shifted_down(scores):\n    return scores",
                 "import importlib, my_helpers\nmy_helpers.shifted_down(1)", f"%%writefile my_helpers.py\n{HELPER}",
                 "importlib.reload(my_helpers)")


@unlucky
def module_reloaded_by_itself(notebook: dict) -> dict:
    """A module is written again, and an extension reloads it before the next cell."""
    wrong = "def shifted_down(scores):\n    return scores"
    return first(by_helper(notebook), f"%load_ext autoreload\n%autoreload 2\n{ELSEWHERE}",
                 f"open('my_helpers.py', 'w').write({wrong!r})", "from my_helpers import shifted_down",
                 f"import time\ntime.sleep(0.1)\nwith open('my_helpers.py', 'w') as file:\n    file.write({HELPER!r})")


@unlucky
def helper_run_from_a_file(notebook: dict) -> dict:
    """A program is written into a file and run, which leaves its names in the notebook."""
    return first(by_helper(notebook), ELSEWHERE, f"%%file my_program.py\n{HELPER}\nprint('ran')", "%run my_program.py")


@unlucky
def object_pickled(notebook: dict) -> dict:
    """An answer is an object of the notebook's own class that was saved and loaded; and `__main__` was given a name."""
    return rewrite(notebook, "softmax", """import __main__, pickle

class Softmax:
    def __call__(self, scores):
        exponentials = np.exp(scores - scores.max(axis=KEY_AXIS, keepdims=True))
        return exponentials / exponentials.sum(axis=KEY_AXIS, keepdims=True)

__main__.KEY_AXIS = -1
softmax = pickle.loads(pickle.dumps(Softmax()))""")


@unlucky
def names_set_by_the_shell(notebook: dict) -> dict:
    """What answers need was set by the notebook's shell: pushed, executed, run as a cell, a timed and a quiet one."""
    change(by_helper(notebook), "softmax", "axis=-1, keepdims=True", "axis=KEY_AXIS, keepdims=keep")
    change(notebook, "log_softmax", "axis=-1, keepdims=True", "axis=AXIS, keepdims=KEEP")
    return first(notebook, "shell = get_ipython()\nshell.push({'KEY_AXIS': -1})\nshell.ex('keep = True')",
                 f"get_ipython().run_cell({HELPER!r})", "%%time\nAXIS = -1", "%%capture\nprint('quiet')\nKEEP = True")


# Answers that come back in another form.


@unlucky
def big_endian_numbers(notebook: dict) -> dict:
    """All answers return their numbers in the other byte order, as a file had them."""
    for name in NAMES:
        returned(notebook, name, "@.astype('>f8')")
    return notebook


@unlucky
def long_numbers(notebook: dict) -> dict:
    """All answers work in the longest numbers that the machine has, and return them."""
    for name, inputs in zip(NAMES, ("scores", "scores", "scores", "weights")):
        body = text(answer(notebook, name)).split('"""')
        rewrite(notebook, name, f'{body[0]}"""{body[1]}"""\n    {inputs} = {inputs}.astype(np.longdouble){body[2]}')
    return notebook


@unlucky
def arrays_in_other_orders(notebook: dict) -> dict:
    """Answers return arrays of another order, turned around, with gaps, and that cannot be written."""
    for name, form in zip(NAMES, ("np.asfortranarray(@)", "@[..., ::-1].copy()[..., ::-1]",
                                  "np.repeat(@, 3, axis=-1)[..., ::3]", "np.broadcast_to(@, (2, *@.shape))[1]")):
        returned(notebook, name, form)
    return notebook


@unlucky
def arrays_of_other_classes(notebook: dict) -> dict:
    """Answers return arrays of the learner's own class, masked, mapped into a file, and with fields."""
    first(notebook, "import tempfile\n\nclass Named(np.ndarray):\n    name = 'weights'\n\ndef mapped(numbers):\n"
          "    kept = np.memmap(tempfile.TemporaryFile(), numbers.dtype, 'w+', shape=numbers.shape)\n"
          "    kept[:] = numbers\n    return kept")
    for name, form in zip(NAMES, ("@.view(Named)", "np.ma.masked_array(@)", "mapped@", "@.view(np.recarray)")):
        returned(notebook, name, form)
    return notebook


@unlucky
def arrays_over_other_memory(notebook: dict) -> dict:
    """Answers return arrays whose numbers lie in bytes, in Python's own arrays, in C's, and in a tensor."""
    first(notebook, "import array, ctypes, torch")
    forms = ("np.frombuffer(@.tobytes()).reshape(scores.shape)",
             "np.asarray(memoryview(array.array('d', @.ravel()))).reshape(scores.shape)",
             "np.ctypeslib.as_array((ctypes.c_double * scores.size)(*@.ravel())).reshape(scores.shape)",
             "torch.from_numpy(@).numpy()")
    for name, form in zip(NAMES, forms):
        returned(notebook, name, form)
    return notebook


@unlucky
def tensors_of_other_kinds(notebook: dict) -> dict:
    """Answers return tensors that want gradients, are parameters, transposed, and lazily negated."""
    first(notebook, "import torch")
    for name, form in zip(NAMES, ("torch.from_numpy(@).requires_grad_()", "torch.nn.Parameter(torch.from_numpy(@))",
                                  "torch.from_numpy(np.moveaxis(@, -1, 0).copy()).movedim(0, -1)",
                                  "torch.from_numpy(@ * -1j).to(torch.complex128).conj().imag")):
        returned(notebook, name, form)
    return notebook


# More that stands in the way.


@unlucky
def names_covered_above_the_set_up(notebook: dict) -> dict:
    """Cells above the set-up give other meanings to names that it imports, and cover Python's own."""
    return insert(notebook, 0, "np = Float = None\nexp = max = None", "from math import *", "from sympy import *")


@unlucky
def helper_below_a_hint(notebook: dict) -> dict:
    """A new cell asks for a hint and for a check, and defines a helper below."""
    return between(by_helper(notebook), "from selfattention import check, hint\nhint('02.log_softmax')\n"
                   f"check('02.softmax')\n\n{HELPER}\ncheck('02.softmax')")


@unlucky
def helper_in_its_check_cell(notebook: dict) -> dict:
    """A helper was added to the check cell, below the check that found it missing."""
    cell = notebook["cells"][index(by_helper(notebook), "softmax") + 1]
    cell["source"] = f"{text(cell)}\n\n{HELPER}"
    return notebook


@unlucky
def names_of_the_notebook_reused(notebook: dict) -> dict:
    """Variables have the names of what a notebook has of its own, and of what the course gives."""
    return everywhere(notebook, "check = hint = softmax_check = np.ones(3)\nexit = quit = 'no'\nIn = Out = _ = __ = 7\n"
                                "display = open = get_ipython = None")


@unlucky
def slow_module_imported_in_an_answer(notebook: dict) -> dict:
    """An answer imports a library that takes seconds to load, though it uses little of it."""
    return change(notebook, "softmax", "    shifted =",
                  "    import networkx, sympy\n    shifted =")


@unlucky
def answer_that_sleeps(notebook: dict) -> dict:
    """An answer waits half a second in every call."""
    return change(notebook, "softmax", "    shifted =", "    import time\n    time.sleep(0.5)\n    shifted =")


@unlucky
def answer_of_a_generator(notebook: dict) -> dict:
    """An answer is what a kept generator is sent, and what it yields."""
    return rewrite(notebook, "softmax", """def running():
    weights = None
    while True:
        scores = yield weights
        exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights = exponentials / exponentials.sum(axis=-1, keepdims=True)

softmax = running().send
softmax(None)""")


@unlucky
def answers_of_other_makes(notebook: dict) -> dict:
    """Answers are a module of torch, a vectorised function, one with several types, and made in a loop."""
    rewrite(notebook, "softmax", """import torch

class Softmax(torch.nn.Module):
    def forward(self, scores):
        exponentials = torch.exp(torch.from_numpy(scores - scores.max(axis=-1, keepdims=True)))
        return exponentials / exponentials.sum(dim=-1, keepdim=True)

softmax = Softmax()""")
    rewrite(notebook, "softmax_with_temperature", """def one_row(scores, temperature):
    exponentials = np.exp((scores - scores.max()) / temperature)
    return exponentials / exponentials.sum()

softmax_with_temperature = np.vectorize(one_row, signature="(n),()->(n)")""")
    preface(notebook, "log_softmax", "import functools\n\n@functools.singledispatch")
    answers = text(answer(notebook, "softmax_jacobian")).replace("softmax_jacobian", "by_weights")
    return rewrite(notebook, "softmax_jacobian", f"{answers}\n\nfor name in ('softmax_jacobian', 'jacobian'):\n"
                                                 "    globals()[name] = by_weights")


@unlucky
def newer_syntax(notebook: dict) -> dict:
    """An answer uses what Python has had since 3.8 and 3.10, and scratch cells what it has had since 3.12 and 3.14."""
    everywhere(everywhere(notebook, "type Row = list[float]"), "from string.templatelib import Template\nt'{1}'")
    return rewrite(notebook, "softmax", """def softmax(scores, /):
    match scores.shape:
        case (_,) | (_, _):
            shift = scores.max(axis=-1, keepdims=True)
        case (*_, keys) if keys > 0:
            shift = scores.max(axis=-1, keepdims=True)
    return (powers := np.exp(scores - shift)) / powers.sum(axis=-1, keepdims=True)""")


@unlucky
def interpreter_settings(notebook: dict) -> dict:
    """The interpreter has another language, time zone, precision, garbage collector, and switches threads rarely."""
    return everywhere(notebook, "import decimal, faulthandler, gc, locale, os, sys, time\n"
                      "locale.setlocale(locale.LC_ALL, 'C')\nos.environ['TZ'] = 'Asia/Tokyo'\ntime.tzset()\n"
                      "decimal.getcontext().prec = 3\ngc.set_threshold(1)\nsys.setswitchinterval(1.0)\n"
                      "sys.set_int_max_str_digits(640)\nfaulthandler.dump_traceback_later(2, repeat=True)")


# Files as they come.


def plots(notebook: dict, count: int) -> dict:
    """Give each check cell so many stored plots of a megabyte."""
    for name in NAMES:
        picture = {"output_type": "display_data", "metadata": {"needs_background": "light"},
                   "data": {"image/png": "iVBORw0KGgo" + "A" * 2**20 + "=\n", "text/plain": ["<Figure size 640x480>"]}}
        notebook["cells"][index(notebook, name) + 1]["outputs"] = [picture] * count
    return notebook


@unlucky
def plots_of_24_megabytes(notebook: dict) -> dict:
    """The stored plots take a little more than is read of a notebook without them."""
    return plots(notebook, 6)


@unlucky
def plots_of_40_megabytes(notebook: dict) -> dict:
    """The stored plots take twice as much as is read of a notebook without them."""
    return plots(notebook, 10)


def saved(notebook: dict) -> str:
    """The text of a notebook's file, with letters that are not ASCII as they are."""
    return json.dumps(notebook, indent=1, ensure_ascii=False)


@unlucky
def latin_1_letter_in_an_answer(notebook: dict) -> bytes:
    """A comment in an answer cell holds a letter in an old encoding, as a merge or another program left it."""
    return saved(preface(notebook, "softmax", "# Gewichte f@r jede Zeile")).encode().replace(b"f@r", b"f\xfcr")


@unlucky
def latin_1_letter_in_a_text_cell(notebook: dict) -> bytes:
    """A text cell holds a letter in an old encoding."""
    notebook["cells"][0]["source"] = "Gewichte f@r jede Zeile"
    return saved(notebook).encode().replace(b"f@r", b"f\xfcr")


@unlucky
def saved_in_utf_16(notebook: dict) -> bytes:
    """The file was opened and saved by an editor of Windows that writes two bytes for each letter."""
    return saved(preface(notebook, "softmax", "# Gewichte für jede Zeile 权重 😀")).encode("utf-16")


@unlucky
def metadata_removed(notebook: dict) -> dict:
    """There is no metadata at all, not even empty, and there are no ids; only the file's name tells the chapter."""
    del notebook["metadata"]
    for cell in notebook["cells"]:
        del cell["metadata"], cell["id"]
    return notebook


@unlucky
def not_a_number_in_outputs(notebook: dict) -> dict:
    """Stored outputs hold NaN and Infinity, as a plot of interactive libraries does."""
    cell = notebook["cells"][index(notebook, "softmax") + 1]
    cell["outputs"] = [{"output_type": "display_data", "metadata": {"width": float("inf")},
                        "data": {"application/json": {"y": [float("nan"), float("-inf"), 1e400, -0.0, 10**400]}}}]
    return notebook


@unlucky
def six_hundred_cells_with_outputs(notebook: dict) -> dict:
    """Six hundred scratch cells stand above the answers, each with its stored output."""
    for number in range(600):
        first(notebook, f"x = {number}\nx")
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "execute_result", "execution_count": number, "metadata": {},
                                "data": {"text/plain": [str(number)]}}]
    return notebook


@unlucky
def state_of_widgets(notebook: dict) -> dict:
    """The state of three hundred widgets is kept in the metadata, and cells show them."""
    state = {f"{number:032x}": {"model_module": "@jupyter-widgets/controls", "model_module_version": "2.0.0",
                                "model_name": "FloatSliderModel", "state": {"value": 0.5, "description": "x" * 1000}}
             for number in range(300)}
    kind = "application/vnd.jupyter.widget-"
    notebook["metadata"]["widgets"] = {f"{kind}state+json": {"state": state, "version_major": 2, "version_minor": 0}}
    first(notebook, "from ipywidgets import interact\ninteract(lambda x: x ** 2, x=(0.0, 1.0))")
    notebook["cells"][index(notebook, "softmax") - 1]["outputs"] = [
        {"output_type": "display_data", "metadata": {}, "data": {f"{kind}view+json": {"model_id": f"{1:032x}"}}}]
    return notebook
