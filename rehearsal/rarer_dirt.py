"""Dirt that a database shows less often: a place in another country, a clock in local time, cards that are no cards."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from rehearsal.dirt_ledger import Spade
from rehearsal.legacy_records import LegacyStop, LegacyTag, LegacyTransaction

LOCAL_TIME = timedelta(hours=1)
FEWEST_VOTERS = 3
NO_CARDS = {
    "tok.virtual": "REMOTE-{n:04d}",
    "tok.cascade_tag": "88A{n:05X}",
    "tok.random_uid": "08A{n:05X}",
    "tok.truncated": "04A1B2{n:06X}",
    "tok.length": "A CARD OF THE GARAGE AT THE CORNER {n}",
}
_CUT_AT = 35
_LONG_STREET = " achter de oude haven en de molen aan de overkant van de brug"


def plant(spade: Spade) -> None:
    """Plant what the other kinds of dirt have left clean."""
    _addresses(spade)
    _cards(spade)
    _local_clock(spade)
    _samples(spade)
    _gap(spade)
    spade.legacy.transactions.sort(key=lambda transaction: transaction.transaction_pk)


def _addresses(spade: Spade) -> None:
    addresses = spade.legacy.addresses
    for address in spade.choose(0.002, addresses, fits=lambda a: a.latitude is not None):
        address.latitude, address.longitude = Decimal("48.13743"), Decimal("11.57549")
        spade.note("loc.outside", "location", address.address_pk)
    for address in spade.choose(0.002, addresses, fits=lambda a: a.latitude is not None):
        address.latitude, address.longitude = (round(part or Decimal(0), 2) for part in _point(address))
        spade.note("loc.precision", "location", address.address_pk)
    for address in spade.choose(0.001, addresses):
        address.street = f"{address.street}{_LONG_STREET}"[: _CUT_AT - 1 - len(address.house_number or "")]
        spade.note("txt.truncated", "location", address.address_pk)


def _point(address: object) -> tuple[Decimal | None, Decimal | None]:
    return getattr(address, "latitude", None), getattr(address, "longitude", None)


def _cards(spade: Spade) -> None:
    """Add tags that readers, apps and people made, each on the contract of another card."""
    notes = [tag.note for tag in spade.legacy.tags if tag.note and " " not in tag.note]
    for n, (rule, uid) in enumerate(NO_CARDS.items(), start=1):
        tag = LegacyTag(
            id_tag=uid.format(n=n), parent_id_tag=None, expiry_at=None, max_active=1, note=spade.rng.choice(notes)
        )
        spade.legacy.tags.append(tag)
        spade.keep_clean([tag])
        spade.note(rule, "token", tag.id_tag)


def _local_clock(spade: Spade) -> None:
    """Let the clock of one station run an hour ahead of its server's, in every charge."""
    by_box: defaultdict[str, list[LegacyTransaction]] = defaultdict(list)
    for transaction in spade.legacy.transactions:
        by_box[transaction.charge_box_id].append(transaction)
    clean = [group for group in by_box.values() if len(group) > FEWEST_VOTERS and spade.is_clean(*group)]
    for transaction in spade.rng.choice(clean) if clean else ():
        transaction.started_at += LOCAL_TIME
        for stop in transaction.stops:
            stop.stopped_at += LOCAL_TIME
        spade.keep_clean([transaction])
        spade.note("tx.tz", "session", transaction.transaction_pk)


def _samples(spade: Spade) -> None:
    """Plant a meter that began anew half-way, and a sample that is none."""
    for transaction in spade.choose(0.0005, spade.legacy.transactions, fits=lambda t: _energy_wh(t) > 0):
        start, energy = int(transaction.value), _energy_wh(transaction)
        lasted = transaction.stop.stopped_at - transaction.started_at
        readings = (start, start + energy // 2, 0, energy - energy // 2)
        transaction.meter_values = [
            (transaction.started_at + lasted * part / 5, str(wh)) for part, wh in enumerate(readings, start=1)
        ]
        transaction.stop.value = str(energy - energy // 2)
        spade.note("tx.meter_reset", "session", transaction.transaction_pk)
    for transaction in spade.choose(0.0005, spade.legacy.transactions):
        transaction.meter_values = [(transaction.started_at, "NaN")]
        spade.note("mv.garbage", "meter_value", f"{transaction.transaction_pk}*1")


def _energy_wh(transaction: LegacyTransaction) -> int:
    values = (transaction.stop.value, transaction.value) if transaction.stops else ("0", "0")
    return int(values[0]) - int(values[1]) if all(value.isdecimal() for value in values) else 0


def _gap(spade: Spade) -> None:
    """Let a charge begin, and fail at once, on a connector that comes after one that is not there."""
    boxes = {box.charge_box_id: box for box in spade.legacy.boxes if box.connectors and box.is_listed}
    originals = list(spade.legacy.transactions)
    for original in spade.choose(0.0005, originals, fits=lambda t: t.charge_box_id in boxes and bool(t.stops)):
        connector_id = boxes[original.charge_box_id].connectors + 2
        copy = replace(
            original,
            transaction_pk=spade.legacy.transactions[-1].transaction_pk + 1,
            connector_id=connector_id,
            meter_values=[],
            value="0",
            stops=[_at_once(original)],
        )
        spade.legacy.transactions.append(copy)
        spade.keep_clean([copy])
        spade.note("conn.gap", "evse", f"{original.charge_box_id}*{connector_id}")
        spade.note("tx.zero", "session", copy.transaction_pk)


def _at_once(original: LegacyTransaction) -> LegacyStop:
    soon = timedelta(seconds=40)
    return LegacyStop(
        event_at=original.event_at + soon,
        actor="station",
        stopped_at=original.started_at + soon,
        value="0",
        reason="Local",
    )
