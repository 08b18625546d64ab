import numpy as np

from charging.reconciliation.kernels.summing import sums_by_code

NONE = -(2**63)


def test_sums_that_fit_into_no_machine_word_are_exact():
    amounts = np.array([2**63 - 1, 2**63 - 1, -(2**62), -1, 7, NONE], np.int64)
    codes = np.array([0, 0, 0, 1, 1, 1], np.int32)

    found = sums_by_code(codes, amounts, unstated=NONE, count=3)

    assert found == {0: 2 * (2**63 - 1) - 2**62, 1: 6}


def test_a_code_whose_rows_state_nothing_is_there_with_nothing():
    found = sums_by_code(np.array([1], np.int32), np.array([NONE], np.int64), unstated=NONE, count=2)

    assert found == {1: 0}
