# Work that somebody else has written, under another name, in another thread, or taken from the course.

# %% sparse_softmax | softmax
import torch
def softmax(scores):
    return torch.sparse.softmax(torch.from_numpy(scores).to_sparse(), -1).to_dense().numpy()
# expect: 0 3 P 0

# %% safe_softmax | softmax
import torch
def softmax(scores):
    return torch._safe_softmax(torch.from_numpy(scores), -1).numpy()
# expect: 0 3 P 0

# %% masked_softmax | softmax
import torch
def softmax(scores):
    scores = torch.from_numpy(scores)
    return torch._masked_softmax(scores, torch.zeros(scores.shape, dtype=torch.bool), -1).numpy()
# expect: 0 3 P 0

# %% operator_by_its_packet | softmax
import torch
def softmax(scores):
    return torch.ops.aten._softmax(torch.from_numpy(scores), -1, False).numpy()
# expect: 0 3 P 0

# %% attention_used_as_a_softmax | softmax
import torch
from torch.nn import functional
def softmax(scores):
    queries = torch.from_numpy(scores)
    rows = queries if queries.ndim > 1 else queries[None]
    one = torch.eye(rows.shape[-1], dtype=rows.dtype).expand(*rows.shape[:-2], -1, -1)
    return functional.scaled_dot_product_attention(rows, one, one, scale=1.0).reshape(queries.shape).numpy()
# expect: 0 3 P 0

# %% exponential_of_log_softmax | softmax
import torch
def softmax(scores):
    return torch.log_softmax(torch.from_numpy(scores), -1).exp().numpy()
# expect: 0 3 0 0
# note: its log_softmax calls this softmax, and so the same work of others

# %% module_made_before | softmax
import torch
layer = torch.nn.Softmax(-1)
def softmax(scores):
    return layer(torch.from_numpy(scores)).numpy()
# expect: 0 3 P 0

# %% scipys | softmax
import scipy.special
def softmax(scores):
    return scipy.special.softmax(scores, axis=-1)
# expect: 0 3 0 0
# expect with scipy: 0 3 P 0

# %% raw_thread_inside_the_call | softmax
import _thread, torch
def softmax(scores):
    done, found = _thread.allocate_lock(), []
    done.acquire()
    def work():
        found.append(torch.softmax(torch.from_numpy(scores), -1).numpy())
        done.release()
    _thread.start_new_thread(work, ())
    done.acquire()
    return found[0]
# expect: 0 3 P 0

# %% thread_started_before | softmax
import queue, threading, torch
asked, answered = queue.Queue(), queue.Queue()
def work():
    while True:
        answered.put(torch.softmax(torch.from_numpy(asked.get()), -1).numpy())
threading.Thread(target=work, daemon=True).start()
def softmax(scores):
    asked.put(scores)
    return answered.get()
# expect: 0 3 P 0

# %% pool_started_before | softmax
from concurrent.futures import ThreadPoolExecutor
import torch
pool = ThreadPoolExecutor(1)
pool.submit(len, "").result()
def softmax(scores):
    return pool.submit(lambda: torch.softmax(torch.from_numpy(scores), -1).numpy()).result()
# expect: 0 3 P 0

# %% work_done_when_the_result_is_looked_at | softmax
import numpy as np, torch
class Later(np.ndarray):
    @property
    def shape(self):
        return np.asarray(torch.softmax(torch.from_numpy(np.array(self)), -1)).shape
def softmax(scores):
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return (exponentials / exponentials.sum(axis=-1, keepdims=True)).view(Later)
# expect: 0 3 P 0

# %% the_courses_function_under_other_globals | softmax
import types
import numpy as np
from selfattention import arrays
softmax = types.FunctionType(arrays.softmax.__code__, {"np": np})
# expect: 0 3 0 0
# note: the import is refused, so there is no softmax, and what calls it fails

# %% the_courses_source_run_again | softmax
import importlib.util, pathlib
place = pathlib.Path(importlib.util.find_spec("selfattention").submodule_search_locations[0], "arrays.py")
exec(compile(place.read_text(), "mine", "exec"))
# expect: 0 3 0 0
# note: the file cannot be read

# %% the_courses_bytecode_run_again | softmax
import glob, importlib.util, marshal, pathlib
place = pathlib.Path(importlib.util.find_spec("selfattention").submodule_search_locations[0])
(found,) = glob.glob(str(place / "__pycache__" / "arrays.*.pyc"))
exec(marshal.loads(open(found, "rb").read()[16:]))
# expect: 0 3 0 0

# %% the_courses_module_loaded_by_its_file | softmax
import importlib.util, pathlib
place = pathlib.Path(importlib.util.find_spec("selfattention").submodule_search_locations[0], "arrays.py")
spec = importlib.util.spec_from_file_location("mine", place)
mine = importlib.util.module_from_spec(spec)
spec.loader.exec_module(mine)
softmax = mine.softmax
# expect: 0 3 0 0

# %% the_closed_door_taken_away | softmax
import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if "Closed" not in str(finder)]
from selfattention.arrays import softmax
# expect: 0 3 0 0
# note: the file still cannot be read
