"""Our CDRs where a partner has the stations: what it may bill us for our drivers' sessions there. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from charging.roaming.cdr import Cdr, Side
from charging.roaming.compact import compact_evse
from charging.roaming.feed import FeedConnector, FeedEvse, FeedLocation, FeedSession
from charging.roaming.holders import Holders, Standing
from charging.roaming.own import Own, Skipped, Unbilled, priced, version, whole_lines
from charging.roaming.partner import Partner
from charging.roaming.zones import is_zone
from charging.tariffs.tariff import Dimension

COMPLETED, INVALID = "COMPLETED", "INVALID"
FAILED_START = timedelta(minutes=2)
_NO_CLAIM: Mapping[Standing, tuple[Unbilled, str]] = {
    Standing.UNKNOWN: (Unbilled.TOKEN_UNKNOWN, "its token is none of ours"),
    Standing.EXPIRED: (Unbilled.TOKEN_EXPIRED, "its token or contract was not valid when it began"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """A partner's EVSEs, by location and uid: a session names no more of where it was."""

    evses: Mapping[tuple[str, str], FeedEvse]
    by_id: Mapping[str, FeedEvse]
    """By compact EVSE id: a CDR names that."""
    zones: Mapping[str, str]
    """The time zone of its location, by compact EVSE id."""

    def evse(self, session: FeedSession) -> FeedEvse | None:
        """Return where a session was, if that is known."""
        found = self.evses.get(((session.location_id or "").upper(), (session.evse_uid or "").upper()))
        return found or self.by_id.get(session.evse_compact or "")

    def tariff_id(self, charged: FeedSession | Cdr) -> str | None:
        """Return the tariff of the connector that was used, where it has one only."""
        evse = self.by_id.get(charged.evse_compact) if isinstance(charged, Cdr) else self.evse(charged)
        names = {name for one in _used(evse, charged) for name in one.tariff_ids} if evse else set()
        return names.pop() if len(names) == 1 else None


def places(locations: Iterable[FeedLocation]) -> Places:
    """Return the EVSEs of a partner's locations."""
    listed = [(location, evse) for location in locations for evse in location.evses]
    return Places(
        evses={(location.location_id.upper(), evse.evse_uid.upper()): evse for location, evse in listed},
        by_id={evse.evse_compact: evse for _, evse in listed if evse.evse_compact},
        zones={
            evse.evse_compact: location.time_zone
            for location, evse in listed
            if evse.evse_compact and location.time_zone and is_zone(location.time_zone)
        },
    )


def own_cdrs_as_provider(
    sessions: Iterable[FeedSession], *, partner: Partner, holders: Holders, places: Places, as_of: datetime
) -> Own:
    """Return our CDRs of the sessions that our drivers had at a partner's stations, priced as agreed.

    Every session is either a CDR or among the skipped: what has not ended, what is declared void, a failed start, and
    what none of our drivers began, or nobody who was one at the time.
    """
    cdrs: list[Cdr] = []
    skipped: list[Skipped] = []
    for session in sorted(sessions, key=lambda one: (one.owner, one.session_id)):
        standing = holders.standing(session.token_uid, session.contract_compact, at=session.started_at)
        if refusal := _refusal(session, standing, partner, as_of):
            why, reason = refusal
            skipped.append(Skipped(session_id=session.session_id, reason=reason, why=why))
            continue
        cdrs.append(_identified(_priced(_cdr(session, partner, places), partner, places.tariff_id(session))))
    return Own(cdrs=tuple(cdrs), skipped=tuple(skipped))


def with_connectors_tariffs(cdrs: Iterable[Cdr], places: Places) -> list[Cdr]:
    """Return a partner's CDRs; periods that name no tariff name the connector's, where it has one only."""
    return [_named(cdr, places.tariff_id(cdr)) for cdr in cdrs]


def _refusal(
    session: FeedSession, standing: Standing, partner: Partner, as_of: datetime
) -> tuple[Unbilled, str] | None:
    if session.status == INVALID:
        return Unbilled.SESSION_VOID, "the partner has declared it void"
    if session.status != COMPLETED or session.ended_at is None:
        return Unbilled.SESSION_OPEN, _open(session, partner, as_of)
    if standing in _NO_CLAIM:
        return _NO_CLAIM[standing]
    if not session.energy_kwh and session.ended_at - session.started_at < FAILED_START:
        return Unbilled.FAILED_START, "it is a failed start"
    return None


def _open(session: FeedSession, partner: Partner, as_of: datetime) -> str:
    said = f"it is {session.status}" if session.status != COMPLETED else "it is COMPLETED and has no end"
    age = as_of - session.started_at
    if age > partner.terms.lateness:
        return f"{said} {age.days} days after it began: it was never closed"
    return f"{said}: it has not ended yet" if session.status != COMPLETED else said


def _cdr(session: FeedSession, partner: Partner, places: Places) -> Cdr:
    evse = places.evse(session)
    raw = (evse and evse.evse_raw) or session.evse_compact
    ended_at = session.ended_at or session.started_at
    lines = session.lines or tuple(whole_lines(session.started_at, ended_at, session.energy_kwh))
    measured = sum((line.volume for line in lines if line.measure is Dimension.ENERGY), Decimal(0))
    codes = {*session.quality, *(() if raw else ("id.evse_unknown",))}
    if measured != session.energy_kwh:
        codes.add("energy.sum")
    unknown = f"{session.location_id}*{session.evse_uid}"
    return Cdr(
        side=Side.OURS,
        partner=partner.name,
        owner=session.owner,
        # The partner numbers CDRs and sessions apart: ours must not meet the CDR of another session by its number.
        cdr_id=partner.ids.written(partner.ids.cdr, session.session_id) or f"session:{session.session_id}",
        session_id=session.session_id,
        authorization_reference=session.authorization_reference,
        evse_raw=raw or unknown,
        evse_compact=compact_evse(raw) if raw else unknown,
        token_uid=session.token_uid,
        contract_compact=session.contract_compact,
        started_at=session.started_at,
        ended_at=ended_at,
        energy_kwh=session.energy_kwh,
        net=None,
        gross=None,
        currency=partner.terms.currency,
        tariff_id=None,
        lines=lines,
        is_credit=False,
        credits_cdr_id=None,
        last_updated=session.last_updated,
        raw_sha256=session.raw_sha256,
        quality=tuple(sorted(codes)),
        evse_uid=session.evse_uid,
        connector_id=session.connector_id,
        time_zone=places.zones.get((evse and evse.evse_compact) or session.evse_compact or ""),
    )


def _priced(cdr: Cdr, partner: Partner, tariff_id: str | None) -> Cdr:
    if not partner.uses_published_tariffs:
        return priced(cdr, partner)
    is_only = len({tariff.tariff_id for tariff in partner.tariffs}) == 1
    return priced(_named(cdr, tariff_id), partner, has_default=is_only)


def _named(cdr: Cdr, tariff_id: str | None) -> Cdr:
    if tariff_id is None or all(line.tariff_id for line in cdr.lines):
        return cdr
    return replace(cdr, lines=tuple(replace(line, tariff_id=line.tariff_id or tariff_id) for line in cdr.lines))


def _identified(cdr: Cdr) -> Cdr:
    """The identity of this version of our record: the session as it came, and all that was made of it."""
    facts = (cdr.raw_sha256, cdr.evse_raw, cdr.net, cdr.gross, cdr.tariff_id, cdr.token_uid, cdr.time_zone)
    return replace(cdr, raw_sha256=version(*facts))


def _used(evse: FeedEvse, charged: FeedSession | Cdr) -> Iterable[FeedConnector]:
    """Return the connector of a session; all of its EVSE's, where it names none that is there."""
    return [one for one in evse.connectors if one.connector_id == charged.connector_id] or evse.connectors
