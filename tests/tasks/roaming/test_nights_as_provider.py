"""A night with a partner that bills us: its CDRs against its own sessions, our drivers and the tariffs in force."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.database.operations import clean, partner_feed, receiving
from charging.database.queries import nights
from charging.network import Token
from charging.roaming import partner_file
from charging.roaming.ocpi import receiver_objects
from rehearsal.operator_partner import OperatorPartner
from tasks import judged_nights, night

DAY = date(2026, 3, 1)
OURS, EXPIRED, BLOCKED, STRANGER = "04A1B2C3D4E5F6", "04B1B2C3D4E5F6", "04C1B2C3D4E5F6", "04D1B2C3D4E5F6"
FILE = """
name = "xyz"
party = "BE-XYZ"
owner = "NL-EVN"
our_role = "emsp"
versions_url = "{url}/versions"
token = "env:XYZ_TOKEN"
tariff = "{tariff}"
currency = "EUR"
time_zone = "UTC"
allow_plain_http = true
allow_private_addresses = true
"""
TARIFF = {
    "country_code": "BE",
    "party_id": "XYZ",
    "id": "T",
    "currency": "EUR",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.40, "step_size": 1}]}],
    "last_updated": "2026-01-01T00:00:00Z",
}
LOCATION = {
    "country_code": "BE",
    "party_id": "XYZ",
    "id": "L1",
    "country": "BEL",
    "time_zone": "Europe/Brussels",
    "evses": [
        {"uid": "E1", "evse_id": "BE*XYZ*E1", "status": "AVAILABLE", "connectors": [{"id": "1", "tariff_ids": ["T"]}]}
    ],
    "last_updated": "2026-01-01T00:00:00Z",
}


def session(number, *, uid=OURS, kwh=10, status="COMPLETED", hour=None, **more):
    start, end = (f"2026-03-01T{hour or number:02}:{minute}:00Z" for minute in ("00", "45"))
    return {
        "country_code": "BE",
        "party_id": "XYZ",
        "id": f"S{number}",
        "start_date_time": start,
        "end_date_time": end if status == "COMPLETED" else None,
        "kwh": kwh,
        "cdr_token": {"uid": uid, "type": "RFID", "contract_id": "NL-EVN-C00122045-4"},
        "auth_method": "WHITELIST",
        "location_id": "L1",
        "evse_uid": "E1",
        "connector_id": "1",
        "currency": "EUR",
        "status": status,
        "last_updated": end,
    } | more


def record(number, *, uid=OURS, kwh=10, net=None, session_id="", **more):
    start, end = (f"2026-03-01T{number:02}:{minute}:00Z" for minute in ("00", "45"))
    measured = [{"type": "ENERGY", "volume": kwh}, {"type": "TIME", "volume": 0.75}]
    return {
        "country_code": "BE",
        "party_id": "XYZ",
        "id": f"CDR-{number}",
        "session_id": session_id or f"S{number}",
        "start_date_time": start,
        "end_date_time": end,
        "cdr_token": {"uid": uid, "type": "RFID", "contract_id": "NL-EVN-C00122045-4"},
        "cdr_location": {"evse_id": "BE*XYZ*E1", "coordinates": {"latitude": "50.8", "longitude": "4.4"}},
        "currency": "EUR",
        "charging_periods": [{"start_date_time": start, "dimensions": measured}],
        "total_cost": {"excl_vat": round(kwh * 0.4, 2) if net is None else net},
        "total_energy": kwh,
        "total_time": 0.75,
        "last_updated": end,
    } | more


@pytest.fixture
def xyz(settings, engine, monkeypatch):
    """A partner with stations that listens; our drivers' tokens are known, and its file says the agreed tariff."""
    (settings.home / "rehome.toml").write_text('time_zone = "UTC"\n')
    monkeypatch.setenv("XYZ_TOKEN", "a-token-of-ours")
    holder = Token(token_uid=OURS, parent_uid=None, contract_id=None, issuer=None, is_blocked=False, expires_at=None)
    ended = datetime(2026, 2, 1, tzinfo=UTC)
    others = [
        replace(holder, token_uid=EXPIRED, expires_at=ended),
        replace(holder, token_uid=BLOCKED, is_blocked=True),
        replace(holder, token_uid=STRANGER, issuer="NL-ROA"),
    ]
    with engine.begin() as connection:
        clean.store_entities(connection, [holder, *others], extract_id="legacy-1", back_office=None)
    folder = settings.home / settings.partners
    folder.mkdir(exist_ok=True)
    (folder / "xyz.json").write_text(json.dumps(TARIFF))
    partner = OperatorPartner()
    partner.file = folder / "xyz.toml"
    partner.file.write_text(FILE.format(url=partner.url, tariff="xyz.json"))
    partner.lists["locations"].append(LOCATION)
    partner.lists["tariffs"].append(TARIFF)
    with partner.listening():
        yield partner


@pytest.fixture
def reconciled(xyz, monkeypatch):
    """What judges the night at an instant with what the partner has then."""

    def done(at="2026-03-02T04:30:00+00:00"):
        monkeypatch.setattr(night, "system_clock", lambda: datetime.fromisoformat(at).astimezone(UTC))
        return night.reconcile_partner.fn("xyz", day=DAY, days=1)

    return done


@pytest.fixture
def judged(engine):
    """What returns the night's verdicts by the partner's CDR id, or by ours where it has none."""

    def done():
        with engine.connect() as connection:
            found = nights.judged(connection, "xyz", DAY)
        return {(one.theirs_key or one.ours_key).split("|")[3]: one for one in found}

    return done


def test_bills_of_our_drivers_are_judged_by_the_partners_own_sessions(xyz, reconciled, judged):
    xyz.lists["sessions"] += [session(8), session(9), session(10)]
    xyz.lists["cdrs"] += [record(8), record(9, net=9.99), record(11)]

    told = reconciled("2026-03-09T04:30:00+00:00")

    assert told["verdicts"] == {"equal": 1, "ours_right": 1, "missing_at_partner": 1, "missing_at_us": 1}
    assert told["is_complete"]
    assert judged()["CDR-9"].tier.name == "SESSION_ID"
    assert "ours says 4.00 EUR, theirs 9.99 EUR" in judged()["CDR-9"].explanation


@pytest.mark.parametrize(
    ("uid", "verdict", "kind"),
    [
        pytest.param(STRANGER, "missing_at_us", "token_unknown", id="of another provider"),
        pytest.param("04FFFFFFFFFFFF", "missing_at_us", "token_unknown", id="that nobody knows"),
        pytest.param(EXPIRED, "missing_at_us", "token_expired", id="that had expired"),
        pytest.param(BLOCKED, "equal", "token_blocked", id="that is blocked by now"),
    ],
)
def test_a_bill_is_named_by_how_its_driver_stood_with_us(xyz, reconciled, judged, uid, verdict, kind):
    xyz.lists["sessions"].append(session(8, uid=uid))
    xyz.lists["cdrs"].append(record(8, uid=uid))

    reconciled("2026-03-09T04:30:00+00:00")

    assert (judged()["CDR-8"].verdict, [str(one) for one in judged()["CDR-8"].kinds]) == (verdict, [kind])


@pytest.mark.parametrize(
    ("more", "kind", "reason"),
    [
        pytest.param({"status": "ACTIVE"}, "session_open", "7 days after it began: it was never closed", id="open"),
        pytest.param({"status": "INVALID"}, "session_void", "declared it void", id="void"),
        pytest.param(
            {"kwh": 0, "end_date_time": "2026-03-01T08:01:00Z"}, "failed_start", "failed start", id="failed start"
        ),
    ],
)
def test_a_bill_for_a_session_that_is_none_is_named_by_it(xyz, reconciled, judged, engine, more, kind, reason):
    xyz.lists["sessions"].append(session(8, **more))
    xyz.lists["cdrs"].append(record(8))

    reconciled("2026-03-09T04:30:00+00:00")

    found = judged()["CDR-8"]
    assert (found.verdict, [str(one) for one in found.kinds]) == ("missing_at_us", [kind])
    assert reason in found.explanation
    with engine.connect() as connection:
        (skipped,) = nights.night(connection, "xyz", DAY)["summary"]["skipped"]
    assert skipped["session_id"] == "S8"


def test_a_session_that_is_closed_later_reopens_the_night(xyz, reconciled):
    xyz.lists["sessions"].append(session(8, status="ACTIVE"))
    xyz.lists["cdrs"].append(record(8))
    first = reconciled("2026-03-02T04:30:00+00:00")

    xyz.lists["sessions"][:] = [session(8) | {"last_updated": "2026-03-02T09:00:00Z"}]
    again = reconciled("2026-03-03T04:30:00+00:00")

    assert (first["verdicts"], again["verdicts"]) == ({"late": 1}, {"equal": 1})


def test_a_session_that_was_pushed_counts_as_one_that_was_pulled(xyz, reconciled, engine):
    xyz.lists["cdrs"].append(record(8))
    xyz.offered.discard("sessions")
    partner = partner_file.read(xyz.file)
    at = datetime(2026, 3, 1, 9, tzinfo=UTC)
    with engine.begin() as connection:
        of = receiver_objects.addressed("sessions", ["BE", "XYZ", "S8"])
        body = json.dumps(session(8)).encode()
        receiver_objects.answer(connection, "PUT", body, of=of, partner=partner, version="2.2.1", at=at)

    told = reconciled()

    assert (told["verdicts"], told["is_complete"]) == ({"equal": 1}, True)


def test_without_sessions_nothing_is_taken_for_missing_in_silence(xyz, reconciled):
    xyz.lists["cdrs"].append(record(8))
    xyz.broken.add("sessions")

    told = reconciled()

    assert not told["is_complete"]
    assert "sessions: " in told["incomplete_because"]
    assert "nobody can say what our drivers charged there" in told["incomplete_because"]


def test_a_night_that_was_killed_and_one_that_is_run_twice_end_alike(xyz, reconciled, engine, monkeypatch):
    xyz.lists["sessions"] += [session(hour) for hour in range(8, 12)]
    xyz.lists["cdrs"] += [record(hour) for hour in range(8, 12)]

    def killed(*_, **__):
        raise KeyboardInterrupt

    for place, name in ((receiving, "keep_all"), (partner_feed, "place"), (judged_nights, "judge")):
        with monkeypatch.context() as patched:
            patched.setattr(place, name, killed)
            with pytest.raises(KeyboardInterrupt):
                reconciled()
    told, again = reconciled(), reconciled()

    assert told["verdicts"] == again["verdicts"] == {"equal": 4}
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.partner_session)) == 4
        assert len(nights.versions(connection, "xyz", DAY)) == 1


def test_published_tariffs_price_by_the_version_that_was_in_force(xyz, reconciled, judged):
    xyz.file.write_text(FILE.format(url=xyz.url, tariff="published"))
    dearer = json.loads(json.dumps(TARIFF).replace("0.4", "0.8")) | {"last_updated": "2026-03-01T09:30:00Z"}
    other = TARIFF | {"id": "U", "last_updated": "2026-01-02T00:00:00Z"}
    xyz.lists["sessions"] += [session(8), session(10)]
    xyz.lists["cdrs"] += [record(8), record(10)]
    xyz.lists["tariffs"].append(other)
    reconciled("2026-03-01T05:00:00+00:00")
    xyz.lists["tariffs"][:] = [dearer, other]

    told = reconciled()

    assert told["verdicts"] == {"equal": 1, "ours_right": 1}
    assert "ours says 8.00 EUR, theirs 4.00 EUR" in judged()["CDR-10"].explanation


def test_a_tariff_goes_by_the_clock_at_the_partners_location(xyz, reconciled, judged):
    at_five = {"start_time": "17:00", "end_time": "00:00"}
    dear = {"price_components": [{"type": "ENERGY", "price": 0.80, "step_size": 1}], "restrictions": at_five}
    (xyz.file.parent / "xyz.json").write_text(json.dumps(TARIFF | {"elements": [dear, *TARIFF["elements"]]}))
    xyz.lists["sessions"] += [session(15), session(16)]  # the latter at five in Brussels
    xyz.lists["cdrs"] += [record(15), record(16)]

    reconciled("2026-03-09T04:30:00+00:00")

    assert judged()["CDR-15"].verdict == "equal"
    assert judged()["CDR-16"].verdict == "ours_right"
    assert "recomputed 8.00 from ours and 8.00 from theirs by the clock of Europe/Brussels" in (
        judged()["CDR-16"].explanation
    )
