"""What chapter 11 claims of recurrence, convolution and attention: alone, then side by side."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "the-cells-of-torch": stated(
        "three recurrent cells of a few lines each are torch's layers",
        "the largest difference in float64 is {difference}, of outputs and of gradients",
        difference=Limits(below=1e-12)),
    "layers-for-a-thousand": stated(
        "with doubled dilations each layer nearly doubles the receptive field; without dilation each adds two tokens",
        "for 1,000 tokens: {dilated} layers with doubled dilations, {plain} without",
        guess="dilated", unit="layers", dilated=Limits(digits=0, exactly=9), plain=Limits(digits=0, exactly=500)),
    "any-length": stated(
        "a convolution reads texts of any length; what is fixed is how far it sees",
        "with the same weights, the last output depends on {short} of 10 tokens, {middle} of 40 and {long} of 160",
        short=Limits(digits=0, exactly=10), middle=Limits(digits=0, exactly=15), long=Limits(digits=0, exactly=15)),
    "padding-on-both-sides": stated(
        "padded on both sides, a stack of windows sees the future with every shape right",
        "{leaks} of 15 forbidden links are open; with all the padding on the left {none} are",
        guess="leaks", unit="links", leaks=Limits(exactly=12), none=Limits(exactly=0)),
    "gradient-by-distance": stated(
        "a fresh LSTM with a forget gate forgets exponentially, as the others do; what holds the memory is a gate that "
        "stands open",
        "from the last token to the 30th before it the gradient falls by {elman} powers of ten in an Elman network, "
        "{gru} in a GRU, {lstm} in an LSTM; by {advised} with 1 added to the bias of the forget gate, {opened} with 3; "
        "by {attention} in attention",
        guess="lstm", unit="powers of ten", lstm=Limits(above=5, below=8.5),
        gru=Limits(above=5, below=8.5), elman=Limits(above=8.5), advised=Limits(above=1, below=5),
        opened=Limits(below=1), attention=Limits(below=2)),
    "steps-and-paths": stated(
        "recurrence needs a step for each token, windows the logarithm of the length, attention one look",
        "127 tokens, from the first to the last: {recurrent} rounds in a GRU, {convolution} in dilated convolutions, "
        "{attention} in attention; products in a chain: {recurrent_products}, {convolution_products}, "
        "{attention_products}",
        recurrent=Limits(exactly=127), convolution=Limits(exactly=6), attention=Limits(exactly=1),
        recurrent_products=Limits(exactly=127), convolution_products=Limits(exactly=12),
        attention_products=Limits(exactly=4)),
    "where-attention-is-dearer": stated(
        "attention costs less than an LSTM only as long as a text is shorter than twice the width",
        "width 64: more work than an LSTM from {lstm} tokens on, than a GRU from {gru}, than five convolutions from "
        "{convolution}; at 4,096 tokens {times} times as much as the LSTM",
        guess="lstm", unit="tokens", lstm=Limits(digits=0, exactly=129),
        gru=Limits(digits=0, exactly=65), convolution=Limits(digits=0, exactly=993), times=Limits(digits=1)),
    "time-crosses-later": stated(
        "attention computes more than an LSTM long before it takes more time, if the LSTM is a loop in Python; "
        "compiled, the LSTM takes less time in long texts",
        "eight texts of 256 tokens, width 64: attention does {work} times the LSTM's work in {time} of its time; "
        "it does more work from 129 tokens on; the first length at which it takes more time, if any up to 2,048, is "
        "{crossing}; at 2,048 it takes {compiled} times as long as torch's compiled LSTM",
        work=Limits(digits=1, exactly=1.5), time=Limits(below=0.7), crossing=Limits(above=256),
        compiled=Limits(above=2)),
    "recall": stated(
        "attention looks up; after as many steps rivals of the same size do not know more than a bag would",
        "recalled after 150 steps: {attention} with attention, {gru} with a GRU, {convolution} with convolutions, "
        "{opened} with a GRU whose gates start open; the best use of a bag: {bag}",
        guess="gru", attention=Limits(above=0.85), gru=Limits(below=0.3),
        convolution=Limits(below=0.35), opened=Limits(above=0.25, below=0.42), bag=Limits(above=0.3, below=0.38)),
    "a-bag-is-a-coin": stated(
        "where only the order tells, no use of a bag of words is better than a coin; all three that read in order win",
        "right answers: {bag} with a bag of words, {gru} with a GRU, {convolution} with convolutions, {attention} with "
        "attention",
        bag=Limits(digits=1, exactly=0.5), gru=Limits(above=0.9), convolution=Limits(above=0.9),
        attention=Limits(above=0.9)),
    "a-state-that-is-left-over": stated(
        "a state that is not set back lets every output of a text depend on the whole text before it",
        "{left_over} of 25 links from one text into the other are open, {set_back} with the state set back",
        left_over=Limits(exactly=25), set_back=Limits(exactly=0)),
}
