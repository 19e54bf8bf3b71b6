"""A learner in a real browser: opens an exercise, answers wrongly, reads the mistake, answers rightly."""

import re

import nbformat
import pytest

from selfattention.course import files

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WRONG = """def softmax(scores):
    exponentials = np.exp(scores - scores.max(axis=0, keepdims=True))
    return exponentials / exponentials.sum(axis=0, keepdims=True)"""
RIGHT = WRONG.replace("axis=0", "axis=-1")
MILLISECONDS = 90_000
OF_EACH_KIND = [*(files.place("01_dot_products", kind) for kind in ("lesson", "exercises", "solutions")),
                "notebooks/glossary.ipynb"]
CURRENT = "jupyterapp.shell.currentWidget"


def open_notebook(page, address, path):
    """Open a notebook alone, without the tabs of earlier visits, and wait until its kernel answers."""
    page.goto(re.sub(r"/lab[^?]*", f"/lab/tree/{path}", address) + "&reset")
    wait_for_tab(page, path)
    page.wait_for_function(f"{CURRENT}.sessionContext.session?.kernel?.connectionStatus === 'connected'",
                           timeout=MILLISECONDS)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=MILLISECONDS)
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']", timeout=MILLISECONDS)


def wait_for_tab(page, path):
    """Wait until a notebook is in front."""
    page.wait_for_function(f"window.jupyterapp && {CURRENT}?.context?.path === {path!r}", timeout=MILLISECONDS)


def cell(page, text):
    """The code cell whose source begins with `text`."""
    return page.locator(".jp-Notebook .jp-CodeCell", has=page.locator(".cm-content", has_text=text)).first


def write(page, target, source):
    """Replace the text of a cell. A click or key press that a redraw has swallowed is repeated."""
    editor = target.locator(".cm-content").first
    for _ in range(10):
        editor.click()
        if target.locator(".cm-content:focus").count():
            page.keyboard.press("Control+a")
            page.keyboard.insert_text(source)
            if editor.inner_text().split() == source.split():
                return
        page.wait_for_timeout(500)
    raise AssertionError(f"the cell holds {editor.inner_text()!r}")


def run(page, target):
    """Run a cell and wait until it has its number."""
    prompt = target.locator(".jp-InputPrompt").first
    before = prompt.inner_text()
    for _ in range(3):
        target.locator(".cm-content").first.click()
        page.keyboard.press("Control+Enter")
        for _ in range(60):
            page.wait_for_timeout(500)
            if prompt.inner_text() not in (before, "[*]:"):
                return
    raise AssertionError(f"the cell did not run: it had the number {before}, now {prompt.inner_text()}")


def without_outputs(path):
    """Clear a notebook, so that a cell's number shows that it ran."""
    notebook = nbformat.read(path, as_version=4)
    for found in notebook.cells:
        if found.cell_type == "code":
            found.update(outputs=[], execution_count=None)
    nbformat.write(notebook, path)


def test_a_wrong_answer_is_named_and_a_right_one_passes(lab, page):
    address, folder = lab
    without_outputs(folder / "exercises/02_exercises_softmax.ipynb")
    open_notebook(page, address, "exercises/02_exercises_softmax.ipynb")
    checks = cell(page, 'check("02.softmax")')
    run(page, cell(page, "import numpy as np"))
    answer = cell(page, "def softmax(scores")
    write(page, answer, WRONG)
    run(page, answer)
    run(page, checks)
    card = checks.locator("[role=status]")
    card.get_by_text("normalises over the queries instead of the keys").wait_for(timeout=MILLISECONDS)
    assert "0 of 4 points" in card.inner_text()
    assert "Hint" in card.inner_text()

    write(page, answer, RIGHT)
    run(page, answer)
    run(page, checks)
    card.get_by_text("passed, 4 of 4 points").wait_for(timeout=MILLISECONDS)
    assert "Known mistake" not in card.inner_text()
    checks.get_by_text("Next:").wait_for(timeout=MILLISECONDS)
    assert "/exercises/02_exercises_softmax.ipynb" in checks.get_by_role("link").get_attribute("href")

    last = cell(page, "from selfattention import progress")
    last.scroll_into_view_if_needed()
    run(page, last)
    last.get_by_text("4/4").wait_for(timeout=MILLISECONDS)
    last.get_by_role("link", name="00 · Start here").click()
    wait_for_tab(page, "notebooks/00_start_here.ipynb")


@pytest.mark.parametrize("path", OF_EACH_KIND)
def test_opening_a_notebook_is_no_change_and_each_link_opens_the_right_tab(path, lab, page):
    address, folder = lab
    before = (folder / path).read_bytes()
    open_notebook(page, address, path)
    page.evaluate(f"{CURRENT}.sessionContext.session.kernel.info")
    page.wait_for_timeout(2000)  # what the kernel tells of itself is written into the notebook after that
    assert page.evaluate(f"{CURRENT}.context.model.dirty") is False
    tab = page.evaluate(f"{CURRENT}.id")
    links = page.locator(f"#{tab} .jp-MarkdownCell").nth(1).get_by_role("link")
    places = [place(path, target) for target in way_targets(folder / path)]
    assert links.count() == len(places) > 0
    for number, wanted in enumerate(places):
        links.nth(number).click()
        wait_for_tab(page, wanted)
        page.evaluate(f"jupyterapp.shell.activateById({tab!r})")
    assert (folder / path).read_bytes() == before


def way_targets(path):
    line = next(found for found in nbformat.read(path, as_version=4).cells if found.id == "way")
    return re.findall(r"\]\(([^)]+)\)", line.source)


def place(path, target):
    """Where a link of a notebook leads, from the folder of all."""
    return target.removeprefix("../") if target.startswith("../") else f"{path.partition('/')[0]}/{target}"


def test_names_can_be_read_in_the_list_of_files(lab, page):
    """At its usual width it shows what tells notebooks of a folder apart."""
    address, _ = lab
    open_notebook(page, address, OF_EACH_KIND[1])
    names = page.locator(".jp-DirListing-item .jp-DirListing-itemText")
    page.locator(".jp-DirListing-item").first.wait_for(timeout=MILLISECONDS)
    assert not page.locator(".jp-DirListing-item .jp-DirListing-itemModified").count()
    text = names.first.bounding_box()
    assert text["width"] > 180, "21 letters or more: 01_exercises_ and the first word"


def test_the_start_page_opens_with_its_first_lines(lab, page):
    address, _ = lab
    page.goto(address)
    page.locator(".jp-Notebook h1", has_text="Start here").first.wait_for(timeout=MILLISECONDS)
    # Long lines of code are wrapped, not cut off, at a laptop's width.
    page.locator(".jp-CodeCell .cm-content.cm-lineWrapping").first.wait_for(timeout=MILLISECONDS, state="attached")
