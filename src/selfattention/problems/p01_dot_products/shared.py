"""What several exercises of this chapter share."""

import numpy as np

TWO_QUERIES = np.array([[1.0, 0.0], [1.0, 2.0]])
THREE_KEYS = np.array([[1.0, 0.0], [0.0, 1.0], [3.0, -1.0]])
