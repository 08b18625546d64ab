from uuid import RFC_4122, UUID

import polars as pl

from rehearsal.labelled_ids import Kind, sha256s, stated_ids, uuids

NUMBERS, EVSES = pl.Series(range(1000)), pl.Series([number % 10 for number in range(1000)])


def test_uuids_are_random_ones_of_the_standard():
    made = [UUID(text) for text in uuids(Kind.CDR, NUMBERS)]

    assert {(one.version, one.variant) for one in made} == {(4, RFC_4122)}


def test_no_two_numbers_or_kinds_make_one_uuid():
    made = pl.concat([uuids(kind, NUMBERS) for kind in Kind])

    assert made.n_unique() == len(Kind) * NUMBERS.len()


def test_eight_in_ten_back_offices_write_uuids_and_two_count():
    made = stated_ids(Kind.SESSION, NUMBERS, EVSES)

    assert made.n_unique() == made.len()
    assert made.str.len_chars().value_counts().sort("").rows() == [(9, 100), (21, 100), (36, 800)]


def test_a_hash_of_64_bits_becomes_64_digits():
    made = sha256s(pl.Series([0, 1, 2**64 - 1], dtype=pl.UInt64))

    assert made.str.contains(r"^[0-9a-f]{64}$").all()
    assert made.n_unique() == 3
