"""Each probe finds what it was made for and leaves the healthy model alone; and it can fail."""

import math

import pytest
import torch
from torch import nn

from selfattention.debugging import (
    HEALTHY,
    NUMBERS,
    PROBES,
    Finding,
    by_cost,
    examine,
    fewest,
    probes,
    solve,
    suspect,
    untrained,
)
from selfattention.debugging.small import Small
from selfattention.debugging.source import VOCAB
from selfattention.debugging.suspects import Suspect
from selfattention.training import next_token_loss

CHEAP = [name for name, probe in PROBES.items() if not probe.trains]
# What is found with the first weights, by the number of the suspect.
EARLY = {0: set(), 1: {"padding"}, 2: set(), 3: {"order", "gradients"}, 4: {"row sums", "padding", "cache", "future"},
         5: {"cache"}, 6: {"padding", "cache", "blindness"}, 7: {"start"}, 8: {"batch"}, 9: set(),
         10: {"twice", "batch", "padding", "cache", "future"}, 11: {"cache", "future"}, 12: {"gradients"}}


class Reads(nn.Module):
    """Output t is the sum of the one-hot vectors of the tokens that `seen` shows it, each with its weight."""

    def __init__(self, seen):
        super().__init__()
        self.seen = seen

    def forward(self, tokens):
        return self.seen @ nn.functional.one_hot(tokens, VOCAB).double()


def test_change_before_says_which_token_moved_which_output_and_how_far():
    seen = torch.eye(16, dtype=torch.float64)
    seen[2, 5], seen[3, 15], seen[6, 4] = 0.25, -3.0, 1.0
    moved = probes.change_before(Reads(seen), probes.sample())
    assert moved.nonzero().tolist() == [[5, 2], [15, 3]], "the past may be seen"
    assert moved[5, 2] == 0.25 and moved[15, 3] == 3


def test_with_the_first_weights_ten_of_twelve_are_found_and_the_healthy_model_is_cleared():
    found = examine(map(untrained, [HEALTHY, *NUMBERS]), CHEAP)
    alarms = {number: {one.probe for one in found if one.suspect == number and one.is_alarm} for number in EARLY}
    assert alarms == EARLY


def test_two_need_a_training():
    found = examine([suspect(2)], ["floor", "in use", "future"])
    assert [one.is_alarm for one in found] == [True, True, False] and found[0].value > 0.5
    values = {number: probes.one_batch(untrained(number)) for number in (HEALTHY, 9)}
    assert values[HEALTHY] < 0.1 and values[9] > 1


def test_gradients_are_those_that_backward_gives():
    one = untrained(12)
    dead = [name for name, largest in probes.gradients(one).items() if largest == 0]
    assert dead == ["attention.query.weight", "attention.key.weight"]
    model = one.fresh().eval()
    next_token_loss(model, probes.sample(32)).backward()
    expected = model.attention.value.weight.grad.abs().max().item()
    assert probes.gradients(one)["attention.value.weight"] == pytest.approx(expected, rel=1e-12)


def test_start_is_measured_against_a_blind_guess():
    def blind():
        model = Small().double()
        nn.init.zeros_(model.embedding.weight)
        return model

    one = Suspect(0, blind(), blind, next_token_loss, [])
    assert probes.start(one) < 1e-12
    assert probes.below_the_floor(one) == pytest.approx(0.9678 - math.log(8), abs=1e-3)
    assert probes.in_use(one) == pytest.approx(0, abs=1e-12)


def test_a_blind_spot_is_counted():
    depends = probes.dependence(untrained(6).model, probes.sample())
    assert depends[:8, :8].tril().all() or not depends.triu(1).any()
    assert not depends[8:, :8].any(), "the second half sees nothing of the first"
    assert probes.blindness(untrained(6)) == pytest.approx(64 / 136)


@pytest.mark.parametrize("name", PROBES)
def test_what_is_no_number_is_an_alarm_and_every_probe_asks_something(name):
    probe = PROBES[name]
    assert probe.is_alarm(math.nan) and probe.asks.endswith("?") and probe.cost > 0
    assert probe.is_alarm(probe.limit + 1) is not probe.moves and probe.is_alarm(probe.limit - 1) is probe.moves


def test_cheap_probes_come_first():
    costs = [(probe.trains, probe.cost) for probe in PROBES.values()]
    assert costs == sorted(costs) and next(iter(PROBES)) == "twice"


def found(*pairs):
    return [Finding(suspect, probe, 1.0, True) for suspect, probe in pairs]


def test_the_fewest_probes_that_find_all():
    some = found((1, "cache"), (1, "future"), (2, "future"), (3, "start"), (3, "cache"), (4, "start"))
    assert fewest(some) == ("future", "start")
    assert fewest([Finding(1, "cache", 0.0, False)]) == ()


def test_what_is_found_by_cost():
    reached = by_cost(found((1, "future"), (2, "twice"), (1, "twice"), (3, "in use")))
    assert list(reached) == list(PROBES)
    assert set(list(reached.values())[:-1]) == {2} and reached["in use"] == 3


def test_a_case_is_solved_only_by_a_probe_that_finds_something():
    told = repr(solve(2, "floor"))
    assert " ".join(told.split()) == ("suspect 2, floor: found. It does not shift: each token is scored at its own "
                                      "place (13.next_token_loss)")
    assert max(map(len, told.splitlines())) <= 72 and told.splitlines()[1].startswith("    ")
    assert repr(solve(2, "future")) == "suspect 2, future: finds nothing"
    with pytest.raises(ValueError, match="no probe guess; there are twice"):
        solve(2, "guess")
    with pytest.raises(ValueError, match="no suspect 99"):
        solve(99, "floor")
