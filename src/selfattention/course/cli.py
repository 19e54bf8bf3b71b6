"""The command line: `selfattention start` (or `update`), `lab`, `status`, `check`, `hint`, `certificate`, `reset` …

Exit status of `check`: 0 all passed, 1 something did not, 2 nothing could be run. Everything heavy is
imported where it is used, so that `--help` answers at once.
"""

from __future__ import annotations

import codecs
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfattention import __version__

if TYPE_CHECKING:
    from selfattention.course.updating import Step
    from selfattention.course.workspace import Workspace
    from selfattention.engine.judging.report import Report

WORK = click.option(
    "--work", "folder", metavar="FOLDER", help="The working copy; by default the one you are in, else work/."
)
WATCH_SECONDS = 0.5
COLOURS = {"passed": "green", "not attempted": "bright_black"}


IN_ASCII = {"✓": "+", "✗": "x", "○": "o", "█": "#", "░": "-", "√": "sqrt ", "·": "*", "−": "-", "…": "..."}


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that the output's encoding lacks, as on Windows where it goes into a file."""
    lost = error.object[error.start:error.end]
    return "".join(IN_ASCII.get(character, "?") for character in lost), error.end


def main() -> None:
    """Run the command line; what goes wrong is said in one line, without a traceback."""
    codecs.register_error("in_ascii", _in_ascii)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="in_ascii")
    try:
        commands(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:
        from selfattention.course.catalogue import Unknown

        if not isinstance(error, (Unknown, OSError)):
            raise
        click.echo(f"selfattention: {error}", err=True)
        sys.exit(2)


def _workspace(folder: str | None) -> Workspace:
    from selfattention.course.workspace import Workspace

    return Workspace.find(folder)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="selfattention")
def commands() -> None:
    """A course on self-attention: every claim is measured, every wrong answer is expected."""


@commands.command()
@click.argument("folder", required=False)
def start(folder: str | None) -> None:
    """Make a working copy of lessons and exercises in FOLDER (by default work/), or bring yours up to date.

    Your answers, guesses and own cells are carried over into newer notebooks; what is replaced is kept in backups/.
    """
    space = _workspace(folder)
    steps = space.start()
    _tell(space, steps)
    written = sum(step.is_written for step in steps)
    click.echo(f"{space.folder}: {written} files written, {len(steps) - written} were there and are left as they are.")
    click.echo("Next: selfattention lab")


commands.add_command(start, "update")


def _tell(space: Workspace, steps: Iterable[Step]) -> None:
    """A line for each file of which there is something to say."""
    for step in steps:
        if step.told:
            click.echo(f"{step.path.relative_to(space.folder).as_posix()} {step.told}.")


@commands.command()
@WORK
@click.option("--no-browser", is_flag=True, help="Print the address only.")
@click.option("--port", type=int, default=8888, show_default=True, help="The first port to try.")
@click.argument("more", nargs=-1, metavar="[-- JUPYTER OPTIONS]")
def lab(folder: str | None, no_browser: bool, port: int, more: tuple[str, ...]) -> None:
    """Open JupyterLab on the start page, in your working copy."""
    from selfattention.course import files

    space = _workspace(folder)
    _tell(space, (step for step in space.start() if step.is_written))
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={space.folder.resolve()}", f"--port={port}",
               f"--LabApp.default_url=/lab/tree/{files.START}", *["--no-browser"] * no_browser, *more]
    # Without a network, and in the middle of a lesson, nobody wants to be asked about news and updates; and long lines
    # of code are wrapped at a laptop's width.
    quiet = os.pathsep.join(
        filter(None, [str(files.PACKAGE / "course/jupyter"), os.environ.get("JUPYTER_CONFIG_PATH")])
    )
    _become(command, {**os.environ, "JUPYTER_CONFIG_PATH": quiet})


def _become(command: list[str], environment: dict[str, str]) -> None:
    """Go on as another program, so that whoever ends this process ends that one.

    Windows cannot replace a process: there the program runs below this one, and is ended with it.
    """
    if os.name != "nt":
        sys.stdout.flush()
        os.execve(command[0], command, environment)
    running = subprocess.Popen(command, env=environment)
    for name in ("SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: running.terminate())
    while True:
        try:
            sys.exit(running.wait())
        except KeyboardInterrupt:  # the program was told so, too, and ends in its own time
            continue


@commands.command()
@WORK
def status(folder: str | None) -> None:
    """Show every chapter and exercise with your points, and what to do next."""
    from rich.console import Console
    from rich.table import Table

    from selfattention.course.progress import Progress, bar, in_words
    from selfattention.course.standing import following, standing

    space = _require_exercises(_workspace(folder))
    for path in space.exercise_files():
        _judge_if_changed(space, path)
    table = Table("", "exercise", "progress", "points", "state", box=None, header_style="bold")
    rows = [row for row in standing(space) if space.exercise_file(row.chapter[:2]).is_file()]
    for row in rows:
        table.add_row(row.chapter[:2], row.exercise, bar(row.earned, row.points), f"{row.earned:g} / {row.points}",
                      row.told or row.state)
    console, progress = Console(), Progress(rows)
    console.print(table)
    console.print(f"\n{progress.earned:g} of {progress.points} points.", highlight=False)
    console.print(f"Next: {in_words(following(rows))}", highlight=False)


def _require_exercises(space: Workspace) -> Workspace:
    if not space.exercise_files():
        raise click.ClickException(f"there are no exercises in {space.folder}: `selfattention start` writes them")
    return space


def _judge_if_changed(space: Workspace, path: Path) -> None:
    """Judge a file where its answers have changed since, and remember what it earned."""
    if space.is_untouched(path):  # nothing is attempted in it, which its stubs say themselves
        return
    from selfattention.course.reading import Unreadable
    from selfattention.course.submission import judge_file

    rows = space.remembered(path)
    try:
        space.remember(path, [report.row() for report in judge_file(path)] if rows is None else rows)
    except Unreadable as error:
        click.echo(str(error), err=True)


@commands.command()
@click.argument("targets", nargs=-1, metavar="[NN | FILE]...")
@WORK
@click.option("--watch", is_flag=True, help="Check again whenever a file is saved, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects, one an exercise.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True,
              help="What the checks draw their data from.")
def check(targets: tuple[str, ...], folder: str | None, watch: bool, as_json: bool, seed: int) -> None:
    """Check chapters (NN) or notebook files; without an argument, all of your working copy.

    Exit status: 0 all passed, 1 something did not, 2 nothing could be run.
    """
    paths = _targets(targets, folder)
    code = _check_once(paths, as_json, seed)
    while watch:
        before = _saved(paths)
        while _saved(paths) == before:
            time.sleep(WATCH_SECONDS)
        code = _check_once(paths, as_json, seed)
    sys.exit(code)


def _targets(targets: tuple[str, ...], folder: str | None) -> list[Path]:
    space = _workspace(folder)
    if not targets:
        return _require_exercises(space).exercise_files()
    return [space.exercise_file(target) if target.isdigit() else Path(target) for target in targets]


def _saved(paths: list[Path]) -> list[int]:
    return [path.stat().st_mtime_ns if path.exists() else 0 for path in paths]


def _check_once(paths: list[Path], as_json: bool, seed: int) -> int:
    """Judge each file, print what was found, and return the exit status."""
    from selfattention.course.reading import Unreadable
    from selfattention.course.submission import judge_file

    reports: list[Report] = []
    unreadable = 0
    for path in paths:
        try:
            found = judge_file(path, seed)
        except Unreadable as error:
            click.echo(f"selfattention: {error}", err=True)
            unreadable += 1
            continue
        reports += found
        if not as_json:
            _print_reports(path, found)
    if as_json:
        click.echo(json.dumps([report.row() for report in reports], indent=1))
    if not reports:
        return 2
    return 0 if not unreadable and all(report.status == "passed" for report in reports) else 1


def _print_reports(path: Path, reports: list[Report]) -> None:
    from selfattention.engine.judging import card

    click.secho(str(path), bold=True)
    for report in reports:
        first, *rest = card.as_text(report).splitlines()
        click.secho(first, fg=COLOURS.get(report.status, "red"))
        if report.status != "passed":
            click.echo("\n".join(rest))
    earned, points = sum(report.earned for report in reports), sum(report.points for report in reports)
    click.echo(f"{earned:g} of {points} points\n")


@commands.command()
@click.argument("chapter", metavar="NN")
@click.argument("name")
@WORK
def hint(chapter: str, name: str, folder: str | None) -> None:
    """Give the next hint for exercise NAME of chapter NN."""
    from selfattention.course.catalogue import find
    from selfattention.course.notebook import hint_text

    exercise = find(f"{chapter}.{name}")
    step = _workspace(folder).next_hint(exercise.key, len(exercise.hints))
    click.echo(hint_text(exercise.hints, step))


@commands.command()
@WORK
def certificate(folder: str | None) -> None:
    """Sum up what you have built: points, whole chapters, and guesses that came near."""
    from selfattention.course.certificate import drawn_up

    click.echo(repr(drawn_up(_require_exercises(_workspace(folder)))))


@commands.command()
@click.argument("chapter", metavar="NN")
@WORK
def reset(chapter: str, folder: str | None) -> None:
    """Write the exercises of chapter NN anew, keeping a dated backup of yours."""
    target, backup = _workspace(folder).reset(chapter)
    click.echo(f"{target} is fresh." + (f" Your answers are kept in {backup}" if backup else ""))


@commands.command()
@WORK
def doctor(folder: str | None) -> None:
    """Look whether this computer is ready for the course, and say what to do where it is not."""
    from selfattention.course.doctor import examine

    findings = examine(_workspace(folder).folder)
    for finding in findings:
        mark = click.style("!" if finding.remedy else "✓", fg="red" if finding.remedy else "green")
        click.echo(f"{mark} {finding.what}: {finding.found}" + (f"\n    → {finding.remedy}" if finding.remedy else ""))
    broken = [finding for finding in findings if finding.remedy and finding.what not in ("port", "processor cores")]
    sys.exit(1 if broken else 0)


@commands.command()
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option("--out", "report", required=True, type=click.Path(path_type=Path), metavar="REPORT",
              help="A folder for grades.csv, report.html and feedback/.")
@click.option("--seed", type=click.IntRange(min=0),
              help="What the checks draw their data from; else drawn, and noted in REPORT.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes on this machine.")
@click.option("--resume", is_flag=True, help="Go on where an earlier run in REPORT ended; only what is new is graded.")
@click.option("--sandbox", type=click.Choice(["require", "prefer", "off"]), default="prefer", show_default=True,
              help="Refuse to grade, or say what is missing, where the system cannot shut submissions in.")
@click.option("--dask", default="", metavar="ADDRESS", help="Grade on a Dask cluster (needs the extra `class`).")
@click.option("--pattern", metavar="REGEX",
              help="How paths name students, with a group (?P<student>…); or moodle, canvas.")
@click.option("--chapter", "chapters", multiple=True, metavar="NN",
              help="Grade this chapter only; may be given several times.")
@click.option("--cell-seconds", type=click.FloatRange(min=0, min_open=True), default=30, show_default=True,
              help="Processor time of a cell; first imports are free, and a clock behind it waits six times as long.")
@click.option("--call-seconds", type=click.FloatRange(min=0, min_open=True), default=10, show_default=True,
              help="Processor time of one call of an answer, in the same way.")
@click.option("--notebook-seconds", type=click.FloatRange(min=0, min_open=True), default=300, show_default=True,
              help="Processor time of a whole notebook; the clock behind it waits twice as long.")
@click.option("--also", multiple=True, type=click.Choice(["nbgrader", "gradescope", "classroom"]),
              help="Further files to write, for other programs; may be given several times.")
def grade(**options: Any) -> None:
    """Grade a class: SUBMISSIONS is a folder with STUDENT/NN_exercises_slug.ipynb, or a zip or tar of it.

    Exit status: 0 all graded, 1 some could not be, 2 nothing could.
    """
    from tqdm import tqdm

    from selfattention.course.grader.run import CannotGrade, Order, grade_class
    from selfattention.course.grader.submissions import NoSubmissions

    def shown(results: Iterable, total: int) -> Iterable:
        return tqdm(results, total=total, unit="notebook", desc="grading", disable=None)

    order = Order(**options)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: nothing runs on, and what is done is kept
    try:
        outcome = grade_class(order, tqdm.write, shown)
    except (CannotGrade, NoSubmissions) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or order.report}: {error.strerror or error}. What is done is "
                                   "kept: put that right and go on with --resume") from None
    except KeyboardInterrupt:
        raise click.ClickException("interrupted. What is done is kept: go on with --resume") from None
    kept = f", {outcome.kept} kept from before" if outcome.kept else ""
    click.echo(f"{outcome.graded} graded{kept}, {outcome.refused} not graded.")
    click.echo(f"Read {order.report / 'report.html'}, hand out {order.report / 'feedback'}; grades: "
               f"{order.report / 'grades.csv'}")
    sys.exit(outcome.status)


@commands.command()
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 where a notebook is stale.")
@click.option("--force", is_flag=True, help="Run and write every notebook, also the fresh ones.")
def build(only_check: bool, force: bool) -> None:
    """Write notebooks, exercises and solutions from src/; runs those that have changed."""
    from selfattention.course import files, writer

    if files.root() == files.PACKAGE:
        raise click.ClickException("build works in the course's repository, not on an installed copy")
    if only_check:
        stale = [path.relative_to(files.root()) for path in writer.stale()]
        for path in stale:
            click.echo(f"stale: {path}")
        click.echo("run `make notebooks`" if stale else "all notebooks are fresh")
        sys.exit(1 if stale else 0)
    try:
        for line in writer.build(force):
            click.echo(line)
    except writer.BrokenCell as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
