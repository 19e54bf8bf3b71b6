"""What several exercises of this chapter share."""

import numpy as np

TWO_SENTENCES = np.array([[[1.0, 10.0], [3.0, 30.0], [5.0, 20.0]], [[0.0, 0.0], [0.0, 6.0], [9.0, 0.0]]])
