"""Find the submissions in a folder or an archive, whatever a learning platform called them.

Nothing is unpacked under a name of somebody else's choosing, no link is followed, and what cannot be graded is not
left out: it is found with the reason.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from selfattention.course.grader.archives import (
    ENDING,
    LEFT_BEHIND,
    LINK,
    Entry,
    Kind,
    NoSubmissions,
    Room,
    in_archive,
    inside,
    opened,
)
from selfattention.course.grader.folders import at_the_top, below
from selfattention.course.grader.names import clean, escaped, file_names, shown
from selfattention.course.reading import Notebook, Unreadable, chapter_of, named, parse, slim

__all__ = ["Found", "NoSubmissions", "file_names", "find", "only"]

# How platforms name what they export. A pattern of one's own needs a group `student`; a group `number` tells apart
# students of one name.
PATTERNS = {
    "moodle": r"(?P<student>[^/]+?)_(?P<number>\d+)_assignsubmission_[^/_]+(?:[_/].*)?",
    "canvas": r"(?P<student>[^/_]+)(?:_LATE)?_(?P<number>\d+)_\d+_[^/]+",
}
NO_NOTEBOOK = "there is no notebook in the folder"
SUBMITTED = "submitted"
NBGRADERS = {SUBMITTED, "source", "release", "autograded", "feedback", "exchange", "downloaded"}
WORKING_COPY = {"exercises", "notebooks", "solutions", "backups"}
KINDS = ["exercises", "", "solutions", "lesson"]  # what counts first, where a student has several of a chapter
PAGE = "page"  # a notebook of the course's that is no chapter's and asks nothing, such as its glossary
MOST_NAMED = 10


@dataclass(frozen=True)
class Found:
    """One student's notebook, or the reason why it cannot be graded."""

    student: str
    name: str  # of the file
    origin: str  # where it was found, as it is shown: different for every one
    path: Path | None = None
    reason: str = ""
    chapter: str = ""  # that it will be graded for; empty where it will not be

    def read(self) -> bytes:
        """The notebook's bytes without the values of its outputs, at most one more than are graded.

        Raises:  OSError: it cannot be read, or is no longer a plain file.
        """
        with opened(self.path) as file:
            return slim(file)


@dataclass(frozen=True)
class _Claim:
    """An entry, and whose it is: by what the student is called there, and a platform's number."""

    entry: Entry
    called: str
    number: str = ""
    student: str = ""
    reason: str = ""


def find(where: Path, pattern: str | None, unpacked: Path, report: Path | None = None) -> list[Found]:
    """Every student's submissions under a folder, or in a zip or tar archive, sorted by student.

    Args:    pattern: a name of `PATTERNS`, or a regular expression with a group `student` for the path of a notebook.
             unpacked: an empty folder; notebooks of an archive are put there, under numbers.
             report: a folder that is no student's.
    Raises:  NoSubmissions: there are none, or the archive or the pattern is damaged. OSError: it cannot be read.
    """
    wanted, room = _patterns(pattern), Room(unpacked)
    if not where.exists():
        raise NoSubmissions(f"{where} does not exist: give a folder of submissions, or a zip or tar of it")
    whole = _of_folder(where, report) if where.is_dir() else _of_archive(where, room)
    claims = [_claim(entry, whole, wanted, pattern) for one in whole.meant(wanted) for entry in one.entries(room)]
    found = _chosen(_with_numbers(claims))
    if not found:
        raise NoSubmissions(f"there are no notebooks in {where}: STUDENT/02_exercises_softmax.ipynb is what is looked "
                            "for")
    return sorted(found, key=_order)


def only(found: list[Found], chapters: list[str]) -> list[Found]:
    """The submissions for some chapters; a student who has handed in nothing for them is marked."""
    kept = [one for one in found if one.chapter in (*chapters, "")]
    without = {one.student for one in found} - {one.student for one in kept}
    reason = f"there is no notebook of {' or '.join(chapters)}"
    return sorted(kept + [Found(student, "", student, reason=reason) for student in without], key=_order)


def _order(one: Found) -> tuple[str, str, str]:
    return one.student, one.name, one.origin


def _patterns(pattern: str | None) -> list[re.Pattern]:
    try:
        texts = [PATTERNS.get(pattern, pattern)] if pattern else PATTERNS.values()
        wanted = [re.compile(text, re.IGNORECASE) for text in texts]
    except re.error as error:
        raise NoSubmissions(f"--pattern {pattern!r} is no regular expression ({error})") from None
    if any("student" not in one.groupindex for one in wanted):
        raise NoSubmissions(f"--pattern {pattern!r} names nobody: it needs a group like (?P<student>[^/]+)")
    return wanted


def _platforms(path: str) -> re.Match | None:
    """The match of a path that a platform has made."""
    return next(filter(None, (re.fullmatch(one, path, re.IGNORECASE) for one in PATTERNS.values())), None)


# What lies at the top: students' folders, and files.


@dataclass(frozen=True)
class _Handed:
    """A folder or file at the top, and what is in it."""

    top: Entry
    within: Iterable[Entry]

    def entries(self, room: Room) -> Iterator[Entry]:
        """The notebooks in it, also those in archives; and what is wrong, where something is."""
        share, archive = room.share(), self.top.origin if self.top.kind == Kind.ARCHIVE else ""
        seen: dict[Kind, list[Entry]] = defaultdict(list)
        for entry in self.within:
            for one in inside(entry, share) if self._kind(entry) == Kind.ARCHIVE else [entry]:
                seen[self._kind(one)].append(one)
        yield from seen[Kind.NOTEBOOK]
        if seen[Kind.TROUBLE]:
            reasons = list(dict.fromkeys(entry.reason for entry in seen[Kind.TROUBLE]))
            yield Entry(self.top.origin, Kind.TROUBLE, reason=_some(reasons, "; "), archive=archive)
        elif not seen[Kind.NOTEBOOK] and (seen[Kind.HIDDEN] or not self.top.name.startswith(".")):
            yield Entry(self.top.origin, Kind.EMPTY, reason=self._why_none(seen), archive=archive)

    def _kind(self, entry: Entry) -> Kind:
        """What an entry is, where everything in a hidden folder is hidden."""
        if not any(part.startswith(".") for part in self._below(entry).split("/")[:-1]):
            return entry.kind
        return Kind.HIDDEN if entry.kind in (Kind.NOTEBOOK, Kind.HIDDEN) else Kind.OTHER

    def _below(self, entry: Entry) -> str:
        return entry.origin[len(self.top.origin) + 1:]

    def _why_none(self, seen: dict[Kind, list[Entry]]) -> str:
        """Why there is no notebook, as far as what was seen tells it."""
        if seen[Kind.HIDDEN]:
            hidden = re.match(r"(?:.*?/)??\.[^/]*(?=/)", self._below(seen[Kind.HIDDEN][0]))
            return f"{NO_NOTEBOOK}: its only notebooks are in the hidden folder {clean(hidden[0])}"
        odd = [f"{clean(entry.name)}: {entry.reason}" for entry in seen[Kind.ODD]]
        odd += [f"{clean(entry.name)}: it is a folder" for entry in seen[Kind.FOLDER]
                if entry.name.lower().endswith(".ipynb") and entry.origin != self.top.origin]
        return f"{NO_NOTEBOOK}: {_some(odd, '; ')}" if odd else NO_NOTEBOOK


@dataclass(frozen=True)
class _Class:
    """What lies at the top; without folders, it is `owner`'s. `prefix` is that of nbgrader's folder."""

    owner: str
    handed: list[_Handed]
    prefix: str = ""

    @cached_property
    def is_working_copy(self) -> bool:
        """Whether it is what `selfattention start` makes for one student, and not a class."""
        folders = {one.top.name for one in self.handed if one.top.kind == Kind.FOLDER and one.top.name[0] != "."}
        return len(folders) > 1 and "exercises" in folders and folders <= WORKING_COPY

    def meant(self, wanted: list[re.Pattern]) -> list[_Handed]:
        """What at the top was handed in: folders, notebooks, links, and files that are somebody's by their name."""
        visible = [one for one in self.handed if not one.top.name.startswith(".")]
        archives = all(one.top.kind in (Kind.ARCHIVE, Kind.OTHER) for one in visible)
        return [one for one in self.handed if _is_meant(one.top, wanted, archives)]


def _is_meant(top: Entry, wanted: list[re.Pattern], archives: bool) -> bool:
    """`archives`: there is nothing else."""
    if top.kind == Kind.FOLDER:
        return top.name not in LEFT_BEHIND
    if top.name.startswith("."):
        return False
    if top.kind in (Kind.NOTEBOOK, Kind.TROUBLE) or _platforms(top.origin):
        return True
    return top.kind == Kind.ARCHIVE and (archives or any(one.fullmatch(top.origin) for one in wanted))


def _of_folder(where: Path, report: Path | None) -> _Class:
    tops = at_the_top(where, report)
    prefix = ""
    if _is_nbgraders(tops):
        prefix = f"{SUBMITTED}/"
        tops = [replace(one, origin=prefix + one.origin) for one in at_the_top(where / SUBMITTED, report)]
    tops = [replace(one, kind=Kind.TROUBLE) if one.reason == LINK and one.kind == Kind.ODD else one for one in tops]
    return _Class(where.resolve().name, [
        _Handed(one, below(one.path, one.origin) if one.kind == Kind.FOLDER else [one]) for one in tops], prefix)


def _is_nbgraders(tops: Iterable[Entry]) -> bool:
    """Whether the folder `submitted` is nbgrader's and no student's: beside it stands no other student's."""
    folders = {one.origin for one in tops if one.kind == Kind.FOLDER}
    others = {name for name in folders - NBGRADERS if not name.startswith(".")}
    return SUBMITTED in folders and not others and not any(_platforms(one.origin) for one in tops)


def _of_archive(where: Path, room: Room) -> _Class:
    owner = ENDING.sub("", where.name)
    entries = _without_the_folder_itself(list(in_archive(where, room)), owner)
    prefix = ""
    if _is_nbgraders(_tops(entries)):
        prefix = f"{SUBMITTED}/"
        entries = [entry for entry in entries if entry.origin.startswith(prefix)]
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(_top(entry, prefix).origin, []).append(entry)
    tops = {origin: Entry(origin, Kind.FOLDER) if any(one.origin != origin for one in group) else group[0]
            for origin, group in groups.items()}
    return _Class(owner, [_Handed(tops[origin], group) for origin, group in groups.items()], prefix)


def _top(entry: Entry, prefix: str = "") -> Entry:
    """What lies at the top of an archive: an entry itself, or the folder it is in."""
    name, below, _ = entry.origin.removeprefix(prefix).partition("/")
    return Entry(prefix + name, Kind.FOLDER) if below else entry


def _tops(entries: Iterable[Entry]) -> list[Entry]:
    """What lies at the top of an archive, but for hidden names."""
    return list({top.origin: top for top in map(_top, entries) if not top.name.startswith(".")}.values())


def _without_the_folder_itself(entries: list[Entry], owner: str) -> list[Entry]:
    """The entries of an archive that holds the folder of submissions, and not just what is in it."""
    tops = _tops(entries)
    if [one.kind for one in tops] != [Kind.FOLDER] or tops[0].name == SUBMITTED:
        return entries
    whole = f"{tops[0].name}/"
    below = [replace(entry, origin=entry.origin.removeprefix(whole)) for entry in entries
             if f"{entry.origin}/" != whole]
    return below if _is_a_class(below, tops[0].name == owner) else entries


def _is_a_class(entries: list[Entry], named_so: bool) -> bool:
    """Whether a folder in an archive is a class and no student; `named_so`: the archive has the folder's name."""
    handed = [entry for entry in entries if entry.kind in (Kind.NOTEBOOK, Kind.ARCHIVE, Kind.TROUBLE)
              and not any(part.startswith(".") for part in entry.origin.split("/"))]
    tops = _tops(entries)
    if _is_nbgraders(tops) or all(_platforms(entry.origin) for entry in handed):
        return True
    folders = {one.name for one in tops if one.kind == Kind.FOLDER}
    chapters = [_chapter(entry) or entry.origin for entry in handed if entry.kind == Kind.NOTEBOOK]
    with_archives = {_top(entry).origin for entry in handed if entry.kind == Kind.ARCHIVE}
    several = len(set(chapters)) < len(chapters) or len(with_archives) > 1
    return all("/" in entry.origin for entry in handed) and (several or named_so) and not folders <= WORKING_COPY


# Whose it is.


def _claim(entry: Entry, whole: _Class, wanted: list[re.Pattern], pattern: str | None) -> _Claim:
    """An entry with its student, whom the path tells; the owner of the whole has what lies in no folder."""
    paths = [entry.origin, *filter(None, [entry.archive])]
    match = next(filter(None, (one.fullmatch(path) for path in paths for one in wanted)), None)
    if match is not None and match["student"]:
        return _Claim(entry, match["student"], match.groupdict().get("number") or "")
    if pattern:
        reason = entry.reason or f"its name does not fit the pattern {pattern!r}"
        return _Claim(entry, entry.origin, reason=reason)
    top, below, _ = entry.origin.removeprefix(whole.prefix).partition("/")
    if whole.is_working_copy or not (below or entry.kind in (Kind.EMPTY, Kind.TROUBLE)):
        return _Claim(entry, whole.owner)
    return _Claim(entry, ENDING.sub("", top) if entry.archive == whole.prefix + top else top)


def _with_numbers(claims: list[_Claim]) -> list[_Claim]:
    """Claims with students' names, into which a number goes where a platform tells several of one name apart by it."""
    names = {called: clean(called) or "(no name)" for called in {claim.called for claim in claims}}
    numbers: dict[str, set[str]] = {}
    for claim in claims:
        numbers.setdefault(names[claim.called], set()).add(claim.number)
    return [replace(claim, student=f"{name} {claim.number}".strip() if len(numbers[name]) > 1 else name)
            for claim in claims for name in [names[claim.called]]]


def _answered(claims: list[_Claim]) -> list[_Claim]:
    """Claims without the empty folders of students who have handed in something else."""
    some = [claim for claim in claims if claim.entry.kind != Kind.EMPTY]
    students = {claim.student for claim in some}
    known = {match.groups() for claim in some if (match := _platforms(claim.entry.origin))}

    def is_left(claim: _Claim) -> bool:
        match = _platforms(claim.entry.origin)  # for a pattern of one's own need not fit every folder of a platform
        return claim.entry.kind != Kind.EMPTY or not (claim.student in students or (match and match.groups() in known))

    return [claim for claim in claims if is_left(claim)]


# Which of a student's notebooks for a chapter counts.


@dataclass(frozen=True)
class _Shown:
    """A claim as it is shown."""

    claim: _Claim
    found: Found

    @property
    def rank(self) -> tuple[int, int]:
        """What counts first: by the kind that a notebook says it is of, then by the folder it lies in."""
        parts = self.claim.entry.origin.split("/")
        folder = parts[-2] if len(parts) > 1 else ""
        try:
            kind = parse(self.found.read(), Path(self.found.name)).kind if self.found.path else KINDS[0]
        except (Unreadable, OSError):
            kind = KINDS[0]  # it may be the one that counts, and an older one must not stand in for it silently
        return (KINDS.index(kind) if kind in KINDS else KINDS.index(""),
                0 if folder == "exercises" else 2 if folder in WORKING_COPY else 1)


def _chosen(claims: list[_Claim]) -> list[Found]:
    """What is to be graded, or told; of several notebooks of a student for one chapter the one that counts."""
    groups: dict[tuple[str, str], list[_Shown]] = {}
    for one in _without_pages(_as_shown(_answered(claims))):
        groups.setdefault((one.found.student, one.found.chapter or one.found.origin), []).append(one)
    found, told = [], set()
    for group in groups.values():
        ranks = [one.rank for one in group] if len(group) > 1 else [(0, 0)]
        first = [one for one, rank in zip(group, ranks) if rank == min(ranks)]
        lessons = min(ranks)[0] == KINDS.index("lesson")  # a chapter may have several, and none of them is an answer
        found.append(_set_aside(first) if len(first) > 1 and not lessons else first[0].found)
        if len({one.claim.called for one in first}) > 1:
            told.add(first[0].found.student)
    return found + _look_alikes([claim for claim in claims if claim.student not in told])


def _without_pages(shown: list[_Shown]) -> list[_Shown]:
    """Without the course's pages, as they lie in every working copy; who has handed in nothing else is told so."""
    others = {one.found.student for one in shown if one.found.chapter != PAGE}
    kept = [one for one in shown if one.found.chapter != PAGE or one.found.student not in others]
    return [replace(one, found=replace(one.found, chapter="")) if one.found.chapter == PAGE else one for one in kept]


def _as_shown(claims: list[_Claim]) -> list[_Shown]:
    """Every claim under an origin of its own: an archive may hold several files of one name."""
    numbers: dict[str, int] = {}
    keys: dict[str, _Claim] = {}
    for claim in claims:
        key = origin = claim.entry.origin
        while key in keys:
            numbers[origin] = numbers.get(origin, 1) + 1
            key = f"{origin} [{numbers[origin]}]"
        keys[key] = claim
    origins = shown(keys)
    return [_Shown(claim, _found(claim, origins[key])) for key, claim in keys.items()]


def _found(claim: _Claim, origin: str) -> Found:
    entry = claim.entry
    name = clean(entry.name) if entry.kind == Kind.NOTEBOOK else ""
    return Found(claim.student, name, origin, entry.path, claim.reason or entry.reason, _chapter(entry))


def _chapter(entry: Entry) -> str:
    """The chapter that a notebook will be graded for; `PAGE` of a page, an empty string where it will not be."""
    if entry.kind != Kind.NOTEBOOK:
        return ""
    path = Path(clean(entry.name))
    try:
        if named(path) or entry.path is None:
            return chapter_of(Notebook([], ""), path)
        with opened(entry.path) as file:
            notebook = parse(slim(file), path)
        return PAGE if notebook.kind == PAGE else chapter_of(notebook, path)
    except (Unreadable, OSError):
        return ""


def _set_aside(twins: list[_Shown]) -> Found:
    """What is told of several notebooks of one student for one chapter: the teacher knows which counts."""
    alike = len({one.claim.called for one in twins}) > 1
    origins = sorted(escaped(one.claim.entry.origin) if alike else one.found.origin for one in twins)
    reason = f"there are {len(twins)} submissions for one chapter: keep one of {_some(origins, ', ')}"
    if all("/" not in one.claim.entry.origin for one in twins):
        reason += ", or say with --pattern how their names tell the students"
    told = sorted({one.found.reason for one in twins if one.found.reason})
    return replace(twins[0].found, path=None, reason=f"{reason} ({_some(told, '; ')})" if told else reason)


def _look_alikes(claims: list[_Claim]) -> list[Found]:
    """What is told where students have names that cannot be told apart, and are taken for one."""
    called: dict[str, set[str]] = {}
    for claim in claims:
        called.setdefault(claim.student, set()).add(claim.called)
    return [Found(student, "", names, reason=f"{names} look alike and are taken for one student: if they are several, "
                                             "give them names that differ")
            for student, some in called.items() if len(some) > 1
            for names in [_some(sorted(map(escaped, some)), ", ")]]


def _some(texts: list[str], between: str) -> str:
    """Texts in a row, but for those that would make it too long to be read."""
    more = f"{between}and {len(texts) - MOST_NAMED} more" if len(texts) > MOST_NAMED else ""
    return between.join(texts[:MOST_NAMED]) + more
