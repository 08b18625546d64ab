"""Dirt in stations: `cp.*`."""

from dataclasses import replace
from datetime import timedelta

from charging.network import Lane
from rehearsal.dirt_ledger import Spade
from rehearsal.legacy_records import LegacyBox, LegacyStop, LegacyTransaction

TEST_BOXES = ("TEST-01", "DEMO-LAB-2")
GHOST = "Z{number:05d}"


def plant(spade: Spade) -> None:
    """Plant every kind of dirt that a station can have."""
    _spellings(spade)
    _damaged_iccids(spade)
    _duplicates(spade)
    _tests(spade)
    _dead(spade)
    _ghosts(spade)


def _is_live(spade: Spade, box: LegacyBox) -> bool:
    station = spade.network.station_by_id.get(box.charge_box_id)
    return station is not None and station.lane is Lane.LIVE


def _spellings(spade: Spade) -> None:
    variants = (str.upper, str.lower, "{} ".format, "{} B.V.".format, lambda name: name.replace(" ", "-"))
    for n, box in enumerate(spade.choose(0.02, spade.legacy.boxes)):
        box.vendor = variants[n % len(variants)](box.vendor or "")
        spade.note("cp.vendor_spelling", "station", box.charge_box_id)


def _damaged_iccids(spade: Spade) -> None:
    for box in spade.choose(0.005, spade.legacy.boxes, fits=lambda b: _is_live(spade, b)):
        box.iccid = "8.93144E+18"
        spade.note("cp.iccid_excel", "station", box.charge_box_id)


def _duplicates(spade: Spade) -> None:
    """Add boxes that are another box: the same identity typed in lower case, or a second identity."""
    for box in spade.choose(0.004, spade.legacy.boxes, fits=lambda b: _is_live(spade, b)):
        _add(spade, box, charge_box_id=box.charge_box_id.lower(), rule="cp.dup_exact")
    for box in spade.choose(0.003, spade.legacy.boxes, fits=lambda b: _is_live(spade, b)):
        _add(spade, box, charge_box_id=f"{box.charge_box_id}-OLD", rule="cp.dup_two_ids")


def _add(spade: Spade, box: LegacyBox, *, charge_box_id: str, rule: str) -> None:
    long_ago = spade.network.as_of - timedelta(days=spade.rng.randrange(40, 80))
    copy = replace(box, charge_box_id=charge_box_id, last_heartbeat_at=long_ago, connectors=0)
    spade.legacy.boxes.append(copy)
    spade.keep_clean([copy])
    spade.note(rule, "station", charge_box_id)


def _tests(spade: Spade) -> None:
    for n, identity in enumerate(TEST_BOXES):
        box = LegacyBox(
            charge_box_id=identity,
            vendor="Simulator",
            model="demo",
            serial_number=None,
            firmware="0.1",
            iccid=None,
            imsi=None,
            last_heartbeat_at=spade.network.as_of - timedelta(days=1 + n),
            address_pk=None,
            connectors=1,
        )
        spade.legacy.boxes.append(box)
        spade.keep_clean([box])
        spade.note("cp.test", "station", identity)


def _dead(spade: Spade) -> None:
    def is_offline(box: LegacyBox) -> bool:
        station = spade.network.station_by_id.get(box.charge_box_id)
        return station is not None and station.lane is Lane.OFFLINE

    for box in spade.choose(0.3, spade.legacy.boxes, fits=is_offline):
        box.last_heartbeat_at = spade.network.as_of - timedelta(days=spade.rng.randrange(100, 400))
        spade.note("cp.dead", "station", box.charge_box_id)


def _ghosts(spade: Spade) -> None:
    """Leave the sessions of stations whose own row is gone."""
    next_pk = spade.legacy.transactions[-1].transaction_pk + 1
    drivers = [token for token in spade.network.tokens if token.party is None and not token.is_blocked]
    for number in range(99_901, 99_901 + max(1, len(spade.network.stations) // 1000)):
        ghost = GHOST.format(number=number)
        box = LegacyBox(
            charge_box_id=ghost,
            vendor=None,
            model=None,
            serial_number=None,
            firmware=None,
            iccid=None,
            imsi=None,
            last_heartbeat_at=None,
            address_pk=None,
            connectors=1,
            is_listed=False,
        )
        spade.legacy.boxes.append(box)
        for n in range(3):
            started_at = spade.network.as_of.replace(microsecond=0) - timedelta(days=24 - 7 * n, hours=5)
            stopped_at = started_at + timedelta(hours=2)
            stop = LegacyStop(
                event_at=stopped_at, actor="station", stopped_at=stopped_at, value=str(7_000 * (n + 1)), reason="Local"
            )
            transaction = LegacyTransaction(
                transaction_pk=next_pk,
                charge_box_id=ghost,
                connector_id=1,
                id_tag=spade.rng.choice(drivers).token_uid,
                event_at=started_at,
                started_at=started_at,
                value=str(7_000 * n),
                stops=[stop],
            )
            spade.legacy.transactions.append(transaction)
            spade.keep_clean([box, transaction])
            next_pk += 1
        spade.note("cp.ghost", "station", ghost)
