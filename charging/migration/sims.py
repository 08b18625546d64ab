"""The carrier's list of SIM cards against what stations say of theirs: who would not come back over the air. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from charging.cleansing.stations import has_luhn
from charging.network.model import Lane, Station

_ACTIVE = frozenset({"active", "activated", "live", "in service", "aktiv", "actief", "enabled"})
_UP = frozenset({"up", "connected", "established", "true", "1", "on", "yes", "enabled", "active", "actief", "aktiv"})
_DOWN = frozenset({"down", "disconnected", "false", "0", "off", "no", "disabled", "inactive", "inactief", "inaktiv"})


class Kind(StrEnum):
    """What the two sides differ in."""

    NOT_AT_CARRIER = "not_at_carrier"
    """The station's card is not on the carrier's list."""
    NO_STATION = "no_station"
    """The carrier has a card that no station has: paid for, or in a drawer, or in a station that does not tell."""
    NOT_ACTIVE = "not_active"
    """The card of a station is not active at the carrier."""
    OTHER_IMSI = "other_imsi"
    OTHER_APN = "other_apn"
    WRONG_APN = "wrong_apn"
    """Both say the same APN, and it is not the one from which the target is reached."""
    NO_VPN = "no_vpn"
    """The card is in no VPN, or another one than the target needs, and the station builds none that would do."""
    OTHER_VPN = "other_vpn"
    """The carrier has the card in one VPN, and the station names another."""
    VPN_DOWN = "vpn_down"
    """One of the two says that the VPN is not up."""
    TWICE = "twice"
    """Two stations say that they have the same card."""
    NOT_TOLD = "not_told"
    """A live station that tells no card: on a wire, or it does not say. Nothing can be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One SIM card as the carrier has it."""

    iccid: str
    imsi: str = ""
    apn: str = ""
    vpn: str = ""
    vpn_state: str = ""
    state: str = ""

    @property
    def is_vpn_up(self) -> bool | None:
        """Whether the carrier calls its VPN up; None where it says nothing."""
        return is_up(self.vpn_state)

    @property
    def is_active(self) -> bool | None:
        """Whether the carrier calls it active; None where it says nothing."""
        return None if not self.state.strip() else self.state.strip().casefold() in _ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class StationVpn:
    """What a station says of a VPN, in its configuration or in the connection profile that it was last given."""

    name: str
    """Its group, else its server; empty where it names neither."""
    is_on: bool | None
    """None where it does not say."""
    source: str
    """Where it says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """From where the target is reached; empty for what does not matter."""

    apn: str = ""
    vpn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not as it should be."""

    kind: Kind
    station_id: str
    """Empty for a card that no station has."""
    iccid: str
    carrier_says: str
    station_says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Every card and every station, once: agreed, or in at least one difference, or without a card to compare."""

    stations: int
    cards: int
    agreed: int
    """Stations whose card is as it should be, on both sides."""
    differences: tuple[Difference, ...]

    @property
    def counts(self) -> Mapping[Kind, int]:
        """How many differences there are of each kind."""
        return Counter(one.kind for one in self.differences)


def compare(
    stations: Iterable[Station],
    cards: Iterable[Card],
    *,
    needed: Needed,
    vpns: Mapping[str, StationVpn] | None = None,
) -> Compared:
    """Compare what each station says of its card and its VPN with what the carrier says of them.

    `vpns` are what stations say of a VPN, by station; one that says nothing is absent.
    """
    told = vpns or {}
    known = {canonical(card.iccid): card for card in cards}
    owners: dict[str, list[Station]] = defaultdict(list)
    found: list[Difference] = []
    everyone = sorted(stations, key=lambda station: station.station_id)
    for station in everyone:
        if station.iccid:
            owners[canonical(station.iccid)].append(station)
        elif station.lane is Lane.LIVE:
            found.append(_difference(Kind.NOT_TOLD, station, "", ""))
    wrong: set[str] = {one.station_id for one in found}
    for iccid, those in sorted(owners.items()):
        for station in those:
            differences = list(_of(station, those, known.get(iccid), needed=needed))
            differences += _of_vpn(station, known.get(iccid), told.get(station.station_id), needed=needed)
            found += differences
            wrong |= {station.station_id} if differences else set()
    unowned = sorted(known.keys() - owners.keys())
    found += [
        Difference(kind=Kind.NO_STATION, station_id="", iccid=iccid, carrier_says=known[iccid].state, station_says="")
        for iccid in unowned
    ]
    agreed = sum(1 for station in everyone if station.iccid and station.station_id not in wrong)
    return Compared(stations=len(everyone), cards=len(known), agreed=agreed, differences=tuple(found))


def canonical(iccid: str) -> str:
    """Return an ICCID as both sides can be held against each other: its digits, without a check digit that is right.

    ITU-T E.118: the last digit is a Luhn digit, which some leave out; some SIMs store a filler F after it.
    """
    digits = "".join(character for character in iccid if character in "0123456789")
    return digits[:-1] if len(digits) >= 19 and has_luhn(digits) else digits


def _of(station: Station, those: Sequence[Station], card: Card | None, *, needed: Needed) -> Iterable[Difference]:
    if len(those) > 1:
        others = ", ".join(one.station_id for one in those if one is not station)
        yield _difference(Kind.TWICE, station, "", f"also at {others}")
    if card is None:
        yield _difference(Kind.NOT_AT_CARRIER, station, "", station.imsi or "")
        return
    if card.is_active is False:
        yield _difference(Kind.NOT_ACTIVE, station, card.state, str(station.lane))
    if card.imsi and station.imsi and card.imsi.strip() != station.imsi.strip():
        yield _difference(Kind.OTHER_IMSI, station, card.imsi, station.imsi)
    if card.apn and station.apn and not _same(card.apn, station.apn):
        yield _difference(Kind.OTHER_APN, station, card.apn, station.apn)
    elif needed.apn and (told := card.apn or station.apn) and not _same(told, needed.apn):
        yield _difference(Kind.WRONG_APN, station, card.apn, station.apn or "")


def _of_vpn(station: Station, card: Card | None, told: StationVpn | None, *, needed: Needed) -> Iterable[Difference]:
    """Yield what is wrong with a VPN: the carrier's for the card, or one that the station builds itself."""
    if card is None:
        return
    said = _said(told)
    mine = told.name if told is not None and told.is_on is not False else ""
    if card.vpn and mine and not _same(card.vpn, mine):
        yield _difference(Kind.OTHER_VPN, station, card.vpn, said)
    if needed.vpn and not _same(card.vpn, needed.vpn) and not _same(mine, needed.vpn):
        yield _difference(Kind.NO_VPN, station, card.vpn, said)
    is_off = told is not None and told.is_on is False and bool(told.name or card.vpn)
    if card.is_vpn_up is False or is_off:
        yield _difference(Kind.VPN_DOWN, station, card.vpn_state, said)


def _said(told: StationVpn | None) -> str:
    if told is None:
        return ""
    words = {True: "on", False: "off", None: ""}[told.is_on]
    return " ".join(filter(None, (told.name, words, f"({told.source})")))


def is_up(word: str) -> bool | None:
    """Whether a word says that something is up; None where it says nothing that we know."""
    folded = word.strip().casefold()
    return True if folded in _UP else False if folded in _DOWN else None


def _difference(kind: Kind, station: Station, carrier_says: str, station_says: str) -> Difference:
    return Difference(
        kind=kind,
        station_id=station.station_id,
        iccid=station.iccid or "",
        carrier_says=carrier_says,
        station_says=station_says,
    )


def _same(one: str, other: str) -> bool:
    """APN names are DNS names (3GPP TS 23.003 §9.1): letter case does not count."""
    return one.strip().casefold() == other.strip().casefold()
