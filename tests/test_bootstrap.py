"""What bootstrap.py asks for, of whom, and what it says meanwhile; nothing is installed here."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def bootstrap(monkeypatch, tmp_path):
    """The module, working in an empty folder; `bootstrap.ran` collects the commands, `bootstrap.fails` is refused."""
    found = importlib.util.spec_from_file_location("bootstrap", ROOT / "bootstrap.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    module.ran, module.fails = [], ""
    monkeypatch.setattr(module, "HERE", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv" / "python")
    monkeypatch.setattr(module.venv, "create", lambda folder, **_: folder.mkdir(exist_ok=True))
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "platform", "linux")

    def call(command, **_):
        module.ran.append(list(map(str, command)))
        return 1 if module.fails and command[0] == module.fails else 0

    monkeypatch.setattr(module.subprocess, "call", call)
    return module


def test_the_index_of_cpu_builds_is_asked_for_torch_alone(bootstrap):
    bootstrap.set_up("test")
    torch, course = bootstrap.ran
    assert bootstrap.CPU_BUILDS in torch and "--no-deps" in torch
    assert [word for word in torch if word.startswith("torch==")] == ["torch==2.13.0+cpu"]
    assert not [word for word in course if word.startswith("--extra-index") or "://" in word]
    assert course[-4:] == ["-c", "constraints.txt", "-e", ".[test]"]


def test_elsewhere_torch_comes_with_the_rest(bootstrap, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    bootstrap.set_up("")
    assert [command[-3:] for command in bootstrap.ran] == [["constraints.txt", "-e", "."]]


def test_it_says_what_it_does_while_it_does_it(bootstrap, capsys):
    bootstrap.set_up("")
    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[1].strip() for line in said[1:]] == ["1 of 3", "2 of 3", "3 of 3"]
    assert all("MB" in line for line in said[2:])
    (bootstrap.VENV / "python").touch()
    bootstrap.set_up("")
    assert capsys.readouterr().out == "" and len(bootstrap.ran) == 2, "what is done is not done again"


def test_uv_is_used_where_it_is_and_pip_takes_over_where_it_cannot(bootstrap, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: "/opt/uv")
    bootstrap.set_up("")
    assert [command[:3] for command in bootstrap.ran] == [["/opt/uv", "pip", "install"]] * 2
    bootstrap.ran.clear()
    bootstrap.fails = "/opt/uv"
    bootstrap.set_up("test")
    assert [command[0] == "/opt/uv" for command in bootstrap.ran] == [True, False, True, False]
    assert capsys.readouterr().out.count("uv could not; pip tries the same") == 2


def test_a_step_that_fails_is_named_and_may_be_tried_again(bootstrap):
    bootstrap.fails = str(bootstrap.PYTHON)
    with pytest.raises(SystemExit, match=r"installing the CPU build of torch failed.*Run the same command again"):
        bootstrap.set_up("")
    assert not list(bootstrap.VENV.glob("ready-*"))


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot replace a process")
def test_the_job_takes_the_process_over(bootstrap, monkeypatch):
    taken = []

    def replaced(program, command):
        taken.append((program, command))
        raise SystemExit

    monkeypatch.setattr(os, "execv", replaced)
    monkeypatch.setattr(os, "chdir", lambda folder: None)
    monkeypatch.setattr(sys, "argv", ["bootstrap.py", "lab", "--no-browser"])
    monkeypatch.setattr(bootstrap.subprocess, "call", lambda *_, **__: 0)
    with pytest.raises(SystemExit):
        bootstrap.main()
    ((program, command),) = taken
    assert program == str(bootstrap.PYTHON) and command[1:] == ["-m", "selfattention", "lab", "--no-browser"]
