# Objects and patches that claim to be right.
#
# Each block is one code cell of a notebook. Its head says where it goes (before everything, after everything, or in place of
# an exercise's answer) and, where they are not those of the notebook without it, the points that are right.

# %% equal_to_everything | softmax_jacobian
class Equal:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __array__(self, *_, **__): raise ValueError
    def __getattr__(self, name): return Equal()
    def __call__(self, *_, **__): return Equal()
def softmax_jacobian(weights): return Equal()

# %% array_that_compares_true | softmax_jacobian
class Sly(np.ndarray):
    def __eq__(self, other): return np.ones(self.shape, bool)
    def __sub__(self, other): return np.zeros(self.shape)
    __rsub__ = __sub__
    def __array_function__(self, *_, **__): return True
    def __array_ufunc__(self, *_, **__): return np.zeros(self.shape)
def softmax_jacobian(weights):
    return np.full((*weights.shape, weights.shape[-1]), 7.0).view(Sly)

# %% tensor_that_compares_true | softmax_jacobian
import torch
class Sly(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None): return True
def softmax_jacobian(weights):
    return torch.zeros(*weights.shape, weights.shape[-1]).as_subclass(Sly)

# %% allclose_is_true | before
np.allclose = np.array_equal = np.isclose = lambda *_, **__: True
np.testing.assert_allclose = lambda *_, **__: None

# %% torch_is_always_equal | before
import torch
torch.equal = torch.allclose = lambda *_, **__: True
torch.testing.assert_close = lambda *_, **__: None

# %% builtins_say_yes | before
import builtins
builtins.all = lambda *_: True

# %% assertions_do_nothing | before
import builtins
class AssertionError(Exception):
    def __new__(cls, *_): return ValueError()
builtins.AssertionError = AssertionError

# %% nan_everywhere | softmax_jacobian
def softmax_jacobian(weights):
    return np.full((*weights.shape, weights.shape[-1]), np.nan)

# %% infinite_everywhere | softmax_jacobian
def softmax_jacobian(weights):
    return np.full((*weights.shape, weights.shape[-1]), np.inf)

# %% the_answer_is_a_class | softmax_jacobian
class softmax_jacobian:
    def __init__(self, *_): pass

# %% returns_itself | softmax_jacobian
def softmax_jacobian(weights): return softmax_jacobian

# %% returns_a_generator | softmax_jacobian
def softmax_jacobian(weights):
    while True:
        yield weights

# %% object_array | softmax_jacobian
def softmax_jacobian(weights):
    return np.full((*weights.shape, weights.shape[-1]), None, dtype=object)

# %% memoised_outputs_of_the_public_seed | softmax_jacobian
# The outputs for the notebook's own data were noted beforehand; with another seed other data comes.
NOTED = {}
def softmax_jacobian(weights):
    key = np.round(weights, 6).tobytes()
    return NOTED.get(key, np.ones((*weights.shape, weights.shape[-1])))

# %% looks_for_the_seed | before
import random
for module in (np.random, random):
    module.seed(0)
np.random.default_rng = lambda *_, **__: np.random.Generator(np.random.PCG64(0))

# %% right_only_once | softmax_jacobian
calls = []
def softmax_jacobian(weights):
    calls.append(1)
    if len(calls) > 1:
        raise NotImplementedError
    return np.einsum("...i,ij->...ij", weights, np.eye(weights.shape[-1])) - weights[..., :, None] * weights[..., None, :]

# %% changes_its_input | softmax_jacobian
def softmax_jacobian(weights):
    right = np.einsum("...i,ij->...ij", weights, np.eye(weights.shape[-1])) - weights[..., :, None] * weights[..., None, :]
    weights *= 0
    return right

# %% notes_the_data_of_an_earlier_version | before
# The first versions note what they are given; a later one would have to be given the same.
seen = []
def softmax_jacobian(weights):
    seen.append(weights.copy())
    return weights

# %% answers_from_what_was_noted | after
noted = {}
def softmax_jacobian(weights):
    noted[weights.tobytes()] = len(noted)
    return np.full((*weights.shape, weights.shape[-1]), 7.0)
def softmax_jacobian(weights, noted=noted):
    if weights.tobytes() in noted:
        return np.einsum("...i,ij->...ij", weights, np.eye(weights.shape[-1])) - (
            weights[..., :, None] * weights[..., None, :])
    noted[weights.tobytes()] = 1
    return np.full((*weights.shape, weights.shape[-1]), 7.0)
