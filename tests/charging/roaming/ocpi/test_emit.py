"""What is sent to a partner reads back as what we have, in each version; what cannot be sent says what is missing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from charging.network import Connector, Location
from charging.roaming.cdr import Cdr, CdrLine, Side
from charging.roaming.ocpi.emit import Place, Unsendable, as_json, emit
from charging.roaming.ocpi.parse import parse_cdrs
from charging.tariffs.tariff import Dimension

START = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
PLACE = Place(
    location=Location(
        location_id="L1",
        name="",
        street="Kade 5",
        city="Delft",
        postal_code="2611AB",
        country="NL",
        latitude=Decimal("52.0110"),
        longitude=Decimal("4.3570"),
        time_zone=None,
    ),
    evse_uid="E1",
    connector=Connector(
        evse_uid="E1",
        connector_number=1,
        standard="IEC_62196_T2",
        format="SOCKET",
        power_type="AC_3_PHASE",
        max_voltage=230,
        max_amperage=32,
        max_power_w=None,
    ),
)
CDR = Cdr(
    side=Side.OURS,
    partner="roa",
    owner="NL-EVN",
    cdr_id="CDR-1",
    session_id="1",
    authorization_reference=None,
    evse_raw="NL*EVN*E1",
    evse_compact="NLEVNE1",
    token_uid="04A1B2C3D4E5F6",
    contract_compact="NLROAC00122045",
    started_at=START,
    ended_at=START + timedelta(hours=2),
    energy_kwh=Decimal("10.123"),
    net=Decimal("4.55"),
    gross=Decimal("5.51"),
    currency="EUR",
    tariff_id="T",
    lines=(
        CdrLine(measure=Dimension.ENERGY, started_at=START, volume=Decimal("10.123"), tariff_id="T"),
        CdrLine(measure=Dimension.TIME, started_at=START, volume=Decimal("2.0000"), tariff_id="T"),
    ),
    is_credit=False,
    credits_cdr_id=None,
    last_updated=START + timedelta(hours=2),
    raw_sha256="0",
)
NAMES = ("cdr_id", "evse_compact", "contract_compact", "started_at", "ended_at", "energy_kwh", "net", "currency")


def emitted(cdr=CDR, *, version="2.2.1", place=PLACE, token_id="04A1B2C3D4E5F6", contract_id="NL-ROA-C00122045-4"):
    return emit(cdr, version=version, place=place, token_id=token_id, contract_id=contract_id)


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
def test_reads_back_as_what_was_written(version):
    body = as_json([emitted(version=version)])

    parsed = parse_cdrs(body, partner="roa", version=version, owner="NL-EVN")

    assert parsed.rejected == ()
    (read,) = parsed.cdrs
    assert {name: getattr(read, name) for name in NAMES} == {name: getattr(CDR, name) for name in NAMES}
    assert [(line.measure, line.volume) for line in read.lines] == [(line.measure, line.volume) for line in CDR.lines]


def test_writes_a_credit():
    credit = replace(CDR, cdr_id="CDR-1-C", is_credit=True, credits_cdr_id="CDR-1", net=-CDR.net, gross=-CDR.gross)
    body = as_json([emitted(credit)])

    (read,) = parse_cdrs(body, partner="roa", version="2.2.1").cdrs

    assert (read.is_credit, read.credits_cdr_id, read.net) == (True, "CDR-1", -CDR.net)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        pytest.param({"place": None}, "the location of EVSE NL*EVN*E1", id="an unknown place"),
        pytest.param({"token_id": None}, "the token", id="no token"),
        pytest.param({"contract_id": None}, "the contract", id="no contract"),
        pytest.param({"cdr": replace(CDR, net=None)}, "an amount", id="no amount"),
        pytest.param({"cdr": replace(CDR, lines=())}, "its measured quantities", id="no lines"),
        pytest.param(
            {"place": replace(PLACE, connector=None)}, "connector_standard of EVSE NL*EVN*E1", id="no connector"
        ),
    ],
)
def test_says_what_is_missing(changes, missing):
    found = emitted(**changes)

    assert isinstance(found, Unsendable)
    assert missing in found.missing
