"""How much of what goes wrong is told: every change of every solution, and the answers of tests/answers, as tables.

    python benchmarks/diagnosis.py             all
    python benchmarks/diagnosis.py 02 09       of these chapters

A changed solution that is rejected is named, where it does what a known mistake does; told, where another change or a
relation explains it; or untold.
"""

import collections
import math
import statistics
import sys
import warnings
from pathlib import Path

from timing import milliseconds, percentile, row, seconds

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))


VERDICTS = ("named", "told", "raises", "untold", "accepted")


def of_changes(exercises) -> None:
    """The table by exercise, and which kinds of change and relation explain a wrong answer that is not theirs."""
    from selfattention.engine.comparison.changes.search import changed

    print("\n| exercise | changes | rejected | named | told by another change or a relation | raises an error | untold "
          "| accepted: the same results |")
    print("|---|---|---|---|---|---|---|---|")
    total: collections.Counter = collections.Counter()
    kinds: collections.Counter = collections.Counter()
    for exercise in exercises:
        bank, counts = changed(exercise.function), collections.Counter()
        for number, change in enumerate(bank.changes):
            function = bank.function(number)
            if function is not None:
                verdict, kind = what_is_told(exercise, function, change)
                counts[verdict] += 1
                kinds[kind] += 1
        rejected = sum(counts.values()) - counts["accepted"]
        figures = (len(bank.changes), rejected, *(counts[what] for what in VERDICTS))
        row(exercise.key, *map(str, figures))
        total.update(counts, changes=len(bank.changes), rejected=rejected)
    row("all", *(str(total[kind]) for kind in ("changes", "rejected", *VERDICTS)))
    print("\n| what explains a changed solution, beside that change itself | how often |\n|---|---|")
    for kind, often in kinds.most_common():
        if kind:
            row(kind.replace("_", " "), str(often))


def what_is_told(exercise, function, change) -> tuple[str, str]:
    """What a report says of a changed solution, but for that change; and which kind of explanation it is."""
    from selfattention.engine.comparison.asked import compared, is_evidence
    from selfattention.engine.comparison.changes.search import explaining
    from selfattention.engine.comparison.relations.search import holding
    from selfattention.engine.door.room import Request, Room
    from selfattention.engine.judging.judge import judge

    records: list = []

    class Recorder(Room):
        def __init__(self) -> None:
            super().__init__(function, 0.3)
            self.record: list = []
            records.append(self.record)

        def perform(self, request: Request):
            reply = super().perform(request)
            self.record.append((request, reply))
            return reply

    report = judge(exercise, Recorder, explain=False)
    if report.first_trouble is None:
        return "accepted", ""
    rounds = [compared(exercise.function, record) for record in records if record]
    asked = [Request("call", args) for args in exercise.examples]
    examples = [compared(exercise.function, [(request, Room(function, 0.3).perform(request))]) for request in asked]
    if judge(exercise, lambda: Room(function, 0.3)).mistake:
        return "named", ""
    untold = "raises" if report.status == "error" else "untold"
    if not is_evidence([*examples, *rounds]):
        return untold, ""
    others = [one for one in explaining(exercise.function, examples, rounds, math.inf)
              if one.code != change.code]
    if others:
        return "told", f"change: {others[0].kind}"
    found = holding(exercise.function, [*examples, *rounds], math.inf)
    return ("told", f"relation: {found[0][1]}") if found else (untold, "")


def of_answers(exercises) -> None:
    """The answers by readers of the prompts alone: how many are told what they are, and how long that takes."""
    import answers

    from selfattention.engine.door.room import Room
    from selfattention.engine.judging.card import Card
    from selfattention.engine.judging.judge import judge

    by_key = {exercise.key: exercise for exercise in exercises}
    counts: dict = collections.defaultdict(collections.Counter)
    times: dict = collections.defaultdict(list)
    for one in answers.written():
        exercise = by_key.get(one.exercise)
        if exercise is None:
            continue

        def once(one=one, exercise=exercise) -> None:
            reports.append(judge(exercise, lambda: Room(one.function, ready_made=exercise.ready_made)))
            Card(reports[-1])._repr_html_()

        reports: list = []
        took, report = seconds(once), reports[0]
        if one.right:
            counts[one.exercise[:2]]["right, accepted" if report.status == "passed" else "right, refused"] += 1
            times["right"].append(took)
            continue
        what = ("accepted" if report.status == "passed" else "named" if report.mistake else
                "compared" if report.comparison else "told" if report.first_trouble.raised or any(
                    words in report.first_trouble.detail for words in ("in place", "cut off")) else "untold")
        counts[one.exercise[:2]][what] += 1
        times[what].append(took)
    columns = ("right, accepted", "right, refused", "accepted", "named", "compared", "told", "untold")
    print("\n| chapter | right, accepted | right, refused | wrong, accepted | named | told by comparison "
          "| raises, cuts a gradient off or changes its input, and is told so | told the claim and a hint |")
    print("|" + "---|" * 8)
    for chapter, found in sorted(counts.items()):
        row(chapter, *(str(found[column]) for column in columns))
    row("all", *(str(sum(found[column] for found in counts.values())) for column in columns))
    print("\n| judged once, in this order, from call to card | median | 95th percentile |\n|---|---|---|")
    wrong = [took for what, some in times.items() if what != "right" for took in some]
    for what, some in (("right", times["right"]), ("wrong", wrong), ("wrong, named", times["named"]),
                       ("wrong, compared", times["compared"] + times["told"] + times["untold"])):
        if some:
            row(what, milliseconds(statistics.median(some)), milliseconds(percentile(some, 0.95)))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    import torch

    from selfattention import problems

    torch.set_num_threads(1)
    wanted = [exercise for chapter in problems.chapters() for exercise in problems.exercises(chapter)
              if not sys.argv[1:] or chapter[:2] in sys.argv[1:]]
    of_answers(wanted)
    of_changes(wanted)
