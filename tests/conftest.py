"""What several tests need: shapes that are checked, a real JupyterLab and a real browser."""

import os
import re
import runpy
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import kernels
import pytest
import traces
from jaxtyping import config, install_import_hook

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of several processes hinder each other
TEMPORARY = traces.own_temporary_folder()
ROOT = Path(__file__).resolve().parents[1]
LESSON_CODE = [f"selfattention.{path.stem}" for path in (ROOT / "src/selfattention").iterdir()
               if not path.stem.startswith("_") and path.stem not in {"engine", "course", "lessons"}]
# The shapes in the signatures are checked at every call while testing.
install_import_hook(LESSON_CODE, "beartype.beartype")
kernels.install()
CHROMIUM_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                  "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def pytest_sessionstart(session):
    if not hasattr(session.config, "workerinput"):  # the process that starts the workers, and outlives them
        session.config.before = traces.Before(TEMPORARY)


def pytest_collection_modifyitems(items):
    """Files that take long begin first, then notebooks: what comes last is short, and no worker waits for another."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in slow, item.path.suffix != ".ipynb"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """The run has failed where it leaves something behind, whatever its tests say."""
    kernels.end()
    if hasattr(session.config, "before"):
        session.config.traces = session.config.before.traces()
        if session.config.traces:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    if found := getattr(config, "traces", []):
        terminalreporter.section("this run left traces on the machine", red=True)
        terminalreporter.write_line("\n".join(found))


@pytest.fixture
def recipe(monkeypatch, capsys, as_users_call):
    """Runs a script of `benchmarks/` in this process, which has torch already, and gives what it printed."""
    import torch

    def run(name, *options):
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *options])
        monkeypatch.syspath_prepend(ROOT / "benchmarks")  # as Python does for a script
        threads = torch.get_num_threads()
        capsys.readouterr()
        try:
            runpy.run_path(str(ROOT / "benchmarks" / f"{name}.py"), run_name="__main__")
        finally:
            torch.set_num_threads(threads)
        return capsys.readouterr().out

    return run


@pytest.fixture
def as_users_call():
    """Without the check of shapes in signatures, which a user does not have: the code must speak for itself."""
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)


@pytest.fixture
def float64():
    """Torch makes 64-bit numbers, and the same random ones each time: what differs then is a bug."""
    import torch

    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="session")
def chromium():
    """The path of an installed Chromium; the test is skipped, and says so, where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail("REQUIRE_BROWSER is set, but no Chromium is installed")
        pytest.skip("no Chromium found: install chromium to test in a real browser")
    return found


@pytest.fixture(scope="session")
def start_lab(tmp_path_factory):
    """Starts JupyterLab as a learner does, on a fresh working copy: the process, its address and the folder."""
    started = []

    def start(port):
        folder = tmp_path_factory.mktemp("learner") / "work"
        log = folder.parent / "lab.log"
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "JUPYTER_CONFIG_DIR": str(folder.parent / "config"),
                       "JUPYTERLAB_SETTINGS_DIR": str(folder.parent / "settings")}
        with log.open("w") as output:
            server = subprocess.Popen(
                [sys.executable, "-m", "selfattention", "lab", "--work", str(folder), "--no-browser",
                 "--port", str(port), "--", "--LabApp.expose_app_in_browser=True",
                 *(["--allow-root"] if hasattr(os, "getuid") and os.getuid() == 0 else [])],
                stdout=output, stderr=subprocess.STDOUT, env=environment, start_new_session=True)
        started.append(server)
        return server, _address(log, server), folder

    yield start
    for server in started:
        server.terminate()
        server.wait(timeout=60)


@pytest.fixture(scope="session")
def lab(start_lab):
    """A running JupyterLab: its address and its folder."""
    return start_lab(18888)[1:]


def _address(log: Path, server: subprocess.Popen, seconds: float = 120) -> str:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\d+/lab\S*\?token=\w+", log.read_text())
        if found:
            urllib.request.urlopen(found[0], timeout=60).read()
            return found[0]
        time.sleep(0.5)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def browser(chromium, tmp_path_factory):
    """A browser with a fresh profile, as wide as a laptop; what JupyterLab is made of is loaded once."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path_factory.mktemp("profile")), executable_path=chromium, headless=True, args=CHROMIUM_FLAGS,
            viewport={"width": 1366, "height": 768})
        yield context
        context.close()


@pytest.fixture
def page(browser, tmp_path):
    """A page of that browser."""
    opened = browser.new_page()
    yield opened
    if os.environ.get("SCREENSHOTS"):
        opened.screenshot(path=f"{os.environ['SCREENSHOTS']}/{tmp_path.name}.png")
    opened.close()
