"""Three unlike partners, a month of nights, everything wrong that can be: the totals are the truth's, to the cent."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from time import sleep

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.database.operations import clean
from charging.errors import RemoteError
from charging.network import Evse, Lane, Location, Session, Station, Token
from rehearsal import month, month_wire
from rehearsal.hostile_behaviour import Behaviour, Outcome, Place
from rehearsal.hostile_cdrs import VERSIONS
from rehearsal.hostile_pages import page
from rehearsal.hostile_partner import BEHAVIOURS, HostilePartner
from rehearsal.hostile_play import TOKEN
from rehearsal.month import AFTERWARDS, FILES, GOOD, HOSTILE, LONG_NIGHT, MEMBERS, Fault
from tasks import intake, night

HONEST = Behaviour(
    name="honest", outcome=Outcome.ALL, player=page, place=Place.CDRS, count=0, versions=VERSIONS, is_slow=False
)
NIGHTLY = (
    *(
        "link_missing",
        "order_is_shuffled",
        "gzip_as_it_should_be",
        "link_to_another_host",
        "first_answer_is_an_empty_night",
    ),
    *("total_missing", "server_error_on_a_later_page", "in_utf_16", "pages_are_capped_at_twenty", "cut_off_once"),
    *("every_record_is_listed_twice", "link_skips_a_page", "dates_with_offset", "limit_and_offset_are_ignored"),
    *(
        "connection_is_cut_once",
        "our_token_in_headers",
        "not_found",
        "redirect_on_its_own_host",
        "total_and_link_missing",
    ),
    *(
        "unavailable_once",
        "filters_are_ignored",
        "total_too_high",
        "ids_in_lower_case_every_other_time",
        "byte_order_mark",
    ),
    *("link_without_filters", "redirect_to_another_host_on_a_later_page", "too_many_requests_until_the_past"),
    *("data_before_status", "pages_are_of_any_length", "server_error_in_a_success_once", "total_is_no_number"),
)
"""How the hostile partner behaves in each night of the month; what it gives is wrong besides."""
IS_WHOLE = "A_WHOLE_MONTH" in os.environ
"""By itself this plays the five nights about the change of the clocks; with A_WHOLE_MONTH=1 all thirty-one."""
BEHAVIOURS_OF_FIVE = (
    *("link_missing", "every_record_is_listed_twice", "not_found", "ids_in_lower_case_every_other_time"),
    "limit_and_offset_are_ignored",
)
FIRST = month.FIRST if IS_WHOLE else date(2026, 10, 24)
LAST = month.LAST if IS_WHOLE else date(2026, 10, 28)
KILLED, TWICE, UNANSWERED, HALF_WRITTEN, GARBAGE = (
    FIRST + timedelta(days=number) for number in ((9, 14, 16, 5, 20) if IS_WHOLE else (0, 1, 2, 0, 3))
)
TARIFF = {
    "country_code": "NL",
    "party_id": "EVN",
    "id": "AGREED-1",
    "currency": "EUR",
    "elements": [
        {
            "price_components": [
                {"type": "FLAT", "price": 0.50, "vat": 21, "step_size": 1},
                {"type": "ENERGY", "price": 0.39, "vat": 21, "step_size": 1},
            ]
        }
    ],
    "last_updated": "2026-01-01T00:00:00Z",
}
AGREED = """\
owner = "NL-EVN"
tariff = "agreed.json"
currency = "EUR"
vat_percent = 21
time_zone = "Europe/Amsterdam"
lateness_days = 3
"""
OVER_THE_WIRE = """\
allow_plain_http = true
allow_private_addresses = true
token = "env:A_MONTHS_TOKEN"
"""
IDS = """
[ids]
cdr = "CDR-{session_id}"
session = "{session_id}"
"""
BY_FILE = """
[files]
folder = "liste"
pattern = "*.csv"
format = "statement"
mapping = "mappings/liste.toml"
"""
AS_A_PROCESS = """
import sys
from datetime import date, datetime
from tasks import intake, night
now = datetime.fromisoformat(sys.argv[2])
night.system_clock = intake.system_clock = lambda: now
night.reconcile_partner.fn(sys.argv[1], day=date.fromisoformat(sys.argv[3]), days=1)
"""
CHECKER = Path(__file__).parents[2] / "charging" / "reconciliation" / "conservation.py"


NAMED = ("clock", "vat_confusion", "currency", "energy", "mutated", "unreadable", "suspect")
CODES = {
    Fault.WATT_HOURS: "unit.energy_wh",
    Fault.MINUTES: "unit.time_min",
    Fault.OFFSET: "time.offset_stated",
}
CLOSED = {"settled", "written_off", "withdrawn"}


def _loaded(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


conservation = _loaded(CHECKER)


class Played:
    """The three partners and our back-office, night after night; and the night's run, at an instant that is given."""

    def __init__(self, truth, *, engine, folder, monkeypatch, good, hostile):
        self.truth, self.engine, self.folder, self.monkeypatch = truth, engine, folder, monkeypatch
        self.wires = {GOOD.name: good, HOSTILE.name: hostile}
        until = datetime(2026, 11, 1, tzinfo=UTC)
        self.plays = {
            name: wire.play_of(HONEST, version=version, seed=1, until=until, count=0)
            for (name, wire), version in zip(self.wires.items(), ("2.2.1", "2.3.0"), strict=True)
        }
        self._pending, self._told = [], month.FIRST - timedelta(days=1)
        self._write_files()
        self._store_network()

    def _write_files(self):
        self.folder.mkdir(exist_ok=True)
        (self.folder / "liste").mkdir()
        (self.folder / "agreed.json").write_text(json.dumps(TARIFF))
        (self.folder / "mappings").mkdir()
        (self.folder / "mappings" / "liste.toml").write_text(month_wire.MAPPING)
        for member in MEMBERS:
            head = f'name = "{member.name}"\nparty = "{member.party}"\n{AGREED}'
            if member.is_by_file:
                text = head + 'protocol = "statement"\n' + IDS + BY_FILE
            else:
                play = self.plays[member.name]
                where = f'versions_url = "{play.base}/versions"\nversion = "{play.version}"\n'
                text = head + where + OVER_THE_WIRE + IDS
            (self.folder / f"{member.name}.toml").write_text(text)

    def _store_network(self):
        self._store(_location(), office=None)
        for member in MEMBERS:
            for plug in range(month.PLUGS):
                station = f"CS-{member.number}{plug:02d}"
                uid, contract = member.token(plug), member.contract(plug)
                self._store(
                    _station(station),
                    Evse(evse_uid=f"E{member.number}{plug:02d}", station_id=station, connector_id=1,
                         evse_id=member.evse_id(plug)),
                    Token(token_uid=uid, parent_uid=None, contract_id=contract, issuer=member.party,
                          is_blocked=False, expires_at=None),
                )  # fmt: skip

    def _store(self, *entities, office=None):
        with self.engine.begin() as connection:
            clean.store_entities(connection, list(entities), extract_id="legacy-1", back_office=office)

    def evening(self, day):
        """Let our back-office and the partners tell what they tell by the end of a day, and have not told before."""
        sessions = [_session(one) for one in self.truth.charges if self._told < one.known_on <= day]
        if sessions:
            self._store(*sessions, office="legacy")
        for name, play in self.plays.items():
            told = [one for one in self.truth.stated if one.member.name == name and one.sent_on <= day]
            play.truths[:] = [month_wire.truth(one, version=play.version) for one in told]
            play.older.clear()
        listed = [one for one in self.truth.stated if one.member is FILES and self._told < one.sent_on <= day]
        text = month_wire.statement(listed).encode()
        self._told = day
        if day in {HALF_WRITTEN, GARBAGE}:
            self._drop(day, text[: len(text) // 2] if day == HALF_WRITTEN else b"%PDF-1.4 a letter" + bytes(range(256)))
            self._pending.append((day, text))
        else:
            for one in [*self._pending, (day, text)]:
                self._drop(*one)
            self._pending.clear()

    def _drop(self, day, text):
        path = self.folder / "liste" / f"{day}.csv"
        path.write_bytes(text)
        written = (at(day) - timedelta(hours=2)).timestamp()
        os.utime(path, (written, written))

    def behave(self, behaviour):
        self.wires[HOSTILE.name].go_on(self.plays[HOSTILE.name], behaviour)

    def run(self, name, day, *, days=1):
        for module in (night, intake):
            self.monkeypatch.setattr(module, "system_clock", lambda: at(day))
        return night.reconcile_partner.fn(name, day=day, days=days)

    def run_and_kill(self, name, day):
        """Run a night as a process of its own, and kill it while it writes its verdicts."""
        command = [sys.executable, "-c", AS_A_PROCESS, name, at(day).isoformat(), day.isoformat()]
        with self.engine.begin() as connection:
            connection.execute(sa.text("LOCK TABLE roaming.verdict IN SHARE MODE"))
            with subprocess.Popen(command) as process:
                while process.poll() is None and not _somebody_waits(self.engine):
                    sleep(0.05)
                process.send_signal(signal.SIGKILL)
                return process.wait()


def _somebody_waits(engine):
    waits = sa.text("SELECT count(*) FROM pg_locks WHERE relation = 'roaming.verdict'::regclass AND NOT granted")
    with engine.connect() as connection:
        return connection.scalar(waits)


def at(day):
    return datetime.combine(day + timedelta(days=1), time(4, 30), tzinfo=UTC)


def _location():
    return Location(location_id="L1", name="", street="Kade 5", city="Delft", postal_code="2611AB", country="NL",
                    latitude=Decimal("52.0110"), longitude=Decimal("4.3570"), time_zone=None)  # fmt: skip


def _station(station_id):
    return Station(station_id=station_id, location_id="L1", vendor="Supplier A", model="A1", serial_number=None,
                   firmware="4.2", iccid=None, imsi=None, apn=None, ocpp_protocol="ocpp1.6", lane=Lane.LIVE,
                   last_seen_at=None)  # fmt: skip


def _session(one):
    return Session(
        session_id=one.session_id, station_id=f"CS-{one.member.number}{one.plug:02d}", connector_id=1, location_id="L1",
        token_uid=one.member.token(one.plug), started_at=one.started_at, stopped_at=one.ended_at,
        meter_start_wh=Decimal(0), meter_stop_wh=one.energy_kwh * 1000, energy_kwh=one.energy_kwh, cost=None,
        currency=None, is_estimated=False, is_billable=True,
    )  # fmt: skip


@pytest.fixture
def played(engine, settings, monkeypatch):
    """A month that is ready to begin."""
    (settings.home / "rehome.toml").write_text('time_zone = "Europe/Amsterdam"\n')
    monkeypatch.setenv("A_MONTHS_TOKEN", TOKEN)
    monkeypatch.setattr(month, "FIRST", FIRST)
    monkeypatch.setattr(month, "LAST", LAST)
    with HostilePartner(party=GOOD.party).listening() as good, HostilePartner().listening() as hostile:
        yield Played(
            month.draw(1), engine=engine, folder=settings.home / settings.partners, monkeypatch=monkeypatch,
            good=good, hostile=hostile,
        )  # fmt: skip


def _short(key):
    """Return the id in a CDR's key; ours without what the partner's template puts before it."""
    if key is None:
        return None
    side, _, _, cdr_id, _ = key.split("|")
    return cdr_id.removeprefix("CDR-") if side == "ours" else cdr_id.upper()


def _rows(engine, table, partner):
    with engine.connect() as connection:
        return connection.execute(sa.select(table).where(table.c.partner == partner)).mappings().all()


def _first_difference(found, wanted):
    return {"too much": dict(found - wanted), "too little": dict(wanted - found)}


def test_every_cent_of_a_month_is_where_it_truly_belongs(played):
    for day, behaviour in zip(month.days(), NIGHTLY if IS_WHOLE else BEHAVIOURS_OF_FIVE, strict=True):
        played.evening(day)
        _hostile_night(played, day, BEHAVIOURS[behaviour])
        for member in (GOOD, FILES):
            told = played.run(member.name, day)
            assert told["is_complete"] is not (member is FILES and day in {HALF_WRITTEN, GARBAGE}), day
    played.evening(AFTERWARDS)
    played.behave(HONEST)
    for member in MEMBERS:
        played.run(member.name, AFTERWARDS, days=(AFTERWARDS - month.LAST).days)

    for member in MEMBERS:
        _ends_as_it_must(played, member)


def _hostile_night(played, day, behaviour):
    played.behave(behaviour)
    play, name = played.plays[HOSTILE.name], HOSTILE.name
    before = play.dangers
    if day == KILLED:
        assert played.run_and_kill(name, day) == -signal.SIGKILL
        assert day not in {row["day"] for row in _rows(played.engine, tables.reconciliation, name)}
    if day == UNANSWERED:  # and nobody runs it again: the next night sees that it was left out
        with pytest.raises(RemoteError):
            played.run(name, day)
        return
    told = played.run(name, day)
    # Where one record is listed in two versions and every reading differs, even what could be had may be said to lack.
    assert not (told["is_complete"] and behaviour.outcome is Outcome.SAID), behaviour.name
    assert play.dangers > before, behaviour.name
    assert all(TOKEN not in str(asked) for asked in played.wires[name].received)
    if day == TWICE:
        once = _kept(played.engine, name)
        assert played.run(name, day)["changed"] == {}
        assert _kept(played.engine, name) == once


def _kept(engine, partner):
    kept = {}
    for name in ("cdr", "verdict", "followed_case", "proposal", "night"):
        rows = _rows(engine, tables.metadata.tables[f"roaming.{name}"], partner)
        kept[name] = sorted(repr(dict(row)) for row in rows)
    return kept


def _ends_as_it_must(played, member):
    truth, engine = played.truth, played.engine
    verdicts, cdrs, cases, rejected, heads = (
        _rows(engine, tables.metadata.tables[f"roaming.{name}"], member.name)
        for name in ("verdict", "cdr", "followed_case", "rejected_cdr", "reconciliation")
    )
    endings = truth.endings[member.name]
    wanted = Counter(_wanted(one) for one in endings)
    assert _first_difference(Counter(map(_found, verdicts)), wanted) == {"too much": {}, "too little": {}}
    for kind in NAMED:
        assert {_found(one) for one in verdicts if kind in one["kinds"]} == {
            _wanted(one) for one in endings if kind in one.kinds
        }, kind
    for fault, code in CODES.items():
        bearing = {f"CDR-{session_id}" for session_id in truth.bearing(member, fault)}
        assert {
            one["cdr_id"].upper() for one in cdrs if code in one["quality"] and one["side"] == "theirs"
        } == bearing, code
    balance = conservation.check(cdrs, verdicts, cases)
    assert balance.faults == []
    assert {slot: amount for slot, amount in balance.money.items() if amount} == truth.balance(member)
    assert sum(str(one["cdr_id"]).startswith("CDR-") for one in rejected) == len(truth.bearing(member, Fault.MALFORMED))
    assert [head["day"] for head in heads if not head["is_complete"]] == []
    assert sorted(head["day"] for head in heads) == [*month.days(), AFTERWARDS]
    lasted = {head["day"]: head["period_until"] - head["period_from"] for head in heads}
    assert lasted[LONG_NIGHT] == timedelta(hours=25)
    still_open = {(one["verdict"], _short(one["ours_key"]), _short(one["theirs_key"]), one["money_at_risk"])
                  for one in cases if one["state"] not in CLOSED}  # fmt: skip
    assert still_open == {_wanted(one) for one in endings if one.verdict not in month.SETTLED}


def _wanted(one):
    ours = one.charge and one.charge.session_id
    return one.verdict, ours, one.record and one.record.cdr_id.upper(), one.at_risk


def _found(one):
    return one["verdict"], _short(one["ours_key"]), _short(one["theirs_key"]), one["money_at_risk"]
