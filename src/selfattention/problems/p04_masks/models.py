"""Small models that leak, and some that do not, for the exercise that tells them apart."""

import torch


def running_mean(x):
    """Causal: the mean of all tokens so far."""
    return x.cumsum(dim=0) / torch.arange(1, len(x) + 1)[:, None]


def only_at(position):
    """Causal but for one position, which looks at the token after it."""
    def model(x):
        result = running_mean(x)
        if position + 1 < len(x):
            result[position] = result[position] + x[position + 1]
        return result
    return model


def past_without_first(x):
    """Causal: the sum of all tokens so far except the first, on which nothing depends."""
    return torch.cat([torch.zeros_like(x[:1]), x[1:].cumsum(dim=0)])


def past_alone(x):
    """Causal: the sum of the tokens before except the first, so that no output depends on its own token either."""
    return torch.cat([torch.zeros_like(x[:2]), x[1:-1].cumsum(dim=0)])


def last_feature_sees(x):
    """The last feature alone sees later tokens, and of them the first feature alone."""
    return torch.cat([running_mean(x)[:, :-1], x[:, :1].flip(0)], dim=1)


def last_feature_is_seen(x):
    """The first feature alone sees later tokens, and of them the last feature alone."""
    return torch.cat([x[:, -1:].flip(0), running_mean(x)[:, 1:]], dim=1)


def next_token_seen(x):
    """Each token becomes the one after it; the last one stays."""
    return torch.cat([x[1:], x[-1:]])


def first_sees_second(x):
    """The mean of all tokens so far; the first sees the second, too."""
    return only_at(0)(x)


def falls_by_later(x):
    """The mean of all tokens so far, minus the sum of all later ones."""
    return running_mean(x) - later(x)


def later(x):
    """For each token the sum of those after it."""
    return x.flip(0).cumsum(0).flip(0) - x


def centred(x):
    """Each token without its mean."""
    return x - x.mean(dim=-1, keepdim=True)


HONEST = [past_alone, past_without_first, running_mean, lambda x: x * 2, lambda x: x * 0]
