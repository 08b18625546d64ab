"""A partner without an OCPI endpoint has its nights all the same: from the files that it drops, or from its hub."""

import os
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.errors import PartnerUnavailable
from charging.roaming import partner_file
from rehearsal.oicp_hub import OicpHub
from tasks import intake, night

DAY = date(2026, 3, 1)
FILES = """
name = "roa"
party = "NL-ROA"
owner = "NL-EVN"
tariff = "roa.json"
currency = "EUR"
time_zone = "UTC"
lateness_days = 3
[files]
folder = "inbox"
pattern = "*.csv"
format = "statement"
mapping = "roa-columns.toml"
"""
MAPPING = """
[columns]
cdr_id = "Nr"
evse_id = "EVSE"
token_uid = "Kaart"
started_at = "Start"
ended_at = "Einde"
energy_kwh = "kWh"
net = "Netto"
[culture]
time_zone = "UTC"
date_order = "dmy"
currency = "EUR"
"""
HEADER = "Nr;EVSE;Kaart;Start;Einde;kWh;Netto\n"


def line(hour, *, net="0,36"):
    return f"R-{hour};NL*EVN*E1;04A1B2C3D4E5F6;01-03-2026 {hour:02}:00;01-03-2026 {hour:02}:45;0,900;{net}\n"


@pytest.fixture
def inbox(partner_network, settings, monkeypatch):
    """What puts a file into the folder of a partner that has no endpoint; its night can be judged at an instant."""
    folder = settings.home / settings.partners
    (folder / "roa.toml").write_text(FILES)
    (folder / "roa-columns.toml").write_text(MAPPING)
    (folder / "inbox").mkdir()

    def put(name, text, *, written="2026-03-01T23:00:00+00:00"):
        path = folder / "inbox" / name
        path.write_text(text)
        at = datetime.fromisoformat(written).timestamp()
        os.utime(path, (at, at))
        return path

    return put


@pytest.fixture
def judged(inbox, monkeypatch):
    def at(instant):
        now = datetime.fromisoformat(instant).astimezone(UTC)
        monkeypatch.setattr(night, "system_clock", lambda: now)
        return night.reconcile_partner.fn("roa", day=DAY, days=1)

    return at


def stored(engine, table, *columns):
    with engine.connect() as connection:
        return connection.execute(sa.select(*(table.c[name] for name in columns)).order_by(*columns)).tuples().all()


def test_judges_what_lies_in_the_folder_and_reads_each_file_once(inbox, judged, engine):
    inbox("march-1.csv", HEADER + line(8) + line(9, net="0,80"))

    first = judged("2026-03-02T04:30:00+00:00")
    again = judged("2026-03-03T04:30:00+00:00")

    verdicts = [verdict for (verdict,) in stored(engine, tables.verdict, "verdict")]
    assert sorted(verdicts) == ["equal", "ours_right"], (first, again)
    assert stored(engine, tables.page, "url") == [("file:march-1.csv",)]
    assert stored(engine, tables.pull, "pulled_at", "records", "is_complete") == [
        (datetime(2026, 3, 2, 4, 30, tzinfo=UTC), 2, True),
        (datetime(2026, 3, 3, 4, 30, tzinfo=UTC), 0, True),
    ]


def test_a_file_that_is_cut_off_is_left_and_said_and_read_once_it_is_whole(inbox, judged, engine):
    whole = HEADER + line(8) + line(9)
    inbox("march-1.csv", whole[:-20])
    judged("2026-03-02T04:30:00+00:00")
    inbox("march-1.csv", whole)
    judged("2026-03-03T04:30:00+00:00")

    (cut, then) = stored(engine, tables.pull, "pulled_at", "records", "is_complete", "incomplete_because")
    assert cut[1:3] == (0, False)
    assert "march-1.csv: its last row ends in the middle" in cut[3]
    assert then[1:] == (2, True, None)


def test_a_folder_that_is_not_there_is_no_night_without_cdrs(inbox, judged, settings):
    (settings.home / settings.partners / "inbox").rmdir()

    with pytest.raises(PartnerUnavailable, match="mounted"):
        judged("2026-03-02T04:30:00+00:00")


def test_pulls_from_a_hub_that_speaks_oicp(partner_network, settings):
    start, end = "2026-03-01T08:00:00+00:00", "2026-03-01T08:45:00+00:00"
    hub = OicpHub(
        [
            {
                "SessionID": "s1",
                "EvseID": "BE*XYZ*E1",
                "Identification": {"RFIDMifareFamilyIdentification": {"UID": "04A1B2C3D4E5F6"}},
                "SessionStart": start,
                "ChargingStart": start,
                "ChargingEnd": end,
                "SessionEnd": end,
                "ConsumedEnergy": 0.9,
            }
        ]
    )
    folder = settings.home / settings.partners
    (folder / "hub.json").write_text((folder / "roa.json").read_text())
    with hub.listening():
        (folder / "hub.toml").write_text(
            'name = "hub"\nparty = "DE-HUB"\nowner = "NL-EVN"\nour_role = "emsp"\nprotocol = "oicp"\n'
            'token = "env:UNUSED"\ntariff = "hub.json"\ncurrency = "EUR"\ntime_zone = "UTC"\n'
            "allow_plain_http = true\nallow_private_addresses = true\n"
            f'[endpoints]\ncdrs = "{hub.address("NL-EVN")}"\n'
        )
        partner = partner_file.read(folder / "hub.toml")
        now = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
        pulled = intake.over_the_wire(partner, date_from=now, until=now, now=now, keeping=None)

    assert (pulled.is_complete, [(cdr.cdr_id, cdr.owner) for cdr in pulled.cdrs]) == (True, [("s1", "BE-XYZ")])
