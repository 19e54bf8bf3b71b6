import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p14_efficient_attention.shared import eighths, three


@exercise(points=3, minutes=10, builds_on="exercise 2", hints=(
    "Each part's output is a sum of values divided by a sum of exponentials. Which of the two do you have, too?",
    "How much of all exponentials is a part's own? That is what its output should count.",
    "exp(5000) is infinite, a share of it is not. What can be subtracted from all logarithms first?",
))
def join_parts(outputs: Float[Tensor, "parts queries d_v"],
               logsumexps: Float[Tensor, "parts queries"]) -> tuple[Float[Tensor, "queries d_v"],
                                                                   Float[Tensor, " queries"]]:
    r"""Put together what the same queries found in several parts of the keys, each read on its own machine.

    `outputs[p]` is the queries' attention to the keys of part p alone, and `logsumexps[p]` is, for each query,
    $\log \sum_j e^{s_j}$ over the scores of these keys. Return the same two things for all keys of all parts together:
    the output, and the logarithm of the sum. Logarithms may be in the thousands. Where a part shows a query no key at
    all, its logarithm is $-\infty$ and its output 0; each query sees a key in some part.
    """
    shares = torch.softmax(logsumexps, dim=0)
    return (shares[:, :, None] * outputs).sum(dim=0), torch.logsumexp(logsumexps, dim=0)


join_parts.example(torch.tensor([[[1.0, 10.0]], [[5.0, 30.5]]]), torch.tensor([[1.0], [0.0]]))
join_parts.example(torch.tensor([[[2.0], [4.0]], [[0.0], [8.5]]]), torch.tensor([[1.5, 2.0], [-torch.inf, 2.0]]))
join_parts.example(torch.tensor([[[1.0, 10.0]], [[5.0, 30.5]]]), torch.tensor([[1000.0], [1001.5]]))


def parts(queries, keys, values, sizes):
    """Attention to each part of the keys alone, and the logarithm of each sum."""
    outputs, sums = [], []
    for some, read in zip(keys.split(sizes), values.split(sizes)):
        scores = queries @ some.mT
        most = scores.amax(dim=1, keepdim=True)
        powers = torch.exp(scores - most)
        outputs.append(powers @ read / powers.sum(dim=1, keepdim=True))
        sums.append(most[:, 0] + torch.log(powers.sum(dim=1)))
    return torch.stack(outputs), torch.stack(sums)


def against_one_part(answer, queries, keys, values, sizes):
    got = answer(*parts(queries, keys, values, sizes))
    for what, one, other in zip(("output", "logarithm"), got, parts(queries, keys, values, [len(keys)])):
        probes.equal(one, other[0], f"the {what} differs")


@join_parts.check("gives what one look at all keys gives",
                  hint="Part 0 has one key, part 1 has ten like it. How much should each count?")
def one_look(answer, rng):
    for sizes in ([2, 5, 1], [7], [3, 3]):
        against_one_part(answer, *three(rng, 3, sum(sizes), d_k=2), sizes)


@join_parts.check("lets a part count little or nothing where its scores are small",
                  hint="What is the share of a part whose logarithm is −∞? Of one whose logarithm is 50 less?")
def little_or_nothing(answer, rng):
    queries, keys, values = three(rng, 3, 9, d_k=2)
    outputs, sums = parts(queries, keys, values, [2, 3, 4])
    sums[0, 1], outputs[0, 1] = -torch.inf, 0.0
    sums[2, 2], outputs[2, 2] = -torch.inf, 0.0
    got, every = answer(outputs, sums)
    for query, seen in enumerate((slice(None), slice(2, None), slice(0, 5))):
        one, other = parts(queries[[query]], keys[seen], values[seen], [len(keys[seen])])
        probes.equal(got[[query]], one[0], "the output differs where a part shows nothing")
        probes.equal(every[[query]], other[0], "the logarithm differs where a part shows nothing")


@join_parts.check("stays finite where logarithms are huge",
                  hint="Which number is the largest that you take an exponential of?")
def huge_logarithms(answer, rng):
    outputs, sums = tensor(rng, 3, 2, 5), eighths(tensor(rng, 3, 2))
    usual, every = join_parts(outputs, sums)
    for offset in (3000.0, -3000.0):
        got = answer(outputs, sums + offset)
        probes.equal(got[0], usual)
        probes.equal(got[1], every + offset)
    far = torch.tensor([[3000.0, -3000.0, 5000.0], [3000.0, -3000.0, 0.0], [-3000.0, -3000.0, -5000.0]])
    outputs, sums = tensor(rng, 3, 3, 5), eighths(tensor(rng, 3, 3))
    got, every = answer(outputs, sums + far)
    for query, seen in enumerate((slice(0, 2), slice(0, 3), slice(0, 1))):
        usual, together = join_parts(outputs[seen, [query]], sums[seen, [query]])
        probes.equal(got[[query]], usual, "the output differs where parts or queries are far apart")
        probes.equal(every[[query]], together + far[0, query], "the logarithm differs where parts or queries are far "
                     "apart")
    probes.parity(answer, join_parts, tensor(rng, 3, 1, 5), tensor(rng, 3, 1))


def shared_out(outputs, shares):
    return (shares[:, :, None] * outputs).sum(dim=0)


@join_parts.mistake("takes one largest logarithm for all queries",
                    hint="The logarithms of query 0 are near 3,000, those of query 1 near −3,000. What is left of "
                         "query 1's exponentials?")
def one_largest(outputs, logsumexps):
    shares = torch.exp(logsumexps - logsumexps.max())
    total = shares.sum(dim=0)
    return shared_out(outputs, shares) / total[:, None], logsumexps.max() + torch.log(total)


@join_parts.mistake("takes the mean of the parts", hint="Does a part of one key count as much as a part of a thousand?")
def mean_of_parts(outputs, logsumexps):
    return outputs.mean(dim=0), torch.logsumexp(logsumexps, dim=0)


@join_parts.mistake("adds the parts up", hint="Both parts may say the same. What should come out then?")
def sum_of_parts(outputs, logsumexps):
    return outputs.sum(dim=0), torch.logsumexp(logsumexps, dim=0)


@join_parts.mistake("weighs the parts by the logarithms, not by the sums",
                    hint="Two sums of 1 and 100 have the logarithms 0 and 4.6. Which two numbers say how much a part "
                         "counts?")
def by_logarithm(outputs, logsumexps):
    finite = logsumexps.masked_fill(logsumexps == -torch.inf, 0.0)
    return shared_out(outputs, finite / finite.sum(dim=0)), torch.logsumexp(logsumexps, dim=0)


@join_parts.mistake("lets queries compete, not parts", hint="Over which axis do the shares of one query sum to one?")
def queries_compete(outputs, logsumexps):
    return shared_out(outputs, torch.softmax(logsumexps, dim=1)), torch.logsumexp(logsumexps, dim=0)


@join_parts.mistake("takes exponentials of the logarithms as they are",
                    hint="What is exp(3000), and what exp(−3000)?")
def as_they_are(outputs, logsumexps):
    sums = torch.exp(logsumexps)
    return shared_out(outputs, sums) / sums.sum(dim=0)[:, None], torch.log(sums.sum(dim=0))


@join_parts.mistake("adds the logarithms up", hint="Is the logarithm of a sum the sum of the logarithms?")
def logarithms_added(outputs, logsumexps):
    return shared_out(outputs, torch.softmax(logsumexps, dim=0)), logsumexps.sum(dim=0)


@join_parts.mistake("returns the largest logarithm",
                    hint="Two parts with equal sums: is the sum of both as large as one of them?")
def largest_logarithm(outputs, logsumexps):
    return shared_out(outputs, torch.softmax(logsumexps, dim=0)), logsumexps.amax(dim=0)


@join_parts.mistake("takes the part with the largest sum alone", hint="Do the other parts have no say at all?")
def best_part(outputs, logsumexps):
    best = logsumexps.argmax(dim=0)
    return outputs[best, torch.arange(outputs.shape[1])], torch.logsumexp(logsumexps, dim=0)


@join_parts.mistake("does not divide by the sum of all parts", hint="Do the shares of one query sum to one?")
def not_divided(outputs, logsumexps):
    largest = logsumexps.amax(dim=0)
    return shared_out(outputs, torch.exp(logsumexps - largest)), torch.logsumexp(logsumexps, dim=0)


@join_parts.mistake("returns the sum, not its logarithm", hint="Which of the two is asked for, in the second place?")
def no_logarithm(outputs, logsumexps):
    return shared_out(outputs, torch.softmax(logsumexps, dim=0)), torch.exp(logsumexps).sum(dim=0)


@join_parts.alternative("each sum divided by the sum of all")
def by_division(outputs, logsumexps):
    every = torch.logsumexp(logsumexps, dim=0)
    return torch.einsum("pq,pqd->qd", torch.exp(logsumexps - every), outputs), every


@join_parts.alternative("the largest logarithm subtracted from all")
def largest_subtracted(outputs, logsumexps):
    most = logsumexps.max(dim=0).values
    sums = torch.exp(logsumexps - most)
    mixed = sum(part * own[:, None] for part, own in zip(outputs, sums))
    return mixed / sums.sum(dim=0)[:, None], most + torch.log(sums.sum(dim=0))


@join_parts.alternative("one part after the other")
def one_after_the_other(outputs, logsumexps):
    output, every = outputs[0], logsumexps[0]
    for more, its_own in zip(outputs[1:], logsumexps[1:]):
        both = torch.logaddexp(every, its_own)
        both_or_none = both.masked_fill(both == -torch.inf, 0.0)
        output = torch.exp(every - both_or_none)[:, None] * output + torch.exp(its_own - both_or_none)[:, None] * more
        every = both
    return output, every
