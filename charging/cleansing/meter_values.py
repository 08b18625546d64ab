"""Rules for samples: `mv.*`. What a meter signed is kept byte for byte; a value keeps its unit."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from charging.cleansing.case import Case, Rejection, Repair
from charging.cleansing.commas import mend_comma
from charging.cleansing.gather import REGISTER
from charging.cleansing.order import in_order
from charging.cleansing.values import instants, iso, number, stamp
from charging.cleansing.verdict import Context, Owner
from charging.network import MeterValue

SIGNED = "SignedData"
# OCPP 1.6, UnitOfMeasure and Measurand: Wh unless said otherwise for energy; some quantities have one unit only.
_UNITS: Mapping[str, str] = {
    "SoC": "Percent",
    "Voltage": "V",
    "Frequency": "Hertz",
    "RPM": "RPM",
    "Current.Import": "A",
    "Current.Export": "A",
    "Current.Offered": "A",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Which sample of which session a row is."""

    case: Case
    session_id: str
    sample_number: int


def judge(cases: Sequence[Case], context: Context) -> list[MeterValue]:
    """Mend and set aside the samples among the cases; return those that are clean."""
    places = _places(cases)
    for case in cases:
        for rule in (_orphan, _garbage, _unit):
            if case.is_open:
                rule(case, context)
    moments = _moments(places, context)
    return [
        _meter_value(place, moment)
        for place in places
        if place.case.is_open and (moment := moments.get(id(place.case))) is not None
    ]


def _places(cases: Sequence[Case]) -> list[_Place]:
    """Number the samples of each session as the source has them, and name their cases by it."""
    counts: defaultdict[str, int] = defaultdict(int)
    places = []
    for case in cases:
        session_id = (case.values.get("session_id") or "").strip()
        counts[session_id] += 1
        case.key = f"{session_id}*{counts[session_id]}"
        places.append(_Place(case=case, session_id=session_id, sample_number=counts[session_id]))
    return places


def _orphan(case: Case, context: Context) -> None:
    """mv.orphan: a sample that belongs to no session says what nobody can pay for."""
    session_id = case.values.get("session_id")
    if session_id is None:
        case.reject(Rejection(rule="mv.orphan", reason="it was sampled outside of any session"))
    elif context.session_ids is not None and session_id not in context.session_ids:
        case.reject(Rejection(rule="mv.orphan", reason=f"the source has no session {session_id!r}"))


def _garbage(case: Case, context: Context) -> None:
    """mv.garbage: a value that is no number. A decimal comma is one where the whole file proves it."""
    written = case.values.get("value")
    if case.values.get("format") == SIGNED and written is not None:
        return
    text = (written or "").strip()
    case.repair(Repair(field="value", rule="txt.space", after=text or None))
    if number(text) is None and not mend_comma(case, "value", context):
        reason = f"its value is {text[:40]!r}, and no number"
        case.reject(Rejection(rule="mv.garbage", reason=reason, owner=Owner.STATION_MAKER))


def _unit(case: Case, _: Context) -> None:
    """mv.unit: without a unit, energy is in Wh; of a power or a temperature nobody can say."""
    if case.values.get("format") != SIGNED and _unit_of(case) is None:
        reason = f"its {case.values.get('measurand')} has no unit, and may be in two"
        case.reject(Rejection(rule="mv.unit", reason=reason, owner=Owner.STATION_MAKER))


def _unit_of(case: Case) -> str | None:
    measurand = case.values.get("measurand") or REGISTER
    default = "Wh" if measurand.startswith("Energy.Active") else _UNITS.get(measurand)
    return case.values.get("unit") or ("varh" if measurand.startswith("Energy.Reactive") else default)


def _moments(places: Sequence[_Place], context: Context) -> dict[int, datetime]:
    """mv.time, tx.dst: when each was sampled; in the hour that clocks repeat, the order of the samples tells."""
    by_session: defaultdict[str, list[tuple[Case, Sequence[datetime]]]] = defaultdict(list)
    for place in places:
        if place.case.is_open:
            written = stamp(place.case.values.get("sampled_at"))
            found = () if written is None else instants(written, context.time_zone)
            if not found:
                reason = f"sampled_at is {place.case.values.get('sampled_at')!r}: when was that?"
                place.case.reject(Rejection(rule="mv.time", reason=reason))
            else:
                by_session[place.session_id].append((place.case, found))
    moments: dict[int, datetime] = {}
    for samples in by_session.values():
        if all(len(meanings) == 1 for _, meanings in samples):
            moments |= {id(case): meanings[0] for case, meanings in samples}
        else:
            _resolve(samples, moments)
    return moments


def _resolve(samples: Sequence[tuple[Case, Sequence[datetime]]], moments: dict[int, datetime]) -> None:
    told = in_order([meanings for _, meanings in samples])
    for (case, meanings), moment in zip(samples, told, strict=True):
        if len(meanings) == 1:
            moments[id(case)] = meanings[0]
        elif moment is not None:
            case.repair(Repair(field="sampled_at", rule="tx.dst", after=iso(moment)))
            moments[id(case)] = moment
        else:
            reason = "its local time falls into the hour that clocks repeat, and its neighbours do not say which it is"
            case.reject(Rejection(rule="tx.dst", reason=reason))


def _meter_value(place: _Place, sampled_at: datetime) -> MeterValue:
    case, values = place.case, place.case.values
    is_signed = values.get("format") == SIGNED
    return MeterValue(
        session_id=place.session_id,
        sample_number=place.sample_number,
        sampled_at=sampled_at,
        measurand=values.get("measurand") or REGISTER,
        unit=_unit_of(case) or "",
        phase=values.get("phase"),
        location=values.get("location"),
        context=values.get("context"),
        value=None if is_signed else number(values.get("value")),
        signed=values.get("value") if is_signed else None,
    )
