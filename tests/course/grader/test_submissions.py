"""Submissions as platforms, people and attackers leave them: each is found with its student, or with the reason."""

import gzip
import io
import json
import os
import socket
import stat
import sys
import tarfile
import tempfile
import time
import tracemalloc
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pytest

from selfattention.course import files
from selfattention.course.grader import archives, folders, submissions
from selfattention.course.grader.names import escaped, shown
from selfattention.course.grader.submissions import NoSubmissions, file_names, find
from selfattention.course.reading import parse, slim

NAME = "02_softmax.ipynb"
OTHER = "03_scaled_dot_product_attention.ipynb"
NOTEBOOK = (files.root() / files.place("02_softmax", "exercises")).read_bytes()
UNNAMED = json.dumps(json.loads(NOTEBOOK) | {"metadata": {}}).encode()  # does not say which chapter it is
SLIM = slim(io.BytesIO(NOTEBOOK))  # as it is read to be graded
TWO = (f"alice/{NAME}", f"bob/{NAME}")
NO_PLAIN_FILE = "it is not a plain file in the archive"
EMPTY = "there is no notebook in the folder"
POSIX = pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows, and there is no fifo")
NOT_AS_ROOT = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="may read everything")
BYTES = pytest.mark.skipif(sys.platform != "linux", reason="names are text on this system, not bytes")


def contents(names):
    """What is in each file: of some names alone, a notebook."""
    return names if isinstance(names, dict) else {name: NOTEBOOK if name[-1:] != "/" else b"" for name in names}


def folder(path, names):
    path.mkdir()
    for name, content in contents(names).items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).mkdir() if name.endswith("/") else (path / name).write_bytes(content)
    return path


def zipped(path, names):
    path = path.with_name(path.name + ".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents(names).items():
            archive.writestr(name, content)
    return path


def tarred(path, names, ending=".tar"):
    path = path.with_name(path.name + ending)
    with tarfile.open(path, "w" + ending.removeprefix(".tar").replace(".", ":")) as archive:
        for name, content in contents(names).items():
            entry = tarfile.TarInfo(name.rstrip("/"))
            entry.size, entry.type = len(content), tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            archive.addfile(entry, io.BytesIO(content))
    return path


def tarred_gz(path, names):
    return tarred(path, names, ".tar.gz")


def packed(*names, pack=zipped, **more):
    """The bytes of an archive."""
    with tempfile.TemporaryDirectory() as place:
        return pack(Path(place, "inner"), dict.fromkeys(names, NOTEBOOK) | more).read_bytes()


PACKINGS = (folder, zipped, tarred, tarred_gz)
ARCHIVES = PACKINGS[1:]


def listing(path):
    """Everything under a folder, with what it takes and when it was written."""
    told = {}
    for parent, inside, names in os.walk(path):
        for name in (*inside, *names):
            state = os.lstat(os.path.join(parent, name))
            told[os.path.join(parent, name)] = (state.st_mode, state.st_size, state.st_mtime_ns)
    return told


def beside(path):
    """What stands in the two folders above."""
    return {str(one): "there" for parent in path.parents[:2] for one in parent.iterdir() if one != path}


@pytest.fixture
def look(tmp_path):
    """`find`, where nothing may be written but plain files in the folder `unpacked`."""

    def look(where, pattern=None):
        unpacked = tmp_path / "unpacked"
        unpacked.mkdir()
        before = listing(tmp_path) | beside(tmp_path)
        try:
            return find(where, pattern, unpacked)
        finally:
            after = listing(tmp_path) | beside(tmp_path)
            inside = [path for path in after if Path(path).parent == unpacked]
            assert all(stat.S_ISREG(after.pop(path)[0]) for path in inside)
            after[str(unpacked)] = before[str(unpacked)]  # its own time has changed
            assert after == before

    return look


def reasons(found):
    return {entry.student: entry.reason for entry in found}


LAYOUTS = {
    "a folder for each student": TWO,
    "folders in students' folders": (f"alice/week 2/{NAME}", f"bob/{NAME}"),
    "nbgrader": (f"submitted/alice/ps1/{NAME}", f"submitted/bob/ps1/{NAME}"),
    "nbgrader's folder of submissions": (f"alice/ps1/{NAME}", f"bob/ps1/{NAME}"),
    "Moodle, in folders": (f"alice_123_assignsubmission_file/{NAME}", f"bob_124_assignsubmission_file/{NAME}"),
    "Moodle, in folders, older": (f"alice_123_assignsubmission_file_/{NAME}", f"bob_124_assignsubmission_file_/{NAME}"),
    "Moodle, without folders": (f"alice_123_assignsubmission_file_{NAME}", f"bob_124_assignsubmission_file_{NAME}"),
    "Canvas": (f"alice_123_4567_{NAME}", f"bob_LATE_124_4568_{NAME.replace('.', '-1.')}"),
}


@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_understood_in_a_folder_and_in_archives(layout, pack, look, tmp_path):
    found = look(pack(tmp_path / "class", LAYOUTS[layout]))
    assert reasons(found) == {"alice": "", "bob": ""}
    assert {entry.origin for entry in found} == set(LAYOUTS[layout])
    assert all(entry.chapter == "02_softmax" and entry.read() == SLIM for entry in found)


@pytest.mark.parametrize("pack", [folder, zipped, tarred, pytest.param(tarred_gz)])
def test_notebooks_without_a_folder_belong_to_the_folder_or_archive_they_are_in(pack, look, tmp_path):
    found = look(pack(tmp_path / "carol", (NAME, OTHER)))
    assert [(entry.student, entry.name, entry.reason) for entry in found] == [("carol", NAME, ""), ("carol", OTHER, "")]


def test_a_dot_belongs_to_a_folders_name(look, tmp_path):
    assert reasons(look(folder(tmp_path / "carol.miller", (NAME,)))) == {"carol.miller": ""}


@pytest.mark.parametrize("pack", ARCHIVES)
@pytest.mark.parametrize("inside", [TWO, LAYOUTS["nbgrader"]])
def test_an_archive_may_hold_the_folder_itself(inside, pack, look, tmp_path):
    """As file managers, `zip -r class.zip class` and `tar czf class.tar.gz class` make them."""
    assert reasons(look(pack(tmp_path / "class", [f"class/{name}" for name in inside]))) == {"alice": "", "bob": ""}


@pytest.mark.parametrize("pack", ARCHIVES)
def test_also_where_hidden_files_lie_beside_it(pack, look, tmp_path):
    names = (*(f"homework/{name}" for name in TWO), ".DS_Store", f".ipynb_checkpoints/{NAME}", f"__MACOSX/{NAME}")
    assert reasons(look(pack(tmp_path / "class", names))) == {"alice": "", "bob": ""}


def test_nor_is_a_folder_without_a_notebook_left_out_there(look, tmp_path):
    where = zipped(tmp_path / "class", [*(f"class/{name}" for name in TWO), "class/carol/answers.txt"])
    assert reasons(look(where)) == {"alice": "", "bob": "", "carol": EMPTY}


def test_an_archive_of_one_student_is_not_taken_for_a_class(look, tmp_path):
    where = zipped(tmp_path / "class", (f"alice/week 2/{NAME}", f"alice/week 3/{OTHER}"))
    assert [(entry.student, entry.chapter[:2]) for entry in look(where)] == [("alice", "02"), ("alice", "03")]


def test_an_archive_may_hold_the_folder_of_an_export_without_folders(look, tmp_path):
    where = zipped(tmp_path / "class", [f"class/{name}" for name in LAYOUTS["Canvas"]])
    assert reasons(look(where)) == {"alice": "", "bob": ""}


def test_backslashes_in_a_zip_made_on_windows(look, tmp_path):
    where = zipped(tmp_path / "class", [name.replace("/", "\\") for name in TWO])
    assert reasons(look(where)) == {"alice": "", "bob": ""}


@pytest.mark.parametrize("pack", PACKINGS)
def test_a_pattern_of_ones_own_names_the_students(pack, look, tmp_path):
    where = pack(tmp_path / "class", ("group 1/alice.ipynb", "group 2/bob.ipynb", "notes.ipynb"))
    found = reasons(look(where, r"group \d/(?P<student>\w+)\.ipynb"))
    assert found.pop("alice") == found.pop("bob") == ""
    assert list(found) == ["notes.ipynb"] and "does not fit the pattern" in found["notes.ipynb"]


@pytest.mark.parametrize("pack", PACKINGS)
def test_where_a_pattern_fits_nothing_everything_is_marked(pack, look, tmp_path):
    found = look(pack(tmp_path / "class", TWO), "moodle")
    assert len(found) == 2 and all("does not fit the pattern 'moodle'" in entry.reason for entry in found)


def test_a_pattern_whose_student_takes_no_part_does_not_fit(look, tmp_path):
    assert "does not fit" in look(folder(tmp_path / "class", (f"alice/{NAME}",)), "(?P<student>x)?.*")[0].reason


@pytest.mark.parametrize(("pattern", "words"), [("(?P<student>", "regular expression"), (".*", "names nobody")])
def test_a_pattern_that_is_none_is_explained(pattern, words, look, tmp_path):
    with pytest.raises(NoSubmissions, match=words):
        look(folder(tmp_path / "class", TWO), pattern)


def test_an_ending_in_capitals_is_as_good(look, tmp_path):
    assert reasons(look(folder(tmp_path / "class", ("alice_1_assignsubmission_file_02.IPYNB",)))) == {"alice": ""}


@pytest.mark.parametrize("pack", PACKINGS)
def test_what_systems_and_jupyter_leave_behind_is_ignored(pack, look, tmp_path):
    litter = (f"alice/.ipynb_checkpoints/{NAME}", f"__MACOSX/alice/._{NAME}", f"alice/._{NAME}", "alice/.DS_Store",
              f".ipynb_checkpoints/{NAME}", f".git/{NAME}", "alice/picture.png", "bob/essay.docx", "readme.txt")
    assert reasons(look(pack(tmp_path / "class", TWO + litter))) == {"alice": "", "bob": ""}


@pytest.mark.parametrize("pack", PACKINGS)
def test_hidden_folders_are_ignored(pack, look, tmp_path):
    """A language server keeps copies of notebooks in `.virtual_documents`."""
    hidden = (f"alice/.virtual_documents/{NAME}", ".trash/answers.txt")
    assert reasons(look(pack(tmp_path / "class", TWO + hidden))) == {"alice": "", "bob": ""}


@pytest.mark.parametrize("pack", PACKINGS)
def test_a_folder_without_a_notebook_is_marked(pack, look, tmp_path):
    found = reasons(look(pack(tmp_path / "class", (f"alice/{NAME}", "bob/answers.txt", "carol/deep/deeper/notes.md"))))
    assert found == {"alice": "", "bob": EMPTY, "carol": EMPTY}


@pytest.mark.parametrize("pack", [folder, *(pack for pack in ARCHIVES)])
def test_so_is_what_nbgrader_collected_without_a_notebook(pack, look, tmp_path):
    where = pack(tmp_path / "class", (f"submitted/alice/ps1/{NAME}", "submitted/bob/ps1/timestamp.txt"))
    assert reasons(look(where)) == {"alice": "", "bob": EMPTY}


def test_an_empty_folder_is_marked_too(look, tmp_path):
    assert reasons(look(folder(tmp_path / "class", (f"alice/{NAME}", "bob/")))) == {"alice": "", "bob": EMPTY}


@pytest.mark.parametrize("pack", PACKINGS)
def test_who_handed_in_something_else_is_marked_where_there_are_no_folders(pack, look, tmp_path):
    found = look(pack(tmp_path / "class", (f"alice_123_4567_{NAME}", "bob_124_4568_answers.zip")))
    assert any("bob" in entry.student for entry in found)


def test_a_picture_beside_the_notebook_does_no_harm_where_there_are_no_folders(look, tmp_path):
    found = look(folder(tmp_path / "class", (f"alice_123_4567_{NAME}", "alice_123_4568_picture.png")))
    assert [(entry.student, entry.reason) for entry in found] == [("alice", "")]


def test_no_file_makes_a_student_disappear(look, tmp_path):
    names = (f"alice/{NAME}", f"bob/{NAME}", "bob/grading.json", "bob/results/x.json", "bob/report.html")
    assert set(reasons(look(folder(tmp_path / "class", names)))) == {"alice", "bob"}


@pytest.mark.parametrize("noted", ["99_nothing", "2", 7, None, ["02_softmax"]])
def test_twins_are_noticed_whatever_they_say_of_themselves(noted, look, tmp_path):
    """They are graded for the chapter that their number names, so they would earn its points twice."""
    content = json.dumps({"nbformat": 4, "cells": [], "metadata": {"selfattention": {"chapter": noted}}}).encode()
    found = look(folder(tmp_path / "class", {"alice/02.ipynb": content, "alice/02b.ipynb": content}))
    assert len(found) == 1 and "there are 2 submissions for one chapter" in found[0].reason


@pytest.mark.parametrize("pack", PACKINGS)
def test_two_notebooks_for_one_chapter_are_both_set_aside(pack, look, tmp_path):
    names = (f"alice/{NAME}", "alice/02_softmax (1).ipynb", f"alice/{OTHER}", f"bob/{NAME}")
    found = look(pack(tmp_path / "class", names))
    assert [(entry.student, entry.chapter[:2], entry.path is None) for entry in found] == [
        ("alice", "02", True), ("alice", "03", False), ("bob", "02", False)]
    assert found[0].reason.endswith(f"keep one of alice/02_softmax (1).ipynb, alice/{NAME}")


def test_twins_are_noticed_by_what_they_say_of_themselves(look, tmp_path):
    found = look(folder(tmp_path / "class", ("alice/mine.ipynb", "alice/old/mine (2).ipynb")))
    assert len(found) == 1 and "there are 2 submissions for one chapter" in found[0].reason


def test_twins_are_noticed_by_a_number_in_their_names(look, tmp_path):
    found = look(folder(tmp_path / "class", {"alice/02.ipynb": UNNAMED, "alice/02 again.ipynb": UNNAMED}))
    assert len(found) == 1 and "there are 2 submissions for one chapter" in found[0].reason


def test_students_of_one_name_stay_two(look, tmp_path):
    """Moodle tells them apart by the number after the name."""
    found = look(folder(tmp_path / "class", (f"alice_123_assignsubmission_file/{NAME}",
                                             f"alice_124_assignsubmission_file/{OTHER}")))
    assert len({entry.student for entry in found}) == 2


@pytest.mark.parametrize("pack", ARCHIVES)
def test_students_who_differ_only_in_case_stay_two(pack, look, tmp_path):
    found = look(pack(tmp_path / "class", (f"Ann/{NAME}", f"ann/{NAME}")))
    assert reasons(found) == {"Ann": "", "ann": ""}
    assert len({name.casefold() for name in file_names(entry.student for entry in found).values()}) == 2


# Links and files that are none.


@POSIX
def test_links_are_marked_and_not_followed(look, tmp_path):
    outside = folder(tmp_path / "outside", (NAME, f"bob/{NAME}"))
    where = folder(tmp_path / "class", ("alice/", f"carol/{NAME}"))
    (where / "alice" / NAME).symlink_to(outside / NAME)
    (where / "bob").symlink_to(outside / "bob", target_is_directory=True)
    (where / "carol" / "more").symlink_to(outside, target_is_directory=True)
    (where / "dave").symlink_to(tmp_path / "nowhere")
    link = "it is a link, which is not followed"
    assert reasons(look(where)) == {"alice": link, "bob": link, "carol": "", "dave": link}


@POSIX
def test_nor_is_a_link_called_submitted(look, tmp_path):
    outside = folder(tmp_path / "outside", TWO)
    where = folder(tmp_path / "class", ())
    (where / "submitted").symlink_to(outside, target_is_directory=True)
    assert all(entry.path is None for entry in look(where))


@POSIX
def test_a_link_does_not_hide_the_notebook_beside_it(look, tmp_path):
    where = folder(tmp_path / "class", (f"alice/mine/{NAME}",))
    (where / "alice" / NAME).symlink_to(tmp_path / "nowhere")
    found = look(where)
    assert any(entry.path or f"mine/{NAME}" in entry.reason for entry in found)


@POSIX
def test_a_fifo_is_not_waited_for(look, tmp_path):
    where = folder(tmp_path / "class", ("alice/",))
    os.mkfifo(where / "alice" / "02.ipynb")
    assert reasons(look(where)) == {"alice": "it is not a plain file"}


@POSIX
@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_a_file_that_became_something_else_is_not_read(kind, look, tmp_path):
    (entry,) = look(folder(tmp_path / "class", (f"alice/{NAME}",)))
    os.rename(entry.path, tmp_path / "kept")
    entry.path.symlink_to(tmp_path / "kept") if kind == "link" else os.mkfifo(entry.path)
    with pytest.raises(OSError):
        entry.read()


@NOT_AS_ROOT
def test_a_file_that_may_not_be_read_is_found_all_the_same(look, tmp_path):
    where = folder(tmp_path / "class", ("alice/mine.ipynb",))
    (where / "alice" / "mine.ipynb").chmod(0)
    (entry,) = look(where)
    with pytest.raises(PermissionError):
        entry.read()


@NOT_AS_ROOT
def test_a_folder_that_may_not_be_read_is_not_called_empty(look, tmp_path):
    where = folder(tmp_path / "class", (f"alice/{NAME}",))
    (where / "alice").chmod(0)
    try:
        assert reasons(look(where))["alice"] not in ("", EMPTY)
    finally:
        (where / "alice").chmod(0o700)


KINDS = {"symbolic link": tarfile.SYMTYPE, "hard link": tarfile.LNKTYPE, "device": tarfile.CHRTYPE,
         "disk": tarfile.BLKTYPE, "fifo": tarfile.FIFOTYPE}


@pytest.mark.parametrize("kind", KINDS)
def test_a_tar_entry_that_is_no_file_is_marked(kind, look, tmp_path):
    where = tmp_path / "class.tar"
    with tarfile.open(where, "w") as archive:
        entry = tarfile.TarInfo(f"alice/{NAME}")
        entry.type, entry.linkname, entry.devmajor, entry.devminor = KINDS[kind], "/etc/passwd", 1, 5
        archive.addfile(entry)
    assert reasons(look(where)) == {"alice": NO_PLAIN_FILE}


def test_nothing_is_written_through_a_link_in_a_tar(look, tmp_path):
    where = tmp_path / "class.tar"
    with tarfile.open(where, "w") as archive:
        link = tarfile.TarInfo("alice")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
        archive.addfile(link)
        entry = tarfile.TarInfo(f"alice/{NAME}")
        entry.size = len(NOTEBOOK)
        archive.addfile(entry, io.BytesIO(NOTEBOOK))
    assert reasons(look(where)) == {"alice": ""}


def test_a_link_in_a_zip_is_marked(look, tmp_path):
    where = tmp_path / "class.zip"
    with zipfile.ZipFile(where, "w") as archive:
        entry = zipfile.ZipInfo(f"alice/{NAME}")
        entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    assert reasons(look(where)) == {"alice": NO_PLAIN_FILE}


@pytest.mark.parametrize("pack", ARCHIVES)
@pytest.mark.parametrize("outside", ["../../", "/", "//", "./", "x/../../../"])
def test_names_that_lead_outside_lead_nowhere(outside, pack, look, tmp_path):
    found = look(pack(tmp_path / "class", (f"{outside}alice/{NAME}", f"{tmp_path}/{outside}{OTHER}")))
    assert all(entry.path.parent == tmp_path / "unpacked" and entry.read() == SLIM for entry in found)
    assert not {"..", "/", ""} & {entry.student for entry in found}


# Archives that are damaged, locked, or made to do harm.


def test_an_encrypted_notebook_is_marked(look, tmp_path):
    where = zipped(tmp_path / "class", TWO)
    content = bytearray(where.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\1\2") + 8] |= 1
    where.write_bytes(content)
    assert reasons(look(where)) == {"alice": "it is encrypted: unpack the archive with its password first", "bob": ""}


def test_a_zip_bomb_is_refused_before_it_unfolds(look, tmp_path):
    where = tmp_path / "class.zip"
    with zipfile.ZipFile(where, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("alice/02.ipynb", "w", force_zip64=True) as entry:
            for _ in range(1024):
                entry.write(bytes(2**20))
        archive.writestr(f"bob/{NAME}", NOTEBOOK)
    tracemalloc.start()
    begun = time.process_time()
    try:
        found = reasons(look(where))
        assert tracemalloc.get_traced_memory()[1] < 100 * 2**20
    finally:
        tracemalloc.stop()
    assert time.process_time() - begun < 2
    assert found["bob"] == "" and found["alice"].startswith("holds more than 20 MB beside its outputs")
    assert sum(path.stat().st_size for path in (tmp_path / "unpacked").iterdir()) == len(SLIM)


def with_outputs(size):
    """A notebook that shows much."""
    notebook = json.loads(NOTEBOOK)
    next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "x" * size}]
    return json.dumps(notebook).encode()


@pytest.mark.parametrize("pack", PACKINGS)
def test_what_a_notebook_shows_takes_no_room(pack, look, tmp_path):
    content = with_outputs(21 * 2**20)
    (entry,) = look(pack(tmp_path / "class", {f"alice/{NAME}": content}))
    assert entry.reason == "" and entry.read() == slim(io.BytesIO(content)) and len(entry.read()) < 2**20
    assert pack is folder or entry.path.stat().st_size < 2**20


@pytest.mark.parametrize("pack", ARCHIVES)
def test_but_no_more_of_it_is_unpacked_than_is_read(pack, look, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST_FILE_BYTES", 2**20)
    found = reasons(look(pack(tmp_path / "class", {f"alice/{NAME}": with_outputs(2**20), f"bob/{NAME}": NOTEBOOK})))
    assert found["bob"] == "" and found["alice"].startswith("is larger than ") and "Clear Outputs" in found["alice"]


@pytest.mark.parametrize("sizes", [(4, 4, 4, 4), (100,), (-1, -1), (11, 1), (10, 1, 1)])
def test_a_member_is_read_to_the_first_byte_that_is_too_much(sizes):
    source = io.BytesIO(bytes(100))
    limited = archives._Limited(source, 10)
    parts = [limited.read(size) for size in sizes]
    assert sum(map(len, parts)) == source.tell() == 11 and limited.left == -1


def test_nor_is_a_file_that_is_too_large_read(look, tmp_path):
    where = folder(tmp_path / "class", TWO)
    os.truncate(where / "alice" / NAME, 2**40)
    found = reasons(look(where))
    assert found["bob"] == "" and found["alice"].startswith("is 1048576 MB, at most 512 MB are read")


@pytest.mark.parametrize("pack", ARCHIVES)
@pytest.mark.parametrize("kept", [0.3, 0.7])
def test_an_archive_that_was_cut_off_is_refused(kept, pack, look, tmp_path):
    noise = np.random.default_rng(0).bytes(100_000)
    where = pack(tmp_path / "class", {f"alice/{NAME}": NOTEBOOK, f"bob/{NAME}": noise})
    content = where.read_bytes()
    where.write_bytes(content[:int(kept * len(content))])
    with pytest.raises(NoSubmissions, match="class"):
        look(where)


def test_a_damaged_notebook_in_a_zip_is_marked(look, tmp_path):
    where = zipped(tmp_path / "class", TWO)
    where.write_bytes(where.read_bytes().replace(b'"cells"', b'"bells"', 1))
    found = reasons(look(where))
    assert found["bob"] == "" and found["alice"].startswith("it cannot be unpacked (BadZipFile: Bad CRC-32")


def cut_in_a_header(content):
    return content[:content.index(b"bob/") + 100]


def altered_in_a_header(content):
    return content.replace(b"bob/", b"rob/")


@pytest.mark.parametrize("damage", [cut_in_a_header, altered_in_a_header])
def test_no_student_of_a_damaged_tar_is_left_out_silently(damage, look, tmp_path):
    where = tarred(tmp_path / "class", TWO)
    where.write_bytes(damage(where.read_bytes()))
    with pytest.raises(NoSubmissions, match="damaged archive"):
        look(where)


def altered_xz(path):
    noise = np.random.default_rng(0).bytes(100_000)
    where = tarred(path, {f"{student}/{NAME}": noise for student in ("alice", "bob", "carol")}, ".tar.xz")
    content = bytearray(where.read_bytes())
    content[50_000:50_400] = bytes(400)
    where.write_bytes(content)
    return where


def many_headers(path):
    entry = tarfile.TarInfo("x")
    entry.type, entry.size = tarfile.XHDTYPE, 11
    where = path.with_name("class.tar")
    where.write_bytes((entry.tobuf() + b"11 path=ab\n".ljust(512, b"\0")) * 3000 + bytes(1024))
    return where


def name_not_utf8(path):
    where = zipped(path, (f"Ünlü/{NAME}",))
    where.write_bytes(where.read_bytes().replace("Ü".encode(), b"\xff\xfe"))
    return where


def newer_zip(path):
    where = zipped(path, TWO)
    content = bytearray(where.read_bytes())
    content[content.index(b"PK\1\2") + 6] = 255
    where.write_bytes(content)
    return where


@pytest.mark.parametrize("make", [altered_xz, many_headers, name_not_utf8, newer_zip])
def test_whatever_is_wrong_with_an_archive_is_said(make, look, tmp_path):
    with pytest.raises(NoSubmissions, match="archive"):
        look(make(tmp_path / "class"))


# Names.


NAMES = {"a line\nbreak": "a line?break", "\x1b[31mred": "?[31mred", "  ": "(no name)",
         "x" * 300: f"{'x' * 191}…0d4e2ca9",
         **{name: name for name in ("<script>alert(1)", "=1+1", "CON", "grades.csv", "张伟", "M. Y. O'Neil-Ünlü")}}


@pytest.mark.parametrize("pack", ARCHIVES)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_on_one_line(name, pack, look, tmp_path):
    (entry,) = look(pack(tmp_path / "class", (f"{name}/{NAME}",)))
    assert (entry.student, entry.reason) == (NAMES[name], "") and entry.read() == SLIM
    assert entry.origin.isprintable() and len(entry.origin) <= 200


@BYTES
@pytest.mark.parametrize("name", [b"M\xfcller", b"\xed\xa0\x80", b"line\nbreak"])
def test_bytes_that_are_no_text_can_be_shown_and_saved(name, look, tmp_path):
    where = os.fsencode(folder(tmp_path / "class", ()))
    os.mkdir(where + b"/" + name)
    Path(os.fsdecode(where + b"/" + name + b"/" + NAME.encode())).write_bytes(NOTEBOOK)
    (entry,) = look(tmp_path / "class")
    assert entry.student.isprintable() and entry.read() == SLIM
    assert (entry.student + entry.origin).encode("utf-8")


def test_half_characters_in_a_tar_can_be_shown_and_saved(look, tmp_path):
    where = tmp_path / "class.tar"
    with tarfile.open(where, "w", format=tarfile.USTAR_FORMAT, encoding="latin-1") as archive:
        entry = tarfile.TarInfo(f"Müller/{NAME}")
        entry.size = len(NOTEBOOK)
        archive.addfile(entry, io.BytesIO(NOTEBOOK))
    (entry,) = look(where)
    assert entry.student.isprintable() and entry.student.encode("utf-8").endswith(b"ller")
    assert entry.origin.encode("utf-8") and entry.read() == SLIM


def test_names_that_are_no_text_stay_two(look, tmp_path):
    where = tmp_path / "class.tar"
    with tarfile.open(where, "w", format=tarfile.USTAR_FORMAT, encoding="latin-1") as archive:
        for name in ("Müller", "Möller"):
            entry = tarfile.TarInfo(f"{name}/{NAME}")
            entry.size = len(NOTEBOOK)
            archive.addfile(entry, io.BytesIO(NOTEBOOK))
    found = look(where)
    assert len({entry.student for entry in found}) == 2 and not any(entry.reason for entry in found)


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_student_called_dot_dot_is_nobody(pack, look, tmp_path):
    assert reasons(look(pack(tmp_path / "class", (f"../{NAME}",)))) == {"class": ""}


STRANGE = ["", ".", "..", "...", "CON", "con", "nul.txt", "COM1", "Ann", "ann", "ANN", "ann-2", "a/b", "a\\b", "a:b",
           "a_b", "grades.csv", "<script>", "x" * 300, "x" * 299, "Straße", "STRASSE", "张伟", "a\nb", "-rf", "=1+1",
           "😀", " a ", "a."]


def test_file_names_are_distinct_and_safe():
    names = file_names(STRANGE)
    assert set(names) == set(STRANGE) and len({name.casefold() for name in names.values()}) == len(STRANGE)
    for name in names.values():
        assert name and not set(name) & set('/\\:*?"<>|\0\n') and name not in (".", "..")
        assert name[0] not in " ." and name[-1] not in " ." and len(name) <= 110
        assert name.split(".")[0].upper() not in ("CON", "NUL", "COM1")


def test_file_names_do_not_depend_on_the_order():
    assert file_names(STRANGE) == file_names(reversed(STRANGE)) == file_names(STRANGE * 2)


@pytest.mark.parametrize("names", [
    pytest.param(["张" * 100]),
    pytest.param(["x" * 99 + " y"]),
    pytest.param(["\ud55c", "\u1112\u1161\u11ab"]),
])
def test_file_names_suit_every_file_system(names):
    made = file_names(names).values()
    assert all(len(f".{name}.html.12345678".encode()) <= 255 and name[-1] not in " ." for name in made)
    assert len({unicodedata.normalize("NFC", name) for name in made}) == len(names)


def test_a_name_from_a_mac_keeps_its_dots():
    """There they are characters of their own, also in a zip."""
    assert unicodedata.normalize("NFC", file_names(["Mu\u0308ller"])["Mu\u0308ller"]) == "Müller"


# Nothing to grade.


def test_a_folder_without_submissions_says_what_is_looked_for(look, tmp_path):
    with pytest.raises(NoSubmissions, match=r"no notebooks in .*class: STUDENT/02_exercises_softmax\.ipynb is what is"):
        look(folder(tmp_path / "class", ()))


def test_a_missing_path_says_what_to_give(look, tmp_path):
    with pytest.raises(NoSubmissions, match="does not exist: give a folder of submissions, or a zip or tar of it"):
        look(tmp_path / "class")


@pytest.mark.parametrize("content", [b"", b"alice, bob", NOTEBOOK, b"7z\xbc\xaf\x27\x1c"])
def test_a_file_that_is_no_archive_is_refused(content, look, tmp_path):
    (tmp_path / "class.txt").write_bytes(content)
    with pytest.raises(NoSubmissions, match=r"class\.txt is neither a folder nor a zip or tar archive"):
        look(tmp_path / "class.txt")


def test_and_says_what_to_do(look, tmp_path):
    (tmp_path / "class.7z").write_bytes(b"7z\xbc\xaf\x27\x1c")
    with pytest.raises(NoSubmissions, match=r"archive.*: \w+"):
        look(tmp_path / "class.7z")


# What one student hands in never ends the grading of another.


def chain(folder, name, count):
    """So many folders, each in the one before: made from the innermost, as a path to it would be too long."""
    (folder / "chain").mkdir()
    for _ in range(count):
        (folder / "next").mkdir()
        (folder / "chain").rename(folder / "next" / name)
        (folder / "next").rename(folder / "chain")


def unchain(folder, name):
    while (folder / "chain" / name).exists():
        (folder / "chain" / name).rename(folder / "next")
        (folder / "chain").rmdir()
        (folder / "next").rename(folder / "chain")


def unreadable(folder, monkeypatch):
    (folder / "week 2").mkdir()
    scandir = os.scandir

    def refusing(path):
        if Path(path).name == "week 2":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(folders.os, "scandir", refusing)


def a_socket(folder, monkeypatch):
    with socket.socket(socket.AF_UNIX) as one:
        handle = os.open(folder, os.O_RDONLY)
        one.bind(f"/proc/self/fd/{handle}/{NAME}")  # the path itself may be too long for a socket
        os.close(handle)


def a_device(folder, monkeypatch):
    try:
        os.mknod(folder / NAME, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("may make no device")


def many(folder, monkeypatch):
    monkeypatch.setattr(folders, "MOST_ENTRIES", 20)
    for number in range(30):
        (folder / f"{number}.txt").touch()


def many_in_many(folder, monkeypatch):
    monkeypatch.setattr(folders, "MOST_ENTRIES", 20)
    for number in range(30):
        (folder / f"{number // 10}/{number}").mkdir(parents=True)


ODD = {
    "a thousand nested folders": (lambda path, _: chain(path, "d", 1100), "folders more than 50 deep"),
    "a path that is too long": (lambda path, _: chain(path, "n" * 250, 30), "cannot be read (File name too long)"),
    "many files": (many, "more than 20 files"),
    "many files in many folders": (many_in_many, "more than 20 files"),
    "a folder that may not be read": (unreadable, "a folder cannot be read (Permission denied): odd/week 2"),
    "a folder called as a notebook": (lambda path, _: (path / NAME).mkdir(), f"{EMPTY}: {NAME}: it is a folder"),
    "a fifo": (lambda path, _: os.mkfifo(path / NAME), "it is not a plain file"),
    "a fifo called as an archive": (lambda path, _: os.mkfifo(path / "a.zip"), "a.zip: it is not a plain file"),
    "a socket": (a_socket, "it is not a plain file"),
    "a device": (a_device, "it is not a plain file"),
    "a link to itself": (lambda path, _: (path / "self").symlink_to("self"), f"{EMPTY}: self: it is a link"),
    "a link to the folder above": (lambda path, _: (path / "up").symlink_to(".."), f"{EMPTY}: up: it is a link"),
    "a link to nowhere": (lambda path, _: (path / NAME).symlink_to("nowhere"), "it is a link, which is not followed"),
    "an archive of another kind": (lambda path, _: (path / "a.rar").touch(), "a.rar: it is an archive of a kind that"),
    "an empty archive": (lambda path, _: (path / "a.zip").touch(), "a.zip is a damaged archive"),
}


@pytest.fixture
def odd(tmp_path):
    """A class of two honest students, and the empty folder of an odd one."""
    yield folder(tmp_path / "class", (*TWO, "odd/"))
    for name in ("d", "n" * 250):
        unchain(tmp_path / "class" / "odd", name)


@BYTES
@pytest.mark.parametrize("kind", ODD)
def test_nothing_odd_ends_the_grading_of_others(kind, odd, tmp_path, monkeypatch):
    make, words = ODD[kind]
    make(odd / "odd", monkeypatch)
    (tmp_path / "unpacked").mkdir()
    found = reasons(find(odd, None, tmp_path / "unpacked", tmp_path / "report"))
    assert found.pop("alice") == found.pop("bob") == ""
    assert list(found) == ["odd"] and words in found["odd"] and found["odd"].isprintable()


@BYTES
@pytest.mark.parametrize("kind", ["a thousand nested folders", "a folder that may not be read"])
def test_and_the_notebooks_beside_it_are_graded(kind, odd, tmp_path, monkeypatch):
    ODD[kind][0](odd / "odd", monkeypatch)
    (odd / "odd" / NAME).write_bytes(NOTEBOOK)
    (tmp_path / "unpacked").mkdir()
    found = [entry for entry in find(odd, None, tmp_path / "unpacked") if entry.student == "odd"]
    assert sorted(entry.path is None for entry in found) == [False, True]
    assert len({entry.origin for entry in found}) == 2


@POSIX
@pytest.mark.parametrize("target", ["self", "nowhere", "."])
def test_a_link_at_the_top_that_leads_nowhere_is_that_students(target, look, tmp_path):
    where = folder(tmp_path / "class", TWO)
    (where / "self").symlink_to(target)
    assert reasons(look(where)) == {"alice": "", "bob": "", "self": "it is a link, which is not followed"}


@POSIX
def test_a_fifo_at_the_top_is_waited_for_by_nobody(look, tmp_path):
    where = folder(tmp_path / "class", TWO)
    os.mkfifo(where / NAME)
    assert reasons(look(where)) == {"alice": "", "bob": "", "class": "it is not a plain file"}


@BYTES
def test_names_that_are_no_text_end_nothing(look, tmp_path):
    where = folder(tmp_path / "class", TWO)
    strange = os.path.join(os.fsencode(where), b"\xff")
    os.makedirs(os.path.join(strange, b"\xfe"))
    for name in (b"\xfd.ipynb", b"\xfe/\xfc.zip"):
        Path(os.fsdecode(os.path.join(strange, name))).write_bytes(b"")
    found = [entry for entry in look(where) if entry.student not in ("alice", "bob")]
    assert len(found) == 2 and len({entry.student for entry in found}) == 1
    assert all((entry.student + entry.origin + entry.reason).encode("utf-8") for entry in found)
    assert any("is a damaged archive" in entry.reason for entry in found)


def test_folders_are_looked_into_as_deep_as_is_said(look, tmp_path):
    where = folder(tmp_path / "class", (*TWO, f"carol/{'d/' * 50}{NAME}", f"dave/{'d/' * 51}{NAME}"))
    found = reasons(look(where))
    assert found.pop("dave").startswith("folders more than 50 deep") and found == dict.fromkeys(found, "")


# Names that are long, or look alike.


def test_long_names_stay_different(look, tmp_path):
    deep = "/".join(["x" * 100] * 3)
    found = look(folder(tmp_path / "class", (f"alice/{deep}/{NAME}", f"alice/{deep}/{OTHER}")))
    assert [entry.reason for entry in found] == ["", ""] and len({entry.origin for entry in found}) == 2
    assert all(len(entry.origin) == 200 and "…" in entry.origin for entry in found)
    assert {entry.chapter for entry in found} == {"02_softmax", "03_scaled_dot_product_attention"}


@pytest.mark.parametrize("pack", ARCHIVES)
def test_students_of_long_names_stay_two(pack, look, tmp_path):
    names = ["x" * 240 + end for end in ("a", "b")]
    found = look(pack(tmp_path / "class", [f"{name}/{NAME}" for name in names]))
    assert len({entry.student for entry in found}) == 2 and [entry.reason for entry in found] == ["", ""]


@pytest.mark.parametrize("names", [
    ["a\x01", "a\x02", "a?"],
    ["x" * 300, "x" * 300 + " ", "x" * 299 + "y"],
    ["\ud55c", "\u1112\u1161\u11ab"],
    ["é", "e\u0301", "\udce9", "\\udce9"],
    ["a ", "a", "a\u2009", "a\u2008", "'a '"],
    ["a\\x01", "a\x01", "a\\\x01", "a\u0001b"],
])
def test_what_is_shown_is_never_the_same_for_two(names):
    told = shown(names)
    assert len({unicodedata.normalize("NFC", text) for text in told.values()}) == len(names)
    assert all(text.isprintable() and len(text) <= 200 for text in told.values())
    assert len({unicodedata.normalize("NFC", escaped(name)) for name in names}) == len(names)


LOOK_ALIKES = {
    "spaces at the end": ("Ana Lima", "Ana Lima ", r"'Ana Lima/", r"'Ana Lima /"),
    "kinds of spaces": ("Ana Lima\u2009", "Ana Lima\u2008", r"'Ana Lima\u2009/", r"'Ana Lima\u2008/"),
    "composed letters": ("Ren\u00e9", "Rene\u0301", "'Ren\u00e9/", r"'Rene\u0301/"),
    "letters that are not printed": ("Ana\u200b", "Ana\u200c", r"'Ana\u200b/", r"'Ana\u200c/"),
}


@BYTES
@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize("kind", LOOK_ALIKES)
def test_twins_by_names_that_look_alike_are_told_apart(kind, pack, look, tmp_path):
    one, other, *told = LOOK_ALIKES[kind]
    (entry,) = look(pack(tmp_path / "class", (f"{one}/{NAME}", f"{other}/{NAME}")))
    assert "there are 2 submissions for one chapter" in entry.reason and entry.path is None
    assert all(text in entry.reason for text in told) and entry.reason.isprintable()


@BYTES
@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize("kind", LOOK_ALIKES)
def test_students_who_look_alike_are_told_of_also_where_they_are_no_twins(kind, pack, look, tmp_path):
    one, other, *told = LOOK_ALIKES[kind]
    found = look(pack(tmp_path / "class", (f"{one}/{NAME}", f"{other}/{OTHER}")))
    (trouble,) = [entry for entry in found if entry.reason]
    assert len({entry.student for entry in found}) == 1 and len(found) == 3
    assert "are taken for one student" in trouble.reason and all(text[:-1] in trouble.reason for text in told)


@BYTES
def test_a_student_who_looks_like_another_and_handed_in_nothing_is_told_of(look, tmp_path):
    found = look(folder(tmp_path / "class", (f"Ana/{NAME}", "Ana /")))
    assert sorted(entry.reason for entry in found)[1].startswith("'Ana ', 'Ana' look alike")


@pytest.mark.parametrize("pack", ARCHIVES)
def test_files_whose_names_look_alike_have_origins_of_their_own(pack, look, tmp_path):
    other = UNNAMED.replace(b'"metadata": {}', b'"metadata": {"selfattention": {"chapter": "03"}}')
    found = look(pack(tmp_path / "class", {"ana/a\x01.ipynb": NOTEBOOK, "ana/a\x02.ipynb": other}))
    assert [entry.reason for entry in found] == ["", ""]
    assert {entry.origin for entry in found} == {r"'ana/a\x01.ipynb'", r"'ana/a\x02.ipynb'"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_files_of_one_name_in_an_archive_have_origins_of_their_own(look, tmp_path):
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        archive.writestr("ana/a.ipynb", NOTEBOOK)
        archive.writestr("ana/a.ipynb", NOTEBOOK.replace(b"02_softmax", b"04_masks"))
    found = look(tmp_path / "class.zip")
    assert {entry.chapter for entry in found} == {"02_softmax", "04_masks"}
    assert len({entry.origin for entry in found}) == 2


def test_file_names_that_are_cut_stay_the_same_when_others_come():
    names = ["x" * 100 + end for end in "abc"]
    made = file_names(names)
    more = file_names([*names, "x" * 100 + "0"])
    assert len(set(made.values())) == 3 and made == {name: more[name] for name in names}


def test_many_names_that_make_one_file_name_take_no_time():
    begun = time.process_time()
    made = file_names(f"a{chr(0x2600 + number)}" for number in range(5000))
    assert time.process_time() - begun < 2 and len(set(made.values())) == 5000


@pytest.mark.parametrize("name", ["a", "answers"])
def test_every_notebook_is_read_once_to_be_found(name, look, tmp_path, monkeypatch):
    counted = []
    monkeypatch.setattr(submissions, "parse", lambda *given: counted.append(given) or parse(*given))
    found = look(folder(tmp_path / "class", {f"ana/{name}{chr(97 + one)}.ipynb": b"{}" for one in range(20)}))
    assert len(found) == len(counted) == 20


def test_a_long_list_of_twins_stays_readable(look, tmp_path):
    (entry,) = look(folder(tmp_path / "class", [f"ana/{number}/{NAME}" for number in range(1000)]))
    assert "there are 1000 submissions" in entry.reason and "and 990 more" in entry.reason and len(entry.reason) < 1000


# Of several notebooks for one chapter, the one that counts.


def of_kind(kind, chapter="02_softmax"):
    """A notebook that says of what kind it is; of none where `kind` is empty."""
    about = {"selfattention": {"chapter": chapter, **({"kind": kind} if kind else {})}}
    return json.dumps({"nbformat": 4, "cells": [], "metadata": about}).encode()


BACKUP = "02_softmax.2026-11-01-101500-000000.ipynb"
PAGE = json.dumps({"nbformat": 4, "cells": [], "metadata": {"selfattention": {"chapter": "", "kind": "page"}}}).encode()
CHAPTERS = ("02_softmax", "03_scaled_dot_product_attention")
WORKING_COPY = {files.place(chapter, kind): (files.root() / files.place(chapter, kind)).read_bytes()
                for kind in ("lesson", "exercises", "solutions") for chapter in CHAPTERS} | {
    f"backups/{BACKUP}": NOTEBOOK, "notebooks/03_torch.ipynb": of_kind("lesson", "03_scaled_dot_product_attention"),
    "notebooks/glossary.ipynb": PAGE}


@pytest.mark.parametrize("pack", PACKINGS)
def test_of_a_whole_working_copy_the_exercises_count(pack, look, tmp_path):
    copies = {f"{student}/{place}{name}": content for name, content in WORKING_COPY.items()
              for student, place in (("alice", ""), ("bob", "copy/"))}
    found = look(pack(tmp_path / "class", copies))
    assert [(entry.origin, entry.reason) for entry in found] == [
        (f"{student}{files.place(chapter, 'exercises')}", "") for student in ("alice/", "bob/copy/")
        for chapter in CHAPTERS]


@pytest.mark.parametrize(("pack", "inside"), [
    (folder, ""), *((pack, inside) for pack in ARCHIVES for inside in ("", "carol/"))])
def test_a_working_copy_alone_is_one_students(inside, pack, look, tmp_path):
    found = look(pack(tmp_path / "carol", {inside + name: content for name, content in WORKING_COPY.items()}))
    assert [(entry.student, entry.origin, entry.reason) for entry in found] == [
        ("carol", f"{inside}{files.place(chapter, 'exercises')}", "") for chapter in CHAPTERS]


@pytest.mark.parametrize("name", ["02_softmax.ipynb", "02_exercises_softmax.ipynb", "02_exercises_softmax (1).ipynb",
                                  "02_solutions_softmax.ipynb", "mine.ipynb"])
def test_todays_name_an_older_one_and_any_other_tell_the_chapter(name, look, tmp_path):
    (entry,) = look(folder(tmp_path / "class", {f"ana/{name}": NOTEBOOK}))
    assert (entry.name, entry.chapter, entry.reason) == (name, "02_softmax", "")


def test_a_page_is_no_submission_but_who_hands_in_nothing_else_is_not_forgotten(look, tmp_path):
    handed = {f"ana/{NAME}": NOTEBOOK, "ana/glossary.ipynb": PAGE, "bob/glossary.ipynb": PAGE}
    found = look(folder(tmp_path / "class", handed))
    assert [(entry.student, entry.name, entry.chapter) for entry in found] == [
        ("ana", NAME, "02_softmax"), ("bob", "glossary.ipynb", "")]


def test_of_two_lessons_of_a_chapter_neither_is_a_riddle(look, tmp_path):
    lessons = {f"ana/{name}.ipynb": of_kind("lesson") for name in ("a", "b")}
    (entry,) = look(folder(tmp_path / "class", lessons))
    assert (entry.name, entry.reason) == ("a.ipynb", "")


@pytest.mark.parametrize(("first", "second"), [
    ({"x/02.ipynb": of_kind("exercises")}, {"exercises/02.ipynb": of_kind("")}),
    ({"x/02.ipynb": of_kind("")}, {"exercises/02.ipynb": of_kind("solutions")}),
    ({"x/02.ipynb": of_kind("solutions")}, {"exercises/02.ipynb": of_kind("lesson")}),
    ({"x/02.ipynb": of_kind("unheard of")}, {"x/02b.ipynb": of_kind("lesson")}),
    ({"exercises/02.ipynb": of_kind("")}, {"x/02.ipynb": of_kind("")}),
    *[({"x/02.ipynb": of_kind("")}, {f"{last}/02.ipynb": of_kind("")})
      for last in ("backups", "notebooks", "solutions")],
    ({"02.ipynb": of_kind("exercises")}, {"backups/02.ipynb": of_kind("exercises")}),
    ({f"exercises/{NAME}": b"damaged"}, {f"backups/{NAME}": of_kind("exercises")}),
])
def test_what_counts_first(first, second, look, tmp_path):
    where = folder(tmp_path / "class", {f"ana/{name}": content for name, content in {**second, **first}.items()})
    (entry,) = look(where)
    assert (entry.origin, entry.reason) == (f"ana/{next(iter(first))}", "")


def test_what_is_set_aside_is_not_told_where_two_of_one_rank_are(look, tmp_path):
    names = {"exercises/02.ipynb": NOTEBOOK, "exercises/02 again.ipynb": NOTEBOOK,
             "notebooks/02.ipynb": of_kind("lesson")}
    (entry,) = look(folder(tmp_path / "class", {f"ana/{name}": content for name, content in names.items()}))
    assert entry.reason.endswith("keep one of ana/exercises/02 again.ipynb, ana/exercises/02.ipynb")
    assert "there are 2 submissions" in entry.reason and "notebooks" not in entry.reason


@pytest.mark.parametrize("kind", ["lesson", "solutions", "exercises", ""])
def test_a_single_notebook_of_whatever_kind_is_graded(kind, look, tmp_path):
    (entry,) = look(folder(tmp_path / "class", {"ana/solutions/02.ipynb": of_kind(kind)}))
    assert (entry.student, entry.reason, entry.chapter) == ("ana", "", "02_softmax")


@POSIX
def test_a_link_is_not_replaced_by_a_backup_without_a_word(look, tmp_path):
    where = folder(tmp_path / "class", (f"ana/backups/{BACKUP}",))
    (where / "ana" / NAME).symlink_to("nowhere")
    assert reasons(look(where)) == {"ana": "it is a link, which is not followed"}


# Moodle's other folders.


@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize("pattern", [None, "moodle", r"[^/]+_(?P<student>\d+)_assignsubmission_file(?:_/|_|/).+"])
@pytest.mark.parametrize("other", ["onlinetext_/onlinetext.html", "comments_/comments.html",
                                   "onlinetext/onlinetext.html"])
def test_moodles_folders_of_texts_belong_to_the_student(other, pattern, pack, look, tmp_path):
    names = ("Ana Lima_123_assignsubmission_", "Bo_124_assignsubmission_")
    where = pack(tmp_path / "class", [f"{names[0]}file_/{NAME}", f"{names[1]}file_/{NAME}", names[0] + other])
    students = ("123", "124") if pattern and "(?P" in pattern else ("Ana Lima", "Bo")
    assert reasons(look(where, pattern)) == dict.fromkeys(students, "")


@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize("pattern", [None, "moodle"])
def test_who_handed_in_a_text_alone_is_told_of_under_the_own_name(pattern, pack, look, tmp_path):
    where = pack(tmp_path / "class", (f"Ana_123_assignsubmission_file_/{NAME}",
                                      "Bo_124_assignsubmission_onlinetext_/onlinetext.html"))
    assert reasons(look(where, pattern)) == {"Ana": "", "Bo": EMPTY}


def test_namesakes_keep_their_texts(look, tmp_path):
    where = folder(tmp_path / "class", (f"Ana_123_assignsubmission_file_/{NAME}",
                                        "Ana_124_assignsubmission_onlinetext_/onlinetext.html"))
    assert reasons(look(where)) == {"Ana 123": "", "Ana 124": EMPTY}


# Archives that students hand in.


INNER = {"zip": zipped, "tar": tarred, "tgz": tarred_gz, "tar.gz": tarred_gz,
         "tar.bz2": lambda path, names: tarred(path, names, ".tar.bz2")}


@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize("ending", INNER)
def test_an_archive_in_a_students_folder_is_opened(ending, pack, look, tmp_path):
    litter = (f"__MACOSX/._{NAME}", f"__MACOSX/{NAME}", f"._{NAME}", f".ipynb_checkpoints/{NAME}")
    inner = packed(NAME, *litter, f"more/{OTHER}", pack=INNER[ending])
    where = pack(tmp_path / "class", {f"alice/{NAME}": NOTEBOOK, f"bob/week 2/handin.{ending}": inner})
    found = look(where)
    assert [(entry.student, entry.origin, entry.reason) for entry in found] == [
        ("alice", f"alice/{NAME}", ""), ("bob", f"bob/week 2/handin.{ending}/{NAME}", ""),
        ("bob", f"bob/week 2/handin.{ending}/more/{OTHER}", "")]
    assert all(entry.read() == SLIM for entry in found)


@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize(("pattern", "name", "student"), [
    (None, "doe_12_34_handin.zip", "doe"), ("canvas", "doe_LATE_12_34_handin.zip", "doe"),
    (None, "Jo Doe_12_assignsubmission_file_/handin.zip", "Jo Doe"),
    ("moodle", "Jo_12_assignsubmission_file_a.zip", "Jo"),
    (r"group \d/(?P<student>\w+)\.zip", "group 1/doe.zip", "doe"), (r"(?P<student>\w+)\.zip", "doe.zip", "doe"),
])
def test_a_platforms_name_of_an_archive_tells_the_student(pattern, name, student, pack, look, tmp_path):
    found = look(pack(tmp_path / "class", {name: packed(NAME, f"__MACOSX/._{NAME}"), "notes.txt": b""}), pattern)
    assert [(entry.student, entry.origin, entry.reason) for entry in found] == [(student, f"{name}/{NAME}", "")]


@pytest.mark.parametrize("pack", PACKINGS)
def test_a_folder_of_archives_has_one_for_each_student(pack, look, tmp_path):
    where = pack(tmp_path / "class", {"alice.zip": packed(NAME), "bob.tar.gz": packed(f"work/{NAME}", pack=tarred_gz),
                                      "carol.zip": packed("notes.txt"), "readme.txt": b""})
    found = reasons(look(where))
    assert found.pop("carol").startswith("there is no notebook") and found == {"alice": "", "bob": ""}


def test_an_archive_beside_the_students_folders_is_left_alone(look, tmp_path):
    """It may be the export from which they come."""
    assert reasons(look(folder(tmp_path / "class", {name: NOTEBOOK for name in TWO} | {"all.zip": packed(*TWO)}))) == {
        "alice": "", "bob": ""}


@pytest.mark.parametrize("pack", PACKINGS)
def test_a_class_of_archives_is_understood_where_the_folder_itself_is_packed(pack, look, tmp_path):
    inner = {f"homework/{student}/handin.zip": packed(NAME) for student in ("alice", "bob")}
    where = pack(tmp_path / "class", inner)
    assert reasons(look(where / "homework" if pack is folder else where)) == {"alice": "", "bob": ""}


@pytest.mark.parametrize("pack", PACKINGS)
def test_an_archive_in_an_archive_of_a_student_is_not_opened(pack, look, tmp_path):
    inner = packed(**{"deep.zip": packed(NAME)})
    where = pack(tmp_path / "class", {f"alice/{NAME}": NOTEBOOK, "bob/handin.zip": inner})
    words = "deep.zip: it is an archive in an archive, which is not opened"
    assert reasons(look(where)) == {"alice": "", "bob": f"{EMPTY}: {words}"}


def encrypted():
    content = bytearray(packed(NAME))
    content[6] |= 1
    content[content.index(b"PK\1\2") + 8] |= 1
    return bytes(content)


def with_a_link():
    entry = tarfile.TarInfo(NAME)
    entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return entry.tobuf() + bytes(1024)


def nested_headers():
    entry = tarfile.TarInfo("x")
    entry.type, entry.size = tarfile.XHDTYPE, 11
    return (entry.tobuf() + b"11 path=ab\n".ljust(512, b"\0")) * 3000 + bytes(1024)


def long_header():
    """A name of a gigabyte, in a few bytes of tar.gz: whoever reads it whole has no memory left."""
    entry = tarfile.TarInfo("x")
    entry.type, entry.size = tarfile.GNUTYPE_LONGNAME, 2**30
    return gzip.compress(entry.tobuf() + bytes(20 * 2**20))


def endless():
    """Zeros after the end of a tar, without end."""
    archive = io.BytesIO()
    with gzip.open(archive, "wb", 1) as file:
        file.write(gzip.decompress(packed(pack=tarred_gz)))
        for _ in range(64):
            file.write(bytes(2**20))
    return archive.getvalue()


def long_list():
    """A zip whose list of files is as long as it says."""
    content = bytearray(packed(NAME) + bytes(17 * 2**20))
    end = content.index(b"PK\5\6")
    last = content[end:end + 22]
    last[12:16] = (17 * 2**20).to_bytes(4, "little")
    return bytes(content[:end]) + bytes(17 * 2**20) + bytes(last)


INNER_TROUBLES = {
    "an encrypted notebook": (encrypted, "it is encrypted"),
    "a link": (with_a_link, NO_PLAIN_FILE),
    "one that was cut off": (lambda: packed(NAME)[:-100], "h.zip is a damaged archive"),
    "a damaged notebook": (lambda: packed(NAME).replace(b'"cells"', b'"bells"', 1), "cannot be unpacked (BadZipFile"),
    "no archive at all": (lambda: b"Rar!", "h.zip is a damaged archive"),
    "headers without end": (nested_headers, "h.zip is a damaged archive"),
    "a header of a gigabyte": (long_header, "h.zip has a longer list of files than is read"),
    "a list of files without end": (long_list, "h.zip has a longer list of files than is read"),
    "zeros without end": (endless, "h.zip unpacks to more than is looked at"),
    "many files": (lambda: packed(*map(str, range(30))), "h.zip holds more than 20 files"),
    "no notebook": (lambda: packed("notes.txt"), EMPTY),
}


@pytest.mark.parametrize("pack", [folder, zipped, tarred_gz])
@pytest.mark.parametrize("kind", INNER_TROUBLES)
def test_what_is_wrong_with_a_students_archive_is_that_students_trouble(kind, pack, look, tmp_path, monkeypatch):
    make, words = INNER_TROUBLES[kind]
    monkeypatch.setattr(archives, "MOST_FILES", 20)
    monkeypatch.setattr(archives, "MOST_BYTES_OF_ONE", 32 * 2**20)
    where = pack(tmp_path / "class", {f"alice/{NAME}": NOTEBOOK, "bob/h.zip": make(), f"carol/{NAME}": NOTEBOOK})
    tracemalloc.start()
    try:
        found = reasons(look(where))
        assert tracemalloc.get_traced_memory()[1] < 100 * 2**20
    finally:
        tracemalloc.stop()
    assert found.pop("alice") == found.pop("carol") == ""
    assert list(found) == ["bob"] and words in found["bob"] and found["bob"].isprintable()


def test_no_student_uses_up_the_room_of_the_others(look, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MOST_BYTES", 10 * len(NOTEBOOK))
    monkeypatch.setattr(archives, "MOST_BYTES_OF_ONE", 2 * len(NOTEBOOK) + 2)
    monkeypatch.setattr(archives, "MOST_FILES", 12)
    greedy = {f"alice/{number}.zip": packed(*(f"{letter}{number}.ipynb" for letter in "abcd")) for number in range(5)}
    honest = {"bob/h.zip": packed(NAME), "carol/h.tar": packed(NAME, pack=tarred)}
    found = look(folder(tmp_path / "class", greedy | honest))
    assert {entry.student for entry in found if not entry.reason} >= {"bob", "carol"}
    assert any("holds more than 12 files" in entry.reason for entry in found if entry.student == "alice")
    assert len(list((tmp_path / "unpacked").iterdir())) == 4


def test_all_archives_share_one_room(look, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MOST_BYTES", 3 * len(NOTEBOOK) + 2)
    students = {f"{student}/h.zip": packed(NAME) for student in "abcde"}
    found = reasons(look(folder(tmp_path / "class", students)))
    assert [student for student in found if not found[student]] == ["a", "b", "c"]
    assert all("unpack it into a folder first" in found[student] for student in "de")


def test_nothing_of_an_inner_archive_is_written_under_its_own_name(look, tmp_path):
    inner = packed(f"../../{NAME}", f"/etc/{OTHER}", pack=tarred)
    found = look(zipped(tmp_path / "class", {f"alice/{NAME}": NOTEBOOK, "bob/h.tar": inner}))
    assert all(entry.path.parent == tmp_path / "unpacked" and entry.path.stem.isdigit() for entry in found)
    assert {path.suffix for path in (tmp_path / "unpacked").iterdir()} == {".ipynb"}


# A folder called `submitted`, and hidden ones.


@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize("inside", ["", "class/"])
def test_a_student_may_be_called_submitted(inside, pack, look, tmp_path):
    where = pack(tmp_path / "class", [f"{inside}{name}" for name in (*TWO, f"submitted/{NAME}")])
    assert reasons(look(where / inside if pack is folder else where)) == {"alice": "", "bob": "", "submitted": ""}


@pytest.mark.parametrize("pack", PACKINGS)
def test_nor_does_a_folder_called_submitted_hide_students_without_folders(pack, look, tmp_path):
    where = pack(tmp_path / "class", (f"alice_123_4567_{NAME}", f"bob_124_4568_{NAME}", f"submitted/{NAME}"))
    assert reasons(look(where)) == {"alice": "", "bob": "", "submitted": ""}


@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize("inside", ["", "class/"])
def test_of_nbgraders_folders_only_submitted_counts(inside, pack, look, tmp_path):
    names = (*LAYOUTS["nbgrader"], f"source/ps1/{NAME}", f"release/ps1/{NAME}", f"autograded/alice/ps1/{NAME}",
             "feedback/alice/ps1/02.html", "gradebook.db", "nbgrader_config.py", "notes.ipynb", f".git/{NAME}",
             f".cache/{NAME}")
    where = pack(tmp_path / "class", [f"{inside}{name}" for name in names])
    assert reasons(look(where / inside if pack is folder else where)) == {"alice": "", "bob": ""}


def test_the_report_is_no_student_beside_nbgraders_folder(look, tmp_path):
    where = folder(tmp_path / "class", (*LAYOUTS["nbgrader"], "report/"))
    (tmp_path / "unpacked").mkdir()
    assert reasons(find(where, None, tmp_path / "unpacked", where / "report")) == {"alice": "", "bob": ""}


@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize("inside", ["", "class/"])
def test_a_student_whose_name_begins_with_a_dot_is_found(inside, pack, look, tmp_path):
    names = (*TWO, f".ana/{NAME}", f".ipynb_checkpoints/{NAME}", f".git/{NAME}", ".cache/notes.txt", f".{NAME}")
    where = pack(tmp_path / "class", [f"{inside}{name}" for name in names])
    assert reasons(look(where / inside if pack is folder else where)) == {"alice": "", "bob": "", ".ana": ""}


@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize("hidden", [".ipynb_checkpoints", ".trash", "week 2/.trash", ".trash/.deeper"])
def test_notebooks_in_hidden_folders_alone_are_told_of(hidden, pack, look, tmp_path):
    found = reasons(look(pack(tmp_path / "class", (*TWO, f"carol/{hidden}/{NAME}", "carol/notes.txt"))))
    folder_ = hidden.removesuffix("/.deeper")
    assert found == {"alice": "", "bob": "", "carol": f"{EMPTY}: its only notebooks are in the hidden folder {folder_}"}


@pytest.mark.parametrize("pack", ARCHIVES)
def test_an_empty_folder_in_an_archive_is_marked_too(pack, look, tmp_path):
    assert reasons(look(pack(tmp_path / "class", (f"alice/{NAME}", "bob/")))) == {"alice": "", "bob": EMPTY}


def test_a_picture_and_a_text_are_one_reason(look, tmp_path):
    found = look(zipped(tmp_path / "class", (f"alice/{NAME}", "bob/a.png", "bob/b.txt", "bob/c/d.txt")))
    assert [(entry.student, entry.reason) for entry in found] == [("alice", ""), ("bob", EMPTY)]
