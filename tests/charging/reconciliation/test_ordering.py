import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from charging.reconciliation.kernels.ordering import in_order

NUMBERS = st.tuples(
    st.sampled_from([0, 1, 2**11, 2**33, 2**63, 2**64 - 1]) | st.integers(0, 2**64 - 1),
    st.sampled_from([-(2**63), -1, 0, 1, 2**11, 2**63 - 1]) | st.integers(-(2**63), 2**63 - 1),
)


@given(st.lists(NUMBERS, max_size=60))
def test_rows_are_sorted_by_key_then_start_then_place(stated):
    keys = np.array([key for key, _ in stated], np.uint64)
    starts = np.array([start for _, start in stated], np.int64)

    order = in_order(keys, starts)

    assert order.tolist() == sorted(range(len(stated)), key=lambda place: (*stated[place], place))
