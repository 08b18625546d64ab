from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from charging.cleansing import Context, cleanse
from charging.cleansing.gather import LIGHT_COLUMNS, gather
from charging.cleansing.population import Facts
from charging.legacy.source import COLUMNS
from charging.legacy.steve import SteveSource
from rehearsal.legacy_database import prepare_legacy
from rehearsal.network import generate

AS_OF = datetime(2026, 11, 20, 18, tzinfo=UTC)
FLEETS = [pytest.param((seed, stations), id=f"seed {seed}") for seed, stations in ((7, 120), (8, 150), (9, 200))]
OF_STATIONS = frozenset({"evse", "session", "connector", "reservation", "charging_profile"})

ORDINARY = {
    ("evse", "conn.zero"): "SteVe lists connector 0 of every station",
    ("token", "tok.contract_in_note"): "SteVe has no column for a contract",
}
"""What rules say of every row of this back-office, and no fault."""
OTHER_HALF = {
    ("location", "loc.address_dup"): "the other location at the same address",
    ("station", "cp.dup_two_ids"): "the other identity of the same station",
    ("session", "tx.overlap"): "the session that a planted one overlaps",
    ("session", "tx.stop_failed"): "a planted missing stop whose failed one came",
    ("session", "cp.ghost"): "a session at a station that is set aside, or that nobody lists",
    ("evse", "cp.ghost"): "an EVSE of a station that is set aside, or that nobody lists",
}
"""What follows from something planted in another row; each is proven below."""


class Found:
    """What cleansing says of a rehearsal's legacy, beside what was planted in it."""

    def __init__(self, engine, seed, stations):
        self.ledger = prepare_legacy(engine, generate(seed=seed, stations=stations, as_of=AS_OF))
        with SteveSource(engine, "legacy") as source:
            entities = source.inspect().entities
            self.rows = {
                entity: [row for chunk in source.rows(entity) for row in chunk]
                for entity in COLUMNS
                if entity in entities
            }
        self.made, self.rules = {}, defaultdict(set)
        known = self._context()
        for entity, rows in self.rows.items():
            if entity in OF_STATIONS:
                stations = frozenset(station.station_id for station in self.made["station"].clean)
                known = replace(known, station_ids=stations)
            made = self.made[entity] = cleanse(entity, rows, known)
            for one in (*made.fixes, *made.quarantined, *made.questions):
                self.rules[entity, one.key].add(one.rule)

    def _context(self):
        facts = Facts()
        for entity in LIGHT_COLUMNS:
            gather(self.rows[entity], facts)
        uids = frozenset(row.values["token_uid"] for row in self.rows["session"])
        return Context(as_of=AS_OF, time_zone="Europe/Amsterdam", currency="EUR", facts=facts, known_token_uids=uids)

    def set_aside(self, entity):
        return {row.key for row in self.made[entity].quarantined}

    def station_of(self, session_id):
        return next(row.values["station_id"] for row in self.rows["session"] if row.values["session_id"] == session_id)


@pytest.fixture(scope="module", params=FLEETS)
def found(copied, request):
    seed, stations = request.param
    with copied() as url:
        engine = sa.create_engine(url)
        yield Found(engine, seed, stations)
        engine.dispose()


def test_every_planted_fault_is_found_under_its_rule(found):
    missed = {
        (fault.entity, fault.key, fault.rule): found.rules[fault.entity, fault.key]
        for fault in found.ledger.planted
        if fault.rule not in found.rules[fault.entity, fault.key]
    }
    for (entity, key, rule), instead in missed.items():
        if entity == "station":  # a ghost has no row of its own: what it did is what is set aside
            assert rule == "cp.ghost"
            assert any("cp.ghost" in rules for (_, other), rules in found.rules.items() if other.startswith(f"{key}*"))
        else:  # it waits with its station, and nothing else is asked about it before that is answered
            assert instead == {"cp.ghost"}
            assert found.station_of(key) not in {station.station_id for station in found.made["station"].clean}


def test_nothing_clean_is_accused(found):
    planted = defaultdict(set)
    for fault in found.ledger.planted:
        planted[fault.entity, fault.key].add(fault.rule)
    accused = {
        (entity, key, rule)
        for (entity, key), rules in found.rules.items()
        for rule in rules - planted[entity, key]
        if (entity, rule) not in ORDINARY
    }
    assert {(entity, rule) for entity, _, rule in accused} <= set(OTHER_HALF)


def test_what_is_accused_beside_the_planted_follows_from_it(found):
    planted = defaultdict(set)
    for fault in found.ledger.planted:
        planted[fault.rule].add(fault.key)
    stations = {station.station_id for station in found.made["station"].clean}
    overlapping = {row.key: row.reason for row in found.made["session"].quarantined if row.rule == "tx.overlap"}
    for key in set(overlapping) - planted["tx.overlap"]:
        assert any(f"session {other} " in overlapping[key] for other in planted["tx.overlap"])
    for entity in ("session", "evse"):
        for row in found.made[entity].quarantined:
            assert row.rule != "cp.ghost" or row.values["station_id"] not in stations
    asked = [question for made in found.made.values() for question in made.questions]
    for question in asked:
        if question.rule in {"loc.address_dup", "cp.dup_two_ids"} and question.key not in planted[question.rule]:
            assert any(other in question.question for other in planted[question.rule])
        if question.rule == "tx.stop_failed":
            assert question.key in planted["tx.no_stop"]


def test_every_row_and_every_kilowatt_hour_is_accounted_for(found):
    for made in found.made.values():
        assert made.rows_in == len(made.clean) + made.merged + len(made.quarantined)
    energy = found.made["session"].energy
    assert energy.before == energy.loaded + energy.quarantined + energy.adjusted


def test_a_vote_shows_its_count(found):
    votes = [fix for made in found.made.values() for fix in made.fixes if fix.confidence == "vote"]
    assert {fix.rule for fix in votes} >= {"tx.tz", "cp.vendor_spelling"}
    assert all(" of " in fix.evidence for fix in votes)
