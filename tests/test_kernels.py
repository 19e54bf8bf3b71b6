"""Kernels that are forks behave as kernels do: they are apart, interrupted, and missed when they die."""

import os

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kernels start as usual here")


def run(*cells, **options):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    return NotebookClient(notebook, kernel_name="python3", **options).execute()


def shown(notebook):
    return [output["text"].strip() for cell in notebook.cells for output in cell.outputs]


def test_nothing_of_one_kernel_is_in_another_nor_anything_of_the_course_before_it_is_imported():
    said = "import sys\nprint('selfattention' in sys.modules, 'kernels' in sys.modules, 'left' in globals())"
    assert shown(run(said, "left = 1")) == shown(run(said)) == ["False False False"]


def test_the_folder_and_the_environment_are_those_that_were_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("ASKED_FOR", "yes")
    told = run("import os\nprint(os.environ['ASKED_FOR'], os.getcwd())",
               resources={"metadata": {"path": str(tmp_path)}})
    assert shown(told) == [f"yes {tmp_path}"]


def test_a_cell_that_takes_too_long_is_interrupted():
    with pytest.raises((CellTimeoutError, CellExecutionError)):
        run("while True: pass", timeout=2)
    told = run("while True: pass", "print('went on')", timeout=2, interrupt_on_timeout=True, allow_errors=True)
    assert told.cells[1].outputs[0]["text"].strip() == "went on"


def test_it_is_noticed_when_a_kernel_dies():
    with pytest.raises(DeadKernelError):
        run("import os\nos._exit(1)")
