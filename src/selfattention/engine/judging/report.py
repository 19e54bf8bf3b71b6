"""What judging found, as data: a report on one exercise, with a verdict for each check."""

from dataclasses import dataclass, field
from typing import Any

from selfattention.engine.comparison.finding import Finding
from selfattention.engine.door.room import Raised
from selfattention.engine.judging.definition import Mistake

PASSED, FAILED, NOT_ATTEMPTED, ERROR, TIMEOUT = "passed", "failed", "not attempted", "error", "timeout"
READY_MADE = "ready-made"


@dataclass(frozen=True)
class Verdict:
    """What one check found; `general` where the detail compares two values, and nothing in it is the check's own."""

    claim: str
    status: str
    detail: str = ""
    hint: str = ""
    expected: Any = None
    got: Any = None
    raised: Raised | None = None
    general: bool = False


@dataclass(frozen=True)
class Counterexample:
    """An input on which the answer and the reference differ, and in what; `hand_sized` where an author chose it."""

    inputs: dict[str, Any]
    expected: Any
    got: Any
    detail: str = ""
    hand_sized: bool = False


@dataclass
class Report:
    """What the learner, the teacher and the command line are told about one exercise."""

    chapter: str
    exercise: str
    points: int
    earned: float = 0.0
    status: str = NOT_ATTEMPTED
    verdicts: list[Verdict] = field(default_factory=list)
    mistake: Mistake | None = None
    comparison: Finding | None = None  # where no known mistake was found
    counterexample: Counterexample | None = None
    idle: str = ""  # why an answer that passes some checks earns nothing: it computes nothing
    printed: str = ""
    called_with: str = ""
    used: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def first_trouble(self) -> Verdict | None:
        """The first check that did not pass."""
        return next((verdict for verdict in self.verdicts if verdict.status != PASSED), None)

    @property
    def claim(self) -> str:
        """The first claim that does not hold, or an empty string."""
        return self.first_trouble.claim if self.first_trouble else ""

    @property
    def hint(self) -> str:
        """The hint of the named mistake, else that of the first claim that does not hold.

        None where a comparison explains it: the author of the hint thought of something else.
        """
        if self.mistake:
            return self.mistake.hint
        if self.comparison and self.comparison.explains:
            return ""
        return self.first_trouble.hint if self.first_trouble else ""

    def row(self) -> dict[str, Any]:
        """The report as one flat object for `--json`."""
        return {"chapter": self.chapter, "exercise": self.exercise, "points": self.points, "earned": self.earned,
                "status": self.status, "claim": self.claim, "mistake": self.mistake.name if self.mistake else "",
                "comparison": self.comparison.sentence if self.comparison else "",
                "hint": self.hint, "used": list(self.used), "seconds": round(self.seconds, 3)}
