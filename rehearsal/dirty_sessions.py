"""Dirt in sessions: `tx.*`, `conn.*` and `mv.*`."""

from datetime import UTC, datetime, timedelta

from charging.network import Lane
from rehearsal.dirt_ledger import Spade
from rehearsal.legacy_records import LegacyStop, LegacyTransaction

WRONG_CLOCKS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC))
ROLLS_OVER_AT_WH = 10**9


def plant(spade: Spade) -> None:
    """Plant every kind of dirt that a session can have: first in the rows that are there, then as rows of their own."""
    _stops(spade)
    _clocks(spade)
    _registers(spade)
    _extra_rows(spade)
    spade.legacy.transactions.sort(key=lambda transaction: transaction.transaction_pk)


def _stops(spade: Spade) -> None:
    for transaction in spade.legacy.transactions:
        if not transaction.stops:
            spade.note("tx.no_stop", "session", transaction.transaction_pk)
    for n, transaction in enumerate(spade.choose(0.003, spade.legacy.transactions)):
        stop = transaction.stop
        transaction.meter_values.append((stop.stopped_at - timedelta(seconds=30), stop.value))
        # Half of the stops were received, for a transaction that the back-office did not find.
        if n % 2:
            stop.has_failed = True
        else:
            transaction.stops.clear()
        spade.note("tx.no_stop", "session", transaction.transaction_pk)
    for transaction in spade.choose(0.003, spade.legacy.transactions):
        stop = transaction.stop
        again = stop.event_at + timedelta(minutes=20)
        transaction.stops.append(
            LegacyStop(event_at=again, actor="manual", stopped_at=again, value=transaction.value, reason=None)
        )
        spade.note("tx.multi_stop", "session", transaction.transaction_pk)


def _clocks(spade: Spade) -> None:
    for n, transaction in enumerate(spade.choose(0.003, spade.legacy.transactions)):
        lasted = transaction.stop.stopped_at - transaction.started_at
        transaction.started_at = WRONG_CLOCKS[n % len(WRONG_CLOCKS)] + timedelta(minutes=7 * n + 3)
        transaction.stop.stopped_at = transaction.started_at + lasted
        spade.note("tx.clock", "session", transaction.transaction_pk)


def _registers(spade: Spade) -> None:
    everything = spade.legacy.transactions
    for transaction in spade.choose(0.001, everything):
        transaction.stop.value = str(int(transaction.value) - 1_250)
        spade.note("tx.neg", "session", transaction.transaction_pk)
    for transaction in spade.choose(0.001, everything):
        transaction.stop.value = str(int(transaction.stop.value) + 5_000_000)
        spade.note("tx.impossible", "session", transaction.transaction_pk)
    for transaction in spade.choose(0.001, everything):
        transaction.value, transaction.stop.value = (
            f"{int(value) / 1000:.3f}" for value in (transaction.value, transaction.stop.value)
        )
        spade.note("tx.unit", "session", transaction.transaction_pk)
    for transaction in spade.choose(0.0005, everything):
        energy_wh = int(transaction.stop.value) - int(transaction.value)
        transaction.value, transaction.stop.value = (
            str(ROLLS_OVER_AT_WH - energy_wh // 2),
            str(energy_wh - energy_wh // 2),
        )
        spade.note("tx.rollover", "session", transaction.transaction_pk)
    for transaction in spade.choose(0.0005, everything):
        transaction.stop.value = "#WAARDE!"
        spade.note("mv.garbage", "session", transaction.transaction_pk)


def _extra_rows(spade: Spade) -> None:
    # The history leaves at least five minutes between two charges of one connector.
    originals = list(spade.legacy.transactions)
    for original in spade.choose(0.003, originals):
        copy = _copy(spade, original, started_at=original.started_at + timedelta(seconds=1), rule="tx.dup")
        copy.value = original.value
    for original in spade.choose(0.005, originals):
        copy = _copy(spade, original, started_at=original.stop.stopped_at + timedelta(seconds=40), rule="tx.zero")
        copy.value = original.stop.value
        _stop(copy, after=timedelta(seconds=50), energy_wh=0)
    for original in spade.choose(0.001, originals):
        middle = original.started_at + (original.stop.stopped_at - original.started_at) / 2
        copy = _copy(spade, original, started_at=middle.replace(microsecond=0), rule="tx.overlap")
        copy.id_tag = next(token.token_uid for token in spade.network.tokens if token.token_uid != original.id_tag)
        _stop(copy, after=original.stop.stopped_at - middle + timedelta(minutes=2), energy_wh=400)
    for original in spade.choose(0.001, originals):
        copy = _copy(spade, original, started_at=original.started_at + timedelta(minutes=1), rule="conn.zero")
        copy.connector_id = 0
        _stop(copy, after=timedelta(minutes=9), energy_wh=900)
    _stuck(spade, originals)


def _stuck(spade: Spade, originals: list[LegacyTransaction]) -> None:
    """Let charges of five days end when an offline station was last seen: nothing else happened there."""
    silent = [station for station in spade.network.stations if station.lane is Lane.OFFLINE]
    for station in silent[: max(1, len(silent) // 2)]:
        ends_at = (station.last_seen_at or spade.network.as_of).replace(microsecond=0) - timedelta(hours=2)
        copy = _copy(spade, spade.rng.choice(originals), started_at=ends_at - timedelta(days=5), rule="tx.stuck")
        copy.charge_box_id, copy.connector_id = station.station_id, 1
        copy.value = str(station.meter_wh[0] - 30_000)
        _stop(copy, after=timedelta(days=5), energy_wh=30_000)


def _copy(spade: Spade, original: LegacyTransaction, *, started_at: datetime, rule: str) -> LegacyTransaction:
    """Append a transaction on the original's connector, without a stop."""
    made = LegacyTransaction(
        transaction_pk=spade.legacy.transactions[-1].transaction_pk + 1,
        charge_box_id=original.charge_box_id,
        connector_id=original.connector_id,
        id_tag=original.id_tag,
        event_at=started_at + timedelta(seconds=1),
        started_at=started_at,
        value=original.value,
    )
    spade.legacy.transactions.append(made)
    spade.keep_clean([made])
    spade.note(rule, "session", made.transaction_pk)
    return made


def _stop(transaction: LegacyTransaction, *, after: timedelta, energy_wh: int) -> None:
    stopped_at = (transaction.started_at + after).replace(microsecond=0)
    transaction.stops.append(
        LegacyStop(
            event_at=stopped_at + timedelta(seconds=1),
            actor="station",
            stopped_at=stopped_at,
            value=str(int(transaction.value) + energy_wh),
            reason="Local",
        )
    )
