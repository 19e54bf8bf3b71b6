"""The way through the course: which notebook comes before and after another, and the line of links that says so."""

import functools
import re

from selfattention import problems
from selfattention.course import files
from selfattention.course.catalogue import chapter as full_name

LESSONS = files.PACKAGE / "lessons"
SPACE = "\N{NO-BREAK SPACE}"  # a link stays on one line, with the stroke behind it
BETWEEN = f"{SPACE}| "
SHOWN_PAGES = ("glossary", "cheat_sheet")  # pages that every notebook links to; the glossary links to the rest
TITLE = re.compile(r"^# # (.+)$", re.MULTILINE)


def lessons() -> list[str]:
    """The lessons in order, such as `02_softmax`; a chapter may have several, which share its number."""
    return sorted(path.stem for path in LESSONS.glob("[0-9][0-9]_*.py"))


def pages() -> list[str]:
    """The pages that belong to no chapter, such as `glossary`."""
    return sorted(path.stem for path in LESSONS.glob("[a-z]*.py"))


def lessons_of(chapter: str) -> list[str]:
    """The lessons of a chapter, in order."""
    return [lesson for lesson in lessons() if lesson[:2] == chapter[:2]]


def chapter_of_lesson(lesson: str) -> str:
    """The chapter that a lesson belongs to: the one with its number."""
    return full_name(lesson[:2])


@functools.cache
def title(source: str) -> str:
    """The heading of a lesson or page, such as `02 · Softmax`."""
    found = TITLE.search((LESSONS / f"{source}.py").read_text(encoding="utf-8"))
    return found[1].strip() if found else source


def line(kind: str, name: str) -> str:
    """The links of a notebook to its neighbours, as Markdown.

    Args:    kind: `lesson`, `page`, `exercises` or `solutions`. name: of the lesson or page, else of the chapter.
    """
    links = _of_chapter(kind, name) if kind in ("exercises", "solutions") else _of_text(name)
    shown = SHOWN_PAGES if name not in pages() else pages()
    return BETWEEN.join([*links, *(_link(title(page), f"notebooks/{page}.ipynb", kind)
                                   for page in shown if page in pages() and page != name)])


def _of_text(name: str) -> list[str]:
    """The lesson before, what belongs to this one, and the lesson after; from a page, the first one."""
    if name in pages():
        return [_link(title(lesson), f"notebooks/{lesson}.ipynb", "lesson") for lesson in lessons()[:1]]
    order, chapter = lessons(), chapter_of_lesson(name)
    here = order.index(name)
    before = [_link(f"← {title(lesson)}", f"notebooks/{lesson}.ipynb", "lesson") for lesson in order[:here][-1:]]
    after = [_link(f"{title(lesson)} →", f"notebooks/{lesson}.ipynb", "lesson") for lesson in order[here + 1:][:1]]
    own = [_link(f"{chapter[:2]} · {kind.title()}", files.place(chapter, kind), "lesson")
           for kind in ("exercises", "solutions")]
    return [*before, *own, *after]


def _of_chapter(kind: str, chapter: str) -> list[str]:
    """The chapter's lessons, its solutions or exercises, and the next notebook of this kind."""
    other = "solutions" if kind == "exercises" else "exercises"
    order = problems.chapters()
    following = order[order.index(chapter) + 1:][:1]
    return [*(_link(title(lesson), f"notebooks/{lesson}.ipynb", kind) for lesson in lessons_of(chapter)),
            _link(f"{chapter[:2]} · {other.title()}", files.place(chapter, other), kind),
            *(_link(f"{after[:2]} · {kind.title()} →", files.place(after, kind), kind) for after in following)]


def _link(text: str, place: str, kind: str) -> str:
    """A link to a place in the course from a notebook of a kind."""
    folder, _, name = place.partition("/")
    here = "notebooks" if kind in ("lesson", "page") else kind
    return f"[{text.replace(' ', SPACE)}]({name if folder == here else f'../{place}'})"
