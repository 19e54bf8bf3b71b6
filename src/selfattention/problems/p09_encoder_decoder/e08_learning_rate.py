import math

from selfattention.engine import exercise, probes


@exercise(points=2, minutes=6, builds_on="lesson 09, warm-up", hints=(
    "Draw both sides of the minimum against the step. Which is smaller at the beginning, and where do they cross?",
    "In Python, `0 ** -0.5` raises an error. Which of the two sides decides at step 0, and what is it there?",
))
def learning_rate(step: int, d_model: int, warmup: int) -> float:
    r"""Follow the schedule of the 2017 paper.

    $d_{model}^{-0.5} \cdot \min(step^{-0.5},\; step \cdot warmup^{-1.5})$ (Vaswani et al. 2017, eq. 3). The first
    update is step 1. At step 0, before any update, the rate is 0.
    """
    if step == 0:
        return 0.0
    return d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)


learning_rate.example(2, 4, 4)
SETTINGS = ((512, 4000), (64, 100), (7, 3), (11, 1))


@learning_rate.check("rises in a straight line to its peak and falls with the root of the step",
                     hint="Compute the rates of steps 2, 4 and 16 for d_model = 4 and warmup = 4.")
def rises_and_falls(answer, rng):
    for d_model, warmup in SETTINGS:
        peak = 1 / math.sqrt(d_model * warmup)
        for step in (1, warmup, warmup + 1, 5 * warmup, int(rng.integers(1, warmup + 1))):
            expected = peak * (step / warmup if step <= warmup else math.sqrt(warmup / step))
            probes.equal(answer(step, d_model, warmup), expected, f"the rate of step {step} differs")


@learning_rate.check("is highest when the warm-up ends",
                     hint="At which step do the two sides of the minimum meet?")
def highest_at_the_end(answer, rng):
    for d_model, warmup in SETTINGS[:3]:
        steps = rng.permutation((warmup - 1, warmup, warmup + 1)).tolist()
        rates = {step: answer(step, d_model, warmup) for step in steps}
        probes.require(bool(rates[warmup - 1] < rates[warmup] > rates[warmup + 1]),
                       f"with warmup = {warmup}, step {warmup} is not the highest")


@learning_rate.check("is 0 at step 0", hint="What does your code compute for step 0?")
def zero_at_zero(answer, rng):
    for d_model, warmup in SETTINGS:
        probes.equal(answer(0, d_model, warmup), 0.0)


@learning_rate.mistake("divides by zero at step 0",
                       hint="What is 0 to the power of −0.5? Which side of the minimum should decide there?")
def zero_divided(step, d_model, warmup):
    return d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)


@learning_rate.mistake("takes the larger side instead of the smaller one",
                       hint="Draw both sides against the step. Which one is small at the beginning?")
def larger_side(step, d_model, warmup):
    return d_model**-0.5 * max(step**-0.5 if step else 0.0, step * warmup**-1.5)


@learning_rate.mistake("raises warmup to the power of −0.5",
                       hint="At step = warmup, what is each of your two sides? Do they meet?")
def root_of_warmup(step, d_model, warmup):
    return d_model**-0.5 * min(step**-0.5, step * warmup**-0.5) if step else 0.0


@learning_rate.mistake("multiplies by √d_model instead of dividing",
                       hint="Should a wider model take larger or smaller steps? What is the sign of the exponent?")
def wider_faster(step, d_model, warmup):
    return d_model**0.5 * min(step**-0.5, step * warmup**-1.5) if step else 0.0


@learning_rate.mistake("leaves d_model out", hint="Where does `d_model` appear in your code?")
def model_forgotten(step, d_model, warmup):
    return min(step**-0.5, step * warmup**-1.5) if step else 0.0


@learning_rate.mistake("never warms up", hint="Where does `warmup` appear in your code?")
def never_warm(step, d_model, warmup):
    return d_model**-0.5 * step**-0.5 if step else 0.0


@learning_rate.mistake("never falls", hint="Compare your rates at steps 4000 and 16000. What does the paper's rate do?")
def never_falls(step, d_model, warmup):
    return d_model**-0.5 * min(warmup**-0.5, step * warmup**-1.5)


@learning_rate.mistake("counts the first update as step 0",
                       hint="Which number do you use for step 1? What is your rate at step 0?")
def counted_from_zero(step, d_model, warmup):
    return d_model**-0.5 * min((step + 1) ** -0.5, (step + 1) * warmup**-1.5)


@learning_rate.mistake("falls in proportion to the step, not to its root",
                       hint="By which factor should the rate fall from step 4000 to step 16000?")
def falls_too_fast(step, d_model, warmup):
    return d_model**-0.5 * min(warmup**0.5 / step, step * warmup**-1.5) if step else 0.0


@learning_rate.mistake("treats step 0 like step 1", hint="What is the formula's second side at step 0?")
def zero_like_one(step, d_model, warmup):
    return learning_rate(max(step, 1), d_model, warmup)


@learning_rate.alternative("two cases")
def two_cases(step, d_model, warmup):
    if step <= warmup:
        return step / (warmup * math.sqrt(warmup * d_model))
    return 1 / math.sqrt(step * d_model)


@learning_rate.alternative("one side infinite at step 0")
def by_infinity(step, d_model, warmup):
    falling = math.inf if step == 0 else step**-0.5
    return min(falling, step * warmup**-1.5) / d_model**0.5
