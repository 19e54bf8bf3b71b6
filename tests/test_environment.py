"""The three lists of packages say the same: pyproject.toml, environment.yml and constraints.txt."""

import re
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from rattler import MatchSpec

if sys.version_info < (3, 11):
    import tomli as tomllib
else:
    import tomllib

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
CONDA_ONLY = {"python", "pip"}


def conda_specs():
    lines = [line for line in CONDA["dependencies"] if isinstance(line, str)]
    return {spec.name.normalized: spec for spec in (MatchSpec(line, strict=True) for line in lines)}


def test_conda_lists_what_pip_does():
    wanted = {CONDA_NAMES.get(Requirement(line).name, Requirement(line).name): Requirement(line).specifier
              for line in PROJECT["dependencies"]}
    specs = conda_specs()
    assert set(specs) - CONDA_ONLY == set(wanted)
    for name, specifier in wanted.items():
        assert SpecifierSet(str(specs[name].version)) == specifier, name


def test_conda_takes_the_same_pythons_and_only_conda_forge():
    assert SpecifierSet(str(conda_specs()["python"].version)) == SpecifierSet(PROJECT["requires-python"])
    assert CONDA["channels"] == ["conda-forge", "nodefaults"]


@pytest.mark.parametrize("python", ["3.10.14", "3.11.9", "3.12.4", "3.13.1", "3.14.0"])
def test_constraints_pin_every_named_package_within_its_range(python):
    pins = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            pin = Requirement(line)
            if pin.marker is None or pin.marker.evaluate({"python_full_version": python, "python_version": python[:4]}):
                pins[pin.name] = pin.specifier
    extras = [line for group in PROJECT["optional-dependencies"].values() for line in group]
    for line in [*PROJECT["dependencies"], *extras]:
        requirement = Requirement(line)
        version = re.fullmatch(r"==([\w.]+)", str(pins[requirement.name]))[1]
        assert requirement.specifier.contains(version), line


def test_bootstrap_and_pyproject_admit_the_same_pythons():
    source = (ROOT / "bootstrap.py").read_text()
    oldest, newest = re.search(r"OLDEST, NEWEST = \((\d, \d+)\), \((\d, \d+)\)", source).groups()
    admitted = SpecifierSet(PROJECT["requires-python"])
    for text, inside, outside in ((oldest, 0, -1), (newest, 0, 1)):
        major, minor = map(int, text.split(","))
        assert Version(f"{major}.{minor + inside}") in admitted
        assert Version(f"{major}.{minor + outside}") not in admitted
