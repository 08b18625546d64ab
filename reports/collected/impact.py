"""What a change of EVSE ids means outside, read from the ledger, the network and the settings."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa

from charging.database.queries import clean
from charging.database.queries import identifiers as read
from charging.identifiers import evse_id as evse_ids
from charging.identifiers.ledger import Ledger
from charging.identifiers.remapping import Remapping, State
from charging.network import Location, Station
from charging.roaming import partner_file
from charging.settings import Settings
from reports.formats import counted
from reports.impact import Cost, IdChange, Impact, Recipient, Visit

SHOWN = frozenset({State.PROPOSED, State.NEEDS_OWNER, State.APPROVED})
_SEEN_OUTSIDE = frozenset({State.APPROVED, State.REVERTED, State.RETIRED})
PLAIN_QR = "{evse_id}"
"""What a QR code holds where nobody has said it: the id alone, which promises no address."""
_NOWHERE = "no location is known"
_STICKERS, _ALIASES = "sticker", "alias"


def impact(connection: sa.Connection, settings: Settings, *, as_of: datetime) -> Impact:
    """Return the sheet for every change that is proposed or approved."""
    ledger = read.ledger(connection)
    every = read.remappings(connection)
    shown = read.shown(connection)
    found = [_way(each, shown) for each in every if each.state in SHOWN or _is_wrong(each, shown)]
    changes = tuple(_changes(connection, settings, found, ledger, as_of=as_of))
    recipients = tuple(_recipients(connection, settings, every, ledger))
    return Impact(
        network=settings.operator,
        as_of=as_of,
        time_zone=settings.time_zone,
        changes=changes,
        visits=tuple(_visits(changes, settings)),
        recipients=recipients,
        costs=tuple(_costs(changes, settings, recipients=len(recipients))),
        alias_days=settings.remap.alias_days,
        qr_patterns=tuple(sorted({_pattern(each.after, settings) for each in changes})),
    )


def recipients(settings: Settings) -> list[str]:
    """Return who is told of new ids: what the settings name, and every partner that has a file."""
    partners = partner_file.there(settings.home / settings.partners)
    return list(dict.fromkeys([*settings.impact.registers, *partners]))


def _is_wrong(each: Remapping, shown: Mapping[str, str]) -> bool:
    """Whether a station shows an id that was taken back."""
    return each.state is State.REVERTED and each.before is not None and shown.get(each.evse_uid) == each.after


def _way(each: Remapping, shown: Mapping[str, str]) -> Remapping:
    """Return the change that is to be seen outside: back again, where a sticker was on when it was taken back."""
    if each.before is None or not _is_wrong(each, shown):
        return each
    return replace(each, before=each.after, after=each.before)


def _changes(
    connection: sa.Connection, settings: Settings, found: Sequence[Remapping], ledger: Ledger, *, as_of: datetime
) -> Iterator[IdChange]:
    places = _places(connection)
    shown = read.shown(connection)
    for each in found:
        station_id, location_id, address = places.get(each.evse_uid, (each.evse_uid, "", _NOWHERE))
        sticker = _sticker(each)
        yield IdChange(
            evse_uid=each.evse_uid,
            before=each.before,
            after=each.after,
            state=each.state,
            rule=each.rule,
            station_id=station_id,
            location_id=location_id or station_id,
            address=address,
            sticker=sticker,
            sticker_done=sticker != "none" and shown.get(each.evse_uid) == each.after,
            qr=_pattern(each.after, settings)
            .replace("{evse_id}", each.after)
            .replace("{compact}", evse_ids.comparable(each.after)),
            alias_until=_alias_until(each, ledger, as_of=as_of, days=settings.remap.alias_days),
            sticker_cost=None if sticker == "none" else settings.impact.sticker_cost,
            currency=settings.currency,
        )


def _places(connection: sa.Connection) -> dict[str, tuple[str, str, str]]:
    locations = {location.location_id: location for location in clean.locations(connection)}
    stations = {station.station_id: station for station in clean.stations(connection)}
    return {
        evse.evse_uid: _place(evse.station_id, stations.get(evse.station_id), locations)
        for evse in clean.evses(connection)
    }


def _place(station_id: str, station: Station | None, locations: Mapping[str, Location]) -> tuple[str, str, str]:
    location = locations.get((station.location_id if station else None) or "")
    if location is None:
        return station_id, "", _NOWHERE
    town = " ".join(filter(None, (location.postal_code, location.city)))
    return station_id, location.location_id, ", ".join(filter(None, (location.street, town)))


def _sticker(each: Remapping) -> str:
    if each.before is None:
        return "first"
    return "none" if evse_ids.comparable(each.before) == evse_ids.comparable(each.after) else "replace"


def _pattern(evse_id: str, settings: Settings) -> str:
    return settings.impact.qr.get(evse_id[:6], PLAIN_QR)


def _alias_until(each: Remapping, ledger: Ledger, *, as_of: datetime, days: int) -> datetime | None:
    if each.before is None or _sticker(each) == "none":
        return None
    if each.state not in _SEEN_OUTSIDE:
        return as_of + timedelta(days=days)
    return max((name.answers_until for name in ledger.names(each.evse_uid) if name.answers_until), default=None)


def _visits(changes: Sequence[IdChange], settings: Settings) -> Iterator[Visit]:
    by_location: defaultdict[str, list[IdChange]] = defaultdict(list)
    for each in changes:
        if each.sticker != "none":
            by_location[each.location_id].append(each)
    costs = settings.impact
    for location_id, here in sorted(by_location.items()):
        known = costs.visit_cost is not None and costs.sticker_cost is not None
        cost = (costs.visit_cost or Decimal(0)) + len(here) * (costs.sticker_cost or Decimal(0))
        yield Visit(
            location_id=location_id,
            address=here[0].address,
            stickers=len(here),
            done=sum(each.sticker_done for each in here),
            cost=cost if known else None,
            currency=settings.currency,
        )


def _costs(changes: Sequence[IdChange], settings: Settings, *, recipients: int) -> Iterator[Cost]:
    first = [each for each in changes if each.sticker == "first"]
    replaced = [each for each in changes if each.sticker == "replace"]
    both = [*first, *replaced]
    costs = settings.impact
    for way, item, count, each in (
        (_STICKERS, "stickers", len(both), costs.sticker_cost),
        (_STICKERS, "visits to locations", len({one.location_id for one in both}), costs.visit_cost),
        (_STICKERS, "parties told", recipients, costs.notice_cost),
        (_ALIASES, "first stickers", len(first), costs.sticker_cost),
        (_ALIASES, "visits for first stickers", len({one.location_id for one in first}), costs.visit_cost),
        (_ALIASES, "stickers replaced when somebody is there anyway", len(replaced), costs.sticker_cost),
        (_ALIASES, "parties told", recipients, costs.notice_cost),
    ):
        total = None if each is None else count * each
        total = Decimal(0) if count == 0 else total
        yield Cost(way=way, item=item, count=count, each=each, total=total, currency=settings.currency)


def _recipients(
    connection: sa.Connection, settings: Settings, found: Sequence[Remapping], ledger: Ledger
) -> Iterator[Recipient]:
    told = read.registrations(connection)
    since = [
        ledger.names(each.evse_uid)[-1].valid_from
        for each in found
        if each.state in _SEEN_OUTSIDE and ledger.names(each.evse_uid)
    ]
    for name in recipients(settings):
        row = told.get(name)
        if row is None:
            yield Recipient(name=name, state="open", changes=len(since), said="", at=None)
            continue
        later = sum(1 for at in since if at is not None and at > row["at"])
        said = f"{row['by']}: {row['reason']}"
        if later:
            said = f"{said} ({row['state']} before {counted(later, 'later change')})"
        yield Recipient(name=name, state="open" if later else row["state"], changes=later, said=said, at=row["at"])
