"""What chapter 04 claims of masks, and of a loss that is too good."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "padding": stated(
        "unmasked padding changes what real tokens read, masked padding changes nothing",
        "outputs of real tokens move by {without} % without the mask, by {masked} % with it",
        guess="without", unit="%", without=Limits(digits=0, above=50), masked=Limits(digits=0, exactly=0)),
    # The entropy of the source is 0.898 nats.
    "four-bugs": stated(
        "a leaking mask makes the training loss better and the model worse",
        "{bugs} bugs: training loss {seen} nats, under the entropy of 0.9 (without a mask {unmasked}); true loss "
        "{true} nats",
        guess="unmasked", unit="nats", bugs=Limits(digits=0, exactly=4), seen=Limits(below=0.798),
        unmasked=Limits(below=0.449), true=Limits(above=1.2)),
    "the-right-mask": stated(
        "the right model learns all there is to learn, and is as good when the future is really absent",
        "the training loss differs from the entropy by {gap} nats, and from the true loss by {difference}",
        gap=Limits(below=0.06), difference=Limits(digits=3, above=-1e-4, below=1e-4)),
    "memorised-texts": stated(
        "on texts learned by heart a model without any leak gets under the entropy, on fresh texts it does not",
        "eight texts seen 400 times: {seen} nats; fresh texts: {fresh} nats (entropy 0.9, a blind guess 1.9)",
        seen=Limits(below=0.449), fresh=Limits(above=2.5)),
    "nan-gradient": stated(
        "a NaN patched in the result can live on in the gradient",
        "rows with NaN gradients: {patched} patched, {course} in this course",
        patched=Limits(digits=0, exactly=1), course=Limits(digits=0, exactly=0)),
}
