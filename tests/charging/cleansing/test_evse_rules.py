import pytest


def test_names_an_evse_by_its_station_and_connector(evse):
    (clean,) = evse({"evse_id": "NL*EVN*E1*1"}).clean

    assert (clean.evse_uid, clean.connector_id, clean.evse_id) == ("CS-1*1", 1, "NL*EVN*E1*1")


@pytest.mark.parametrize(
    ("rows", "rules", "merged"),
    [
        pytest.param([{"connector_id": "0"}, {}], [], 1, id="connector 0 is the station"),
        pytest.param([{"connector_id": "A"}], ["conn.number"], 0, id="a name"),
        pytest.param([{"connector_id": "-1"}], ["conn.number"], 0, id="less than nothing"),
        pytest.param([{"connector_id": ""}], ["row.no_key"], 0, id="none"),
        pytest.param([{}, {"connector_id": "2"}], [], 0, id="1 and 2"),
        pytest.param([{}, {"connector_id": "3"}], ["conn.gap"], 0, id="1 and 3"),
        pytest.param([{"connector_id": "2"}], ["conn.gap"], 0, id="2 alone"),
        pytest.param([{}, {}], [], 1, id="twice the same"),
        pytest.param([{}, {"evse_id": "NL*EVN*E1"}], ["conn.dup"] * 2, 0, id="one connector, two ids"),
        pytest.param(
            [{"evse_id": "DE*ABC*E1*23"}, {"station_id": "CS-2", "evse_id": "DE*ABC*E12*3"}],
            ["evse.dup_compact"] * 2,
            0,
            id="one id",
        ),
        pytest.param([{"evse_id": "DE*ABC*E1"}, {"station_id": "CS-2", "evse_id": "DE*ABC*E2"}], [], 0, id="two ids"),
        pytest.param([{"station_id": "GONE"}], ["cp.ghost"], 0, id="a station that is not listed"),
    ],
)
def test_judges_connectors(evse, rows, rules, merged):
    found = evse(*rows, station_ids=frozenset({"CS-1", "CS-2"}))

    assert [row.rule for row in found.quarantined] == rules
    assert found.merged == merged


@pytest.mark.parametrize(
    ("published", "rules"),
    [
        pytest.param(None, [], id="none"),
        pytest.param("NL*EVN*E1*1", [], id="one that every reader takes"),
        pytest.param("nl*evn*e1*1", [], id="one in small letters"),
        pytest.param("NL*EVN*E" + "1" * 30, ["id.nonconforming"], id="30 letters and digits, and 36 in all"),
        pytest.param("NL*EVN*E" + "1" * 29, [], id="35 in all"),
        pytest.param("UK*EVN*E1", ["id.nonconforming"], id="a country that is none"),
        pytest.param("Zuil 1", ["id.nonconforming"], id="a name"),
        pytest.param("+31*123*0004*1", ["id.din"], id="DIN"),
        pytest.param("31*123*0004*1", ["id.din"], id="DIN without its sign"),
    ],
)
def test_leaves_an_id_that_partners_refuse_and_asks_its_owner(evse, published, rules):
    found = evse({"evse_id": published})

    assert [each.evse_id for each in found.clean] == [published]
    assert [(each.rule, each.owner) for each in found.questions] == [(rule, "network owner") for rule in rules]
    assert all(published in each.question for each in found.questions)
    assert (found.fixes, found.quarantined) == ((), ())


def test_follows_a_station_that_is_merged_for_its_capitals(evse):
    found = evse({}, {"station_id": "cs-1"}, station_ids=frozenset({"CS-1"}))

    assert ([each.evse_uid for each in found.clean], found.merged) == (["CS-1*1"], 1)
