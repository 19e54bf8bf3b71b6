"""Submissions as platforms, people and attackers leave them: each is found with its student, or with the reason."""

import io
import json
import os
import stat
import sys
import tarfile
import time
import tracemalloc
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pytest

from selfattention.course import files
from selfattention.course.grader.submissions import NoSubmissions, file_names, find

NAME = "02_softmax.ipynb"
OTHER = "03_scaled_dot_product_attention.ipynb"
NOTEBOOK = (files.root() / "exercises" / NAME).read_bytes()
UNNAMED = json.dumps(json.loads(NOTEBOOK) | {"metadata": {}}).encode()  # does not say which chapter it is
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


PACKINGS = (folder, zipped, tarred, tarred_gz)
ARCHIVES = PACKINGS[1:]


def listing(path):
    """Everything under a folder, with what it takes and when it was written."""
    told = {}
    for parent, folders, names in os.walk(path):
        for name in (*folders, *names):
            state = os.lstat(os.path.join(parent, name))
            told[os.path.join(parent, name)] = (state.st_mode, state.st_size, state.st_mtime_ns)
    return told


@pytest.fixture
def look(tmp_path):
    """`find`, where nothing may be written but plain files in the folder `unpacked`."""

    def look(where, pattern=None):
        unpacked = tmp_path / "unpacked"
        unpacked.mkdir()
        before = listing(tmp_path.parent)
        try:
            return find(where, pattern, unpacked)
        finally:
            after = listing(tmp_path.parent)
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
    assert all(entry.chapter == "02_softmax" and entry.read() == NOTEBOOK for entry in found)


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
    hidden = (f"alice/.virtual_documents/{NAME}", f".trash/{NAME}")
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


@pytest.mark.parametrize("pack", [
    folder, zipped, tarred_gz,
    pytest.param(tarred),
])
def test_a_zip_in_a_students_folder_is_no_notebook(pack, look, tmp_path):
    inner = zipped(tmp_path / "inner", (NAME,)).read_bytes()
    found = reasons(look(pack(tmp_path / "class", {f"alice/{NAME}": NOTEBOOK, "bob/answers.zip": inner})))
    assert found == {"alice": "", "bob": EMPTY}


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
    assert all(entry.path.parent == tmp_path / "unpacked" and entry.read() == NOTEBOOK for entry in found)
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
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    finally:
        tracemalloc.stop()
    assert time.process_time() - begun < 2
    assert found["bob"] == "" and found["alice"].startswith("is larger than 20 MB")
    assert sum(path.stat().st_size for path in (tmp_path / "unpacked").iterdir()) == len(NOTEBOOK)


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


NAMES = {"a line\nbreak": "a line?break", "\x1b[31mred": "?[31mred", "x" * 300: "x" * 200, "  ": "(no name)",
         **{name: name for name in ("<script>alert(1)", "=1+1", "CON", "grades.csv", "张伟", "M. Y. O'Neil-Ünlü")}}


@pytest.mark.parametrize("pack", ARCHIVES)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_on_one_line(name, pack, look, tmp_path):
    (entry,) = look(pack(tmp_path / "class", (f"{name}/{NAME}",)))
    assert (entry.student, entry.reason) == (NAMES[name], "") and entry.read() == NOTEBOOK
    assert entry.origin.isprintable() and len(entry.origin) <= 200


@BYTES
@pytest.mark.parametrize("name", [b"M\xfcller", b"\xed\xa0\x80", b"line\nbreak"])
def test_bytes_that_are_no_text_can_be_shown_and_saved(name, look, tmp_path):
    where = os.fsencode(folder(tmp_path / "class", ()))
    os.mkdir(where + b"/" + name)
    Path(os.fsdecode(where + b"/" + name + b"/" + NAME.encode())).write_bytes(NOTEBOOK)
    (entry,) = look(tmp_path / "class")
    assert entry.student.isprintable() and entry.read() == NOTEBOOK
    assert (entry.student + entry.origin).encode("utf-8")


def test_half_characters_in_a_tar_can_be_shown_and_saved(look, tmp_path):
    where = tmp_path / "class.tar"
    with tarfile.open(where, "w", format=tarfile.USTAR_FORMAT, encoding="latin-1") as archive:
        entry = tarfile.TarInfo(f"Müller/{NAME}")
        entry.size = len(NOTEBOOK)
        archive.addfile(entry, io.BytesIO(NOTEBOOK))
    (entry,) = look(where)
    assert entry.student.isprintable() and entry.student.encode("utf-8").endswith(b"ller")
    assert entry.origin.encode("utf-8") and entry.read() == NOTEBOOK


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
    with pytest.raises(NoSubmissions, match=r"there are no notebooks in .*class: STUDENT/02_softmax\.ipynb is what is"):
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
