"""What chapter 11 claims of recurrence, convolution and attention: alone, then side by side."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "the-cells-of-torch": stated(
        "three recurrent cells of a few lines each are torch's layers",
        "the largest difference in float64 is {difference}, of outputs and of gradients",
        difference=Limits(below=1e-12)),
    "layers-for-a-thousand": stated(
        "with doubled dilations the receptive field doubles by the layer, without dilation it grows by two tokens",
        "for 1,000 tokens: {dilated} layers with doubled dilations, {plain} without",
        guess="dilated", unit="layers", dilated=Limits(digits=0, exactly=9), plain=Limits(digits=0, exactly=500)),
    "padding-on-both-sides": stated(
        "padded on both sides, a stack of windows sees the future with every shape right",
        "{leaks} of 15 forbidden links are open; with all the padding on the left {none} are",
        guess="leaks", unit="links", leaks=Limits(exactly=12), none=Limits(exactly=0)),
    "gradient-by-distance": stated(
        "a fresh LSTM forgets exponentially, as the others do; what holds the memory is a forget gate that stands open",
        "from the last token to the 30th before it the gradient loses {elman} zeros in an Elman network, {gru} in a "
        "GRU, {lstm} in an LSTM; {opened} with the forget gate opened, {attention} in attention",
        surprising=True, guess="lstm", unit="zeros", lstm=Limits(above=5, below=8.5), gru=Limits(above=5, below=8.5),
        elman=Limits(above=8.5), opened=Limits(below=1), attention=Limits(below=2)),
    "steps-and-paths": stated(
        "recurrence needs a step for each token; attention needs one, and windows the logarithm of the length",
        "127 tokens, from the first to the last: {recurrent} steps in a GRU, {convolution} in dilated convolutions, "
        "{attention} in attention; products in a chain: {recurrent_products}, {convolution_products}, "
        "{attention_products}",
        recurrent=Limits(exactly=127), convolution=Limits(exactly=6), attention=Limits(exactly=1),
        recurrent_products=Limits(exactly=127), convolution_products=Limits(exactly=12),
        attention_products=Limits(exactly=4)),
    "where-attention-is-dearer": stated(
        "attention costs less than an LSTM only as long as a text is shorter than twice the width",
        "width 64: dearer than an LSTM from {lstm} tokens on, than a GRU from {gru}; at 4,096 tokens {times} times as "
        "dear as the LSTM",
        guess="lstm", unit="tokens", lstm=Limits(digits=0, exactly=129),
        gru=Limits(digits=0, exactly=65), times=Limits(digits=1)),
    "recall": stated(
        "attention recalls nearly everything while a GRU and a stack of windows, equally large, are far behind",
        "recalled after 150 steps: {attention} with attention, {gru} with a GRU, {convolution} with convolutions "
        "(guessing: 0.06)",
        surprising=True, guess="gru", attention=Limits(above=0.85), gru=Limits(below=0.5),
        convolution=Limits(below=0.5)),
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
