from collections import Counter

from selfattention.engine import exercise, probes


@exercise(points=3, minutes=10, builds_on="lesson 12, a head for answers, and exercise 8 of chapter 10", hints=(
    "First make the two answers comparable. Which words are left of each, and in which form?",
    "\"the old town\" was guessed, \"old oslo town\" is right: how many words are in both, and how many has each?",
    "Where nothing is in common, what is the sum of the two lengths? May it be zero?",
))
def answer_scores(predicted: list[str], gold: list[str]) -> tuple[float, float]:
    r"""Mark a predicted answer against the right one: exact match, and F1.

    Both are lists of words, without punctuation. Capitals do not count, and neither do the articles *a*, *an* and *the*
    wherever they stand. *Exact match* is 1 where the same words are left in the same order, else 0. *F1* is
    $2m / (p + g)$, where $p$ and $g$ are how many words are left of each answer, and $m$ is how many they have in
    common: a word that stands there several times counts as often as **both** have it. Where nothing is left of either
    answer both scores are 1, and where nothing is left of just one both are 0. (Rajpurkar et al. 2016, §6.1;
    the rule for empty answers is that of the script of 2018, SQuAD 2.0.)
    """
    ours, theirs = ([word.lower() for word in words if word.lower() not in ("a", "an", "the")]
                    for words in (predicted, gold))
    if not ours and not theirs:
        return 1.0, 1.0
    common = sum((Counter(ours) & Counter(theirs)).values())
    return float(ours == theirs), 2 * common / (len(ours) + len(theirs))


answer_scores.example(["The", "old", "town"], ["Old", "oslo", "town", "hall"])
answer_scores.example(["new", "york"], ["York", "new"])
answer_scores.example(["walla", "walla", "walla"], ["walla", "walla", "bay"])
WORDS = ("new", "york", "rio", "de", "janeiro", "cape", "town", "old", "bay", "san", "juan")
ARTICLES = ("a", "an", "the")


def some(rng, count):
    return [WORDS[i] for i in rng.integers(len(WORDS), size=count)]


def different(rng, count):
    return [WORDS[i] for i in rng.permutation(len(WORDS))[:count]]


def capitals(rng, words):
    """Some words with a capital, some in capitals."""
    return [(word, word.capitalize(), word.upper())[int(rng.integers(3))] for word in words]


def with_articles(rng, words):
    """An article before some words, and one at the end."""
    articles = [ARTICLES[i] for i in rng.integers(3, size=len(words) + 1)]
    rows = [[article, word] if rng.random() < 0.5 else [word] for article, word in zip(articles, words)]
    return [*(part for row in rows for part in row), articles[-1]]


def kept(words):
    return [word.lower() for word in words if word.lower() not in ARTICLES]


def marked(answer, rng, *pairs):
    """In any order; held against words that are crossed off one by one."""
    pairs = [pairs[i] for i in rng.permutation(len(pairs))]
    replies = [answer(*pair) for pair in pairs]
    for got, (predicted, gold) in zip(replies, pairs):
        ours, left = kept(predicted), kept(gold)
        theirs, common = len(left), 0
        for word in ours:
            if word in left:
                left.remove(word)
                common += 1
        shares = [common / count for count in (len(ours), theirs) if count]
        f1 = 2 / (1 / shares[0] + 1 / shares[1]) if common else float(not ours and not theirs)
        probes.equal(got[0], float(ours == kept(gold)), "the exact match differs")
        probes.equal(got[1], f1, "F1 differs")


@answer_scores.check("counts the words that both answers have",
                     hint="Count for the first example: words left of each answer, and words in both.")
def words_of_both(answer, rng):
    one, cut = different(rng, 7), int(rng.integers(3, 6))
    marked(answer, rng, (one[:5], one[2:]), (one[:cut], one), (one, one[1:cut]), (one, one), (one[:4], one[1:4]),
           (different(rng, cut), one[:2]), (some(rng, 5), some(rng, 9)))


@answer_scores.check("counts a repeated word as often as both have it",
                     hint="One answer says \"walla\" three times, the other twice. How often is it in common?")
def repeated(answer, rng):
    (a, b, c), many = different(rng, 3), int(rng.integers(3, 8))
    marked(answer, rng, ([a] * many + [b], [a, a, c]), ([a, b], [*[a] * many, b, c]), ([a] * many, [a]),
           ([a, a, b, b], [b, a, a, c, b, b]), ([b, a, a, a], [a, b, b]), ([a, b], [b] * (many + 1)))


@answer_scores.check("looks past capitals and articles, wherever they stand",
                     hint="\"the Old Town\" and \"old town\": what is left of both?")
def past_capitals(answer, rng):
    one, cut = different(rng, 5), int(rng.integers(1, 5))
    marked(answer, rng, (capitals(rng, one), one), (with_articles(rng, one), one), (one[:cut], with_articles(rng, one)),
           (capitals(rng, with_articles(rng, one)), capitals(rng, one[cut:])),
           (["The", *one], ["AN", *one[:2], "a", *one[2:]]), (["an", one[0]], ["the", one[1]]),
           (["the", "the", one[0]], ["A", "an", one[0]]), (["he", one[0]], one[:2]))


@answer_scores.check("asks for the same order in an exact match, and not in F1",
                     hint="Is \"york new\" an exact match for \"new york\"? And its F1?")
def order_matters(answer, rng):
    one, cut = different(rng, 5), int(rng.integers(2, 5))
    marked(answer, rng, (one, one[::-1]), ([one[1], one[0], *one[2:]], one), (one, one), (one[:2], [one[1], one[0]]),
           (one[:cut], one), (one[cut:], one[::-1]), (["".join(one[:2])], one[:2]))


@answer_scores.check("takes answers without a common word, and answers of nothing",
                     hint="What do you divide by, when neither answer has a word left?")
def nothing_common(answer, rng):
    one, cut = different(rng, 7), int(rng.integers(1, 6))
    marked(answer, rng, (one[:cut], one[cut:]), ([], []), (["the"], ["A", "an"]), ([], one[:2]), (one[:3], ["the"]),
           (one[:1], one[1:2]), (one[:cut], one[:6]))


def overlap(predicted, gold):
    ours, theirs = kept(predicted), kept(gold)
    return ours, theirs, (Counter(ours) & Counter(theirs)).total()


def with_f1(predicted, gold, f1):
    """The right exact match and this F1, where both answers have words; else what is right."""
    ours, theirs, common = overlap(predicted, gold)
    if not ours or not theirs:
        return answer_scores(predicted, gold)
    return float(ours == theirs), f1(ours, theirs, common)


@answer_scores.mistake("counts each different word once",
                       hint="A set forgets how often. How often is \"walla\" in both answers of the example?")
def different_words(predicted, gold):
    return with_f1(predicted, gold, lambda ours, theirs, common:
                   2 * len({*ours} & {*theirs}) / (len({*ours}) + len({*theirs})))


@answer_scores.mistake("counts every predicted word that the right answer has, however often",
                       hint="Someone answers \"walla walla walla\" where \"walla\" is right. What is m?")
def not_clipped(predicted, gold):
    return with_f1(predicted, gold, lambda ours, theirs, common:
                   2 * sum(word in theirs for word in ours) / (len(ours) + len(theirs)))


@answer_scores.mistake("asks only how many predicted words are right",
                       hint="Someone answers one word of five, and it is right. Is that all that was asked?")
def precision(predicted, gold):
    return with_f1(predicted, gold, lambda ours, theirs, common: common / len(ours))


@answer_scores.mistake("asks only how many right words were predicted",
                       hint="Someone answers with the whole text. Do they miss a word?")
def recall(predicted, gold):
    return with_f1(predicted, gold, lambda ours, theirs, common: common / len(theirs))


@answer_scores.mistake("takes the plain mean of both shares",
                       hint="The shares are 1 and 0.2. What is 2m / (p + g) then? Try m = 1, p = 1, g = 5.")
def plain_mean(predicted, gold):
    return with_f1(predicted, gold, lambda ours, theirs, common: (common / len(ours) + common / len(theirs)) / 2)


@answer_scores.mistake("divides by the words that either answer has",
                       hint="Is a word of both answers counted once or twice below the line?")
def jaccard(predicted, gold):
    return with_f1(predicted, gold, lambda ours, theirs, common: common / (len(ours) + len(theirs) - common))


@answer_scores.mistake("forgets the 2", hint="What is your F1, when both answers are the same?")
def half(predicted, gold):
    return with_f1(predicted, gold, lambda ours, theirs, common: common / (len(ours) + len(theirs)))


@answer_scores.mistake("compares place by place",
                       hint="\"new york\" and \"in new york\": which words have they in common?")
def place_by_place(predicted, gold):
    return with_f1(predicted, gold, lambda ours, theirs, common:
                   2 * sum(one == other for one, other in zip(ours, theirs)) / (len(ours) + len(theirs)))


@answer_scores.mistake("takes the same words in any order for an exact match",
                       hint="Is \"york new\" an answer that one would print?")
def any_order(predicted, gold):
    ours, theirs, _ = overlap(predicted, gold)
    return float(sorted(ours) == sorted(theirs)), answer_scores(predicted, gold)[1]


@answer_scores.mistake("takes a predicted answer that holds the right one for an exact match",
                       hint="Someone answers with the whole text. Is that exact?")
def right_one_inside(predicted, gold):
    ours, theirs, _ = overlap(predicted, gold)
    return float(" ".join(theirs) in " ".join(ours) and bool(ours) == bool(theirs)), answer_scores(predicted, gold)[1]


@answer_scores.mistake("tells capitals apart", hint="Is \"York\" another answer than \"york\"?")
def capitals_count(predicted, gold):
    ours, theirs = ([word for word in words if word.lower() not in ARTICLES] for words in (predicted, gold))
    if not ours or not theirs:
        return float(ours == theirs), float(ours == theirs)
    return float(ours == theirs), 2 * (Counter(ours) & Counter(theirs)).total() / (len(ours) + len(theirs))


@answer_scores.mistake("counts the articles", hint="Which three words does the prompt leave out?")
def articles_count(predicted, gold):
    ours, theirs = ([word.lower() for word in words] for words in (predicted, gold))
    if not ours or not theirs:
        return float(ours == theirs), float(ours == theirs)
    return float(ours == theirs), 2 * (Counter(ours) & Counter(theirs)).total() / (len(ours) + len(theirs))


@answer_scores.mistake("leaves out \"the\" alone", hint="How many articles does the prompt name?")
def the_alone(predicted, gold):
    ours, theirs = ([word.lower() for word in words if word.lower() != "the"] for words in (predicted, gold))
    if not ours or not theirs:
        return float(ours == theirs), float(ours == theirs)
    return float(ours == theirs), 2 * (Counter(ours) & Counter(theirs)).total() / (len(ours) + len(theirs))


@answer_scores.mistake("gives 1 where one of the answers is empty",
                       hint="Nothing was answered, and something was right. Is that a match?")
def nothing_is_right(predicted, gold):
    return answer_scores(predicted, gold) if kept(predicted) and kept(gold) else (1.0, 1.0)


@answer_scores.mistake("leaves out articles only where they stand first",
                       hint="\"Wherever they stand\": is the article of \"isle of the dead\" counted in your version?")
def first_article(predicted, gold):
    ours, theirs = (lowered[1:] if lowered and lowered[0] in ARTICLES else lowered
                    for lowered in ([word.lower() for word in words] for words in (predicted, gold)))
    if not ours or not theirs:
        return float(ours == theirs), float(ours == theirs)
    return float(ours == theirs), 2 * (Counter(ours) & Counter(theirs)).total() / (len(ours) + len(theirs))


@answer_scores.mistake("leaves out articles before it makes small letters",
                       hint="Is \"The\" among the words that you leave out?")
def articles_first(predicted, gold):
    ours, theirs = ([word.lower() for word in words if word not in ARTICLES] for words in (predicted, gold))
    if not ours or not theirs:
        return float(ours == theirs), float(ours == theirs)
    return float(ours == theirs), 2 * (Counter(ours) & Counter(theirs)).total() / (len(ours) + len(theirs))


@answer_scores.mistake("divides by zero where both answers are empty",
                       hint="What do you divide by, when neither answer has a word left?")
def zero_divided(predicted, gold):
    ours, theirs, common = overlap(predicted, gold)
    return float(ours == theirs), 2 * common / (len(ours) + len(theirs))


@answer_scores.mistake("gives 0 where both answers are empty",
                       hint="Nothing was right, and nothing was answered. Is that a match?")
def nothing_is_wrong(predicted, gold):
    scores = answer_scores(predicted, gold)
    return scores if kept(predicted) or kept(gold) else (0.0, 0.0)


@answer_scores.alternative("words crossed off one by one")
def crossed_off(predicted, gold):
    ours, theirs = kept(predicted), kept(gold)
    left, common = list(theirs), 0
    for word in ours:
        if word in left:
            left.remove(word)
            common += 1
    if len(ours) + len(theirs) == 0:
        return 1.0, 1.0
    return (1.0 if ours == theirs else 0.0), common / ((len(ours) + len(theirs)) / 2)


@answer_scores.alternative("precision and recall, then their harmonic mean")
def harmonic(predicted, gold):
    ours, theirs, common = overlap(predicted, gold)
    if not common:
        return float(ours == theirs), float(ours == theirs)
    precision, recall = common / len(ours), common / len(theirs)
    return float(ours == theirs), 2 * precision * recall / (precision + recall)
