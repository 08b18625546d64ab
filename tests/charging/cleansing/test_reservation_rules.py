import pytest


def test_a_reservation_names_its_token_as_the_tokens_own_row_does(reservation):
    made = reservation({"token_uid": "04:a1:b2:c3:d4:e5:f6"})
    assert made.clean[0].token_uid == "04A1B2C3D4E5F6"
    assert [fix.rule for fix in made.fixes] == ["tok.format"]


@pytest.mark.parametrize(
    ("row", "rules"),
    [
        pytest.param({}, [], id="nothing wrong"),
        pytest.param({"connector_id": None}, [], id="any connector"),
        pytest.param({"connector_id": "x"}, ["conn.number"], id="no connector"),
        pytest.param({"station_id": None}, ["cp.ghost"], id="no station"),
        pytest.param({"expires_at": "2026-03-04T10:00:00Z"}, [], id="a moment"),
        pytest.param({"expires_at": "2026-03-04T09:59:59Z"}, ["res.times"], id="ends before it begins"),
        pytest.param({"starts_at": "soon"}, ["res.times"], id="no instant"),
    ],
)
def test_a_reservation_has_a_station_and_times_in_order(reservation, row, rules):
    assert reservation.rules(row) == rules


def test_a_reservation_at_an_unknown_station_is_set_aside(reservation):
    assert reservation.rules({}, station_ids=frozenset()) == ["cp.ghost"]


def test_a_reservation_listed_twice_merges_only_if_the_words_are_the_same(reservation):
    assert reservation({}, {}).merged == 1
    assert reservation.rules({}, {"connector_id": "2"}) == ["res.dup", "res.dup"]
