"""Our own CDRs: what we would bill a partner for the sessions of its drivers. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from operator import attrgetter

from charging.network import Evse, Session, Token
from charging.roaming.cdr import BACK_OFFICES, Cdr, CdrLine, Cohort, Side, usage
from charging.roaming.compact import compact_contract, compact_evse, compact_token
from charging.roaming.frame import micro
from charging.roaming.partner import Partner
from charging.tariffs.agreed import agreed
from charging.tariffs.cost import Price
from charging.tariffs.price import price
from charging.tariffs.tariff import Dimension

ESTIMATED = "its end is estimated: a person decides whether it is billed"
FAILED_START = "it is a failed start"
UNKNOWN_ZONES: Mapping[str, str] = {}
_HOUR = Decimal(3600)
_PUBLISHED = Decimal("0.0001")  # OCPI's numbers have four decimals


class Unbilled(StrEnum):
    """Why a session at a partner's station becomes no CDR of ours; what it bills for it is named by this."""

    SESSION_OPEN = "session_open"
    SESSION_VOID = "session_void"
    FAILED_START = "failed_start"
    TOKEN_UNKNOWN = "token_unknown"  # noqa: S105 - a driver's token, no secret
    TOKEN_EXPIRED = "token_expired"  # noqa: S105


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A session that becomes no CDR, and why."""

    session_id: str
    reason: str
    why: Unbilled | None = None
    """Where the partner has the stations."""
    back_office: str | None = None
    """Which of ours has numbered it; None where the partner has."""

    def told(self) -> dict[str, str | None]:
        """Return it as a night's head and the terminal tell it."""
        return {"session_id": self.session_id, "back_office": self.back_office, "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """Our CDRs for one partner, and the sessions that became none: together, all sessions that are between us."""

    cdrs: tuple[Cdr, ...]
    skipped: tuple[Skipped, ...]


def own_cdrs(
    sessions: Iterable[Session],
    *,
    partner: Partner,
    tokens: Mapping[str, Token],
    evses: Mapping[tuple[str, int], Evse],
    cohort: Callable[[Session], Cohort | None],
    id_at: Callable[[Evse, datetime], str | None] = lambda evse, _: evse.evse_id,
    zones: Mapping[str, str] = UNKNOWN_ZONES,
) -> Own:
    """Return our CDRs of the sessions that a partner's drivers charged, priced as agreed.

    `tokens` is by canonical token uid; `evses` by station and connector; `cohort` says whether the station had been
    moved when a session began; `id_at` which id the EVSE bore then; `zones` the time zone of a station's location.
    """
    cdrs: list[Cdr] = []
    skipped: list[Skipped] = []
    for session in sorted(sessions, key=attrgetter("session_id")):
        token = tokens.get(session.token_uid or "")
        if token is None or token.issuer != partner.party:
            continue
        if reason := _refusal(session):
            numbered_by = cohort(session)
            office = None if numbered_by is None else BACK_OFFICES[numbered_by]
            skipped.append(Skipped(session_id=session.session_id, reason=reason, back_office=office))
            continue
        evse = evses.get((session.station_id, session.connector_id or 0))
        evse = evse and replace(evse, evse_id=id_at(evse, session.started_at))
        made = _cdr(session, token, evse, partner, cohort(session))
        zone = zones.get(session.station_id)
        raw_sha256 = version(made.raw_sha256, made.evse_raw, made.contract_compact, made.cohort, zone)
        cdrs.append(billed(replace(made, time_zone=zone, raw_sha256=raw_sha256), partner))
    return Own(cdrs=tuple(cdrs), skipped=tuple(skipped))


def _refusal(session: Session) -> str | None:
    if session.is_estimated:
        return ESTIMATED
    return None if session.is_billable else FAILED_START


def _cdr(session: Session, token: Token, evse: Evse | None, partner: Partner, cohort: Cohort | None) -> Cdr:
    evse_id = evse.evse_id if evse and evse.evse_id else f"{session.station_id}*{session.connector_id}"
    return Cdr(
        side=Side.OURS,
        partner=partner.name,
        owner=partner.owner,
        cdr_id=partner.ids.written(partner.ids.cdr, session.session_id) or session.session_id,
        session_id=partner.ids.written(partner.ids.session, session.session_id),
        authorization_reference=None,
        evse_raw=evse_id,
        evse_compact=compact_evse(evse_id),
        token_uid=compact_token(token.token_uid),
        contract_compact=compact_contract(token.contract_id) if token.contract_id else None,
        started_at=session.started_at,
        ended_at=session.stopped_at,
        energy_kwh=session.energy_kwh,
        net=None,
        gross=None,
        currency=partner.terms.currency,
        tariff_id=None,
        lines=tuple(whole_lines(session.started_at, session.stopped_at, session.energy_kwh)),
        is_credit=False,
        credits_cdr_id=None,
        last_updated=session.stopped_at,
        raw_sha256=_hash(session),
        quality=() if evse and evse.evse_id else ("id.evse_unknown",),
        station_id=session.station_id,
        cohort=cohort,
    )


def whole_lines(started_at: datetime, ended_at: datetime, energy_kwh: Decimal) -> Iterator[CdrLine]:
    """Yield what was measured where start, end and energy are known: one period, all of it charging."""
    hours = Decimal((ended_at - started_at) // timedelta(seconds=1)) / _HOUR
    volumes = {Dimension.ENERGY: energy_kwh, Dimension.TIME: hours.quantize(_PUBLISHED)}
    for measure, volume in volumes.items():
        yield CdrLine(measure=measure, started_at=started_at, volume=volume)


def priced(cdr: Cdr, partner: Partner, *, has_default: bool = True) -> Cdr:
    """Return a CDR of ours with what it costs as agreed when it began; without an amount, where nobody can say.

    Without a default, every period must name a tariff that is known.
    """
    chosen = agreed(partner.tariffs, at=cdr.started_at, vat_percent=partner.terms.vat_percent)
    default = chosen.default if has_default else None
    named = (chosen.by_id.get(line.tariff_id or "") for line in cdr.lines)
    tariff = next(filter(None, named), default)
    found = price(usage(cdr, time_zone=partner.terms.time_zone), tariffs=chosen.by_id, default=default)
    if not isinstance(found, Price) or tariff is None:
        return replace(cdr, quality=(*cdr.quality, "cost.not_priceable"))
    charge = found.rounded(partner.terms.rounding)
    doubts = ("cost.approximated",) if found.doubts else ()
    return replace(cdr, net=charge.net, gross=charge.gross, tariff_id=tariff.tariff_id, quality=(*cdr.quality, *doubts))


def billed(cdr: Cdr, partner: Partner) -> Cdr:
    """Return a CDR of ours as `priced` does, as a version of its own: the zone or the tariff may be known later."""
    return identified(priced(cdr, partner))


def identified(cdr: Cdr) -> Cdr:
    """Return a CDR of ours whose version is told by the session as it came, and by what it costs."""
    amounts = (_as_in_columns(number) for number in (cdr.net, cdr.gross))
    doubts = (code for code in cdr.quality if code.startswith("cost."))
    return replace(cdr, raw_sha256=version(cdr.raw_sha256, *amounts, cdr.tariff_id, *doubts))


def _as_in_columns(number: Decimal | None) -> int | Decimal | None:
    scaled = None if number is None else micro(number)
    return number if scaled is None else scaled


def version(*facts: object) -> str:
    """Return what tells the versions of a record of ours apart."""
    return sha256("|".join(map(str, facts)).encode()).hexdigest()


def _hash(session: Session) -> str:
    """The session as it came: everything that is billed from it."""
    facts = (
        session.session_id,
        session.station_id,
        session.connector_id,
        session.token_uid,
        session.started_at.isoformat(),
        session.stopped_at.isoformat(),
        session.energy_kwh,
    )
    return version(*facts)
