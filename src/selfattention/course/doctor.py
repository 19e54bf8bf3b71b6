"""Is this computer ready for the course? Each finding says what is wrong and what to do."""

import os
import platform
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

MEMORY_GIB = 4
PORT = 8888


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `remedy` is empty where all is well."""

    what: str
    found: str
    remedy: str = ""


def examine(folder: Path) -> list[Finding]:
    """Look at Python, the packages, the machine, the folder and the port."""
    return [_python(), *_packages(), _cores(), _memory(), _kernel(), _writable(folder), _port()]


def _python() -> Finding:
    from packaging.specifiers import SpecifierSet

    wanted = metadata.metadata("selfattention")["Requires-Python"]
    version = platform.python_version()
    fits = version in SpecifierSet(wanted, prereleases=True)
    return Finding("Python", f"{version} on {platform.system()}",
                   "" if fits else f"the course needs Python {wanted}: install one from python.org and set up again")


def _packages() -> Iterator[Finding]:
    from packaging.requirements import Requirement

    for line in metadata.requires("selfattention") or []:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        remedy = f'python -m pip install "{requirement.name}{requirement.specifier}"'
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            yield Finding(requirement.name, "not installed", remedy)
            continue
        fits = requirement.specifier.contains(version.split("+")[0], prereleases=True)
        yield Finding(requirement.name, version, "" if fits else remedy)


def _cores() -> Finding:
    cores = os.cpu_count() or 1
    return Finding("processor cores", str(cores), "" if cores >= 2 else "the lessons run, but about twice as long")


def _memory() -> Finding:
    import psutil

    free = psutil.virtual_memory().available / 2**30
    remedy = f"close other programs: at least {MEMORY_GIB} GiB should be free" if free < MEMORY_GIB else ""
    return Finding("free memory", f"{free:.1f} GiB", remedy)


def _kernel() -> Finding:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        place = KernelSpecManager().get_kernel_spec("python3").resource_dir
    except NoSuchKernel:
        return Finding("notebook kernel", "none", "python -m ipykernel install --sys-prefix")
    return Finding("notebook kernel", place)


def _writable(folder: Path) -> Finding:
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.is_dir())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            return Finding("write access", str(folder))
    except OSError as error:
        return Finding("write access", f"{nearest}: {error.strerror}",
                       "choose a folder of your own: `selfattention start FOLDER`")


def _port() -> Finding:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError:
            return Finding("port", f"{PORT} is taken", "nothing to do: JupyterLab takes the next free port")
    return Finding("port", f"{PORT} is free")
