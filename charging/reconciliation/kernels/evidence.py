"""What the loops take and return."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]
Evidence = tuple[Ints, Ints, Ints, Keys, Keys, Keys]
"""Start, end (microseconds), energy (millionths of a kWh), current EVSE, token, contract (hashes; 0: not stated)."""
