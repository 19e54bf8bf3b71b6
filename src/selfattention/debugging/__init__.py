"""A room for finding bugs: small models with one planted bug each, and the probes that find them.

`suspects` hands the models out without saying what is wrong with them; `bank` is where the bugs are planted, and
chapter 19 asks its readers not to look there before they have found them.
"""

from selfattention.debugging.examine import PROBES, Case, Finding, Probe, by_cost, examine, fewest, solve
from selfattention.debugging.suspects import HEALTHY, NUMBERS, Suspect, reveal, suspect, untrained

__all__ = ["HEALTHY", "NUMBERS", "PROBES", "Case", "Finding", "Probe", "Suspect", "by_cost", "examine", "fewest",
           "reveal", "solve", "suspect", "untrained"]
