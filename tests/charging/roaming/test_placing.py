"""CDRs in columns are placed as they would be one by one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from charging.identifiers.ledger import Ledger, Name
from charging.network import Evse
from charging.roaming.cdr import Cdr, Cohort, Side
from charging.roaming.frame import to_cdrs, to_frame
from charging.roaming.placing import placed, stations

START = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)
CDR = Cdr(
    side=Side.THEIRS,
    partner="roa",
    owner="NL-EVN",
    cdr_id="1",
    session_id=None,
    authorization_reference=None,
    evse_raw="",
    evse_compact="NLEVNE1",
    token_uid=None,
    contract_compact=None,
    started_at=START,
    ended_at=START + timedelta(hours=1),
    energy_kwh=Decimal(10),
    net=None,
    gross=None,
    currency="EUR",
    tariff_id=None,
    lines=(),
    is_credit=False,
    credits_cdr_id=None,
    last_updated=START,
    raw_sha256="a" * 64,
)
NAMES = [
    Name(evse_uid="U1", number=0, evse_id="NL*EVX*E1", rule="", valid_until=START, answers_until=START + DAY),
    Name(evse_uid="U1", number=1, evse_id="NL*EVN*E1", rule="", valid_from=START),
    # Given up, and borne by another one later.
    Name(evse_uid="U2", number=0, evse_id="NL*EVN*E2", rule="", valid_until=START, answers_until=START),
    Name(evse_uid="U3", number=1, evse_id="NL*EVN*E2", rule="", valid_from=START),
    Name(evse_uid="GONE", number=0, evse_id="NL*EVN*E4", rule=""),
]
EVSES = [
    Evse(evse_uid=f"U{number}", station_id=f"CS-{number}", connector_id=1, evse_id=f"NL*EVN*E{number}")
    for number in range(1, 6)
]
KNOWN = stations(Ledger(NAMES), EVSES, moved_at={"CS-3": START + timedelta(hours=1), "CS-5": START + 2 * DAY})


def at(evse, *, started_at=START, **more):
    return replace(CDR, evse_compact=evse, started_at=started_at, ended_at=started_at + timedelta(hours=1), **more)


@pytest.mark.parametrize(
    ("cdr", "station", "cohort"),
    [
        pytest.param(at("NLEVNE1"), "CS-1", Cohort.NOT_MOVED, id="by the ledger"),
        pytest.param(at("NLEVXE1"), "CS-1", Cohort.NOT_MOVED, id="by an alias that still answers"),
        pytest.param(at("NLEVXE1", started_at=START + DAY), None, None, id="by one that answers no more"),
        pytest.param(at("NLEVNE2", started_at=START - DAY), "CS-2", Cohort.NOT_MOVED, id="by whoever bore it then"),
        pytest.param(at("NLEVNE2"), "CS-3", Cohort.MOVED, id="by whoever bears it now, moved as it ended"),
        pytest.param(at("NLEVNE4"), None, None, id="the ledger's EVSE has no station: nobody else's is taken"),
        pytest.param(at("NLEVNE5"), "CS-5", Cohort.NOT_MOVED, id="by the id of now, before the move"),
        pytest.param(at("NLEVNE5", started_at=START + 2 * DAY), "CS-5", Cohort.MOVED, id="after the move"),
        pytest.param(at("DEABCE9"), None, None, id="none of ours"),
        pytest.param(at("DEABCE9", station_id="X", cohort=Cohort.MOVED), "X", Cohort.MOVED, id="told by somebody else"),
    ],
)
def test_says_where_a_cdr_was(cdr, station, cohort):
    (found,) = to_cdrs(placed(to_frame([cdr]), KNOWN))

    assert (found.station_id, found.cohort) == (station, cohort)
    assert replace(found, station_id=None, cohort=None) == replace(cdr, station_id=None, cohort=None)


def test_keeps_the_order_of_many():
    cdrs = [at(evse, cdr_id=str(number)) for number, evse in enumerate(["NLEVNE5", "X", "NLEVNE1", "NLEVNE5"])]

    found = placed(to_frame(cdrs), KNOWN)

    assert found.select("cdr_id", "station_id").rows() == [("0", "CS-5"), ("1", None), ("2", "CS-1"), ("3", "CS-5")]


def test_a_frame_without_rows_stays_one():
    assert placed(to_frame([]), KNOWN).equals(to_frame([]))
