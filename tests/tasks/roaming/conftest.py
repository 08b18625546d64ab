"""A partner, a network with its driver's sessions, and nights judged at chosen instants."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from charging.database.operations import clean
from charging.network import Connector, Evse, Lane, Location, Session, Station, Token
from charging.roaming.ocpi.parse import parse_cdrs, read_envelope
from charging.roaming.ocpi.pull import Pull
from charging.roaming.ocpi.pull_page import read_page
from charging.roaming.ocpi.transport import Answer
from tasks import night

UID, CONTRACT = "04A1B2C3D4E5F6", "NL-ROA-C00122045-4"
FIRST = date(2026, 3, 1)
NETWORK = (
    Location(
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
    Station(
        station_id="CS-1",
        location_id="L1",
        vendor="Supplier A",
        model="A1",
        serial_number=None,
        firmware="4.2",
        iccid=None,
        imsi=None,
        apn=None,
        ocpp_protocol="ocpp1.6",
        lane=Lane.LIVE,
        last_seen_at=None,
    ),
    Evse(evse_uid="E1", station_id="CS-1", connector_id=1, evse_id="NL*EVN*E1"),
    Token(token_uid=UID, parent_uid=None, contract_id=CONTRACT, issuer="NL-ROA", is_blocked=False, expires_at=None),
)
CONNECTOR = Connector(
    evse_uid="E1",
    connector_number=1,
    standard="IEC_62196_T2",
    format="SOCKET",
    power_type="AC_3_PHASE",
    max_voltage=None,
    max_amperage=None,
    max_power_w=None,
)


def session(hour, *, started_at=None, stopped_at=None):
    start = datetime.fromisoformat(started_at or f"2026-03-01T{hour:02}:00:00+00:00")
    return Session(
        session_id=str(hour),
        station_id="CS-1",
        connector_id=1,
        location_id="L1",
        token_uid=UID,
        started_at=start,
        stopped_at=datetime.fromisoformat(stopped_at) if stopped_at else start + timedelta(minutes=45),
        meter_start_wh=Decimal(0),
        meter_stop_wh=Decimal(900),
        energy_kwh=Decimal("0.900"),
        cost=None,
        currency=None,
        is_estimated=False,
        is_billable=True,
    )


def record(hour, *, kwh=0.9, started="2026-03-01T{hour:02}:00:00Z", ended="2026-03-01T{hour:02}:45:00Z", **more):
    begin, end = started.format(hour=hour), ended.format(hour=hour)
    dimensions = [{"type": "ENERGY", "volume": kwh}, {"type": "TIME", "volume": 0.75}]
    return {
        "country_code": "NL",
        "party_id": "EVN",
        "id": f"CDR-{hour}",
        "start_date_time": begin,
        "end_date_time": end,
        "cdr_token": {"uid": UID, "contract_id": CONTRACT},
        "cdr_location": {"evse_id": "NL*EVN*E1", "coordinates": {"latitude": "52.011", "longitude": "4.357"}},
        "currency": "EUR",
        "charging_periods": [{"start_date_time": begin, "dimensions": dimensions}],
        "total_cost": {"excl_vat": round(kwh * 0.4, 2)},
        "total_energy": kwh,
        "total_time": 0.75,
        "last_updated": end,
    } | more


@pytest.fixture(scope="session")
def make_record():
    """What makes an OCPI record of the partner's."""
    return record


@pytest.fixture(scope="session")
def own_session():
    """What makes a session of the partner's driver, as a back-office of ours saw it."""
    return session


@pytest.fixture
def partner_network(engine, settings, roa):
    """What stores clean rows; a station, two sessions of a partner's driver, and the partner's file are there."""
    (settings.home / "rehome.toml").write_text('time_zone = "UTC"\n')

    def store(*entities):
        with engine.begin() as connection:
            for one in entities:
                office = "legacy" if isinstance(one, Session) else None
                clean.store_entities(connection, [one], extract_id="legacy-1", back_office=office)

    store(*NETWORK, session(8), session(9))
    return store


@pytest.fixture
def the_location():
    """Where the station stands."""
    return NETWORK[0]


@pytest.fixture
def plug():
    """The connector of the station's EVSE."""
    return CONNECTOR


@pytest.fixture
def reconciled(partner_network, engine, monkeypatch):
    """What judges a night at an instant with what the partner has then, and returns what it tells."""

    def done(*records, day=FIRST, at="2026-03-02T04:30:00+00:00", because=None):
        body = json.dumps({"data": records, "status_code": 1000}).encode()
        envelope, now = read_envelope(body), datetime.fromisoformat(at)
        answer = Answer(url="u", status=200, headers={}, body=body, fetched_at=now, envelope=envelope)
        parsed = parse_cdrs(envelope.data, partner="roa")
        pull = Pull(
            pages=(read_page(answer),),
            cdrs=parsed.cdrs,
            rejected=parsed.rejected,
            total_count=None,
            incomplete_because=because,
            notes=(),
        )
        monkeypatch.setattr(night, "_fetch", lambda *_, **__: pull)
        monkeypatch.setattr(night, "system_clock", lambda: now.astimezone(UTC))
        return night.reconcile_partner.fn("roa", day=day, days=1)

    return done
