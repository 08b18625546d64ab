"""Cleansing: every row in is one row loaded, merged or set aside, and every kWh in is accounted for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, overload

from charging.cleansing import (
    charging_profiles,
    connectors,
    contracts,
    customers,
    evses,
    locations,
    meter_values,
    reservations,
    sessions,
    stations,
    tariffs,
    tokens,
)
from charging.cleansing.answers import ANSWERED, NOTHING
from charging.cleansing.case import Case, Rejection, Repair, all_open
from charging.cleansing.values import energy_kwh
from charging.cleansing.verdict import SHIFTED, TOTAL, Adjustment, Cleansed, Context, Energy, Owner, Quarantined, Row
from charging.errors import CountsDisagree
from charging.network import (
    ChargingProfile,
    Connector,
    Contract,
    Customer,
    Evse,
    Location,
    MeterValue,
    Reservation,
    Session,
    Station,
    Tariff,
    Token,
)

_KEYS: Mapping[str, tuple[str, ...]] = {
    "location": ("location_id",),
    "station": ("station_id",),
    "evse": ("station_id", "connector_id"),
    "connector": ("station_id", "connector_id", "connector_number"),
    "tariff": ("tariff_id",),
    "customer": ("customer_id",),
    "contract": ("contract_id",),
    "token": ("token_uid",),
    "session": ("session_id",),
    "meter_value": (),
    "reservation": ("reservation_id",),
    "charging_profile": ("profile_id",),
}
"""A sample has no key of its own: its rules number those of each session."""
_BYTE_FOR_BYTE = frozenset({"station_id", "token_uid", "vendor", "value"})
"""What rules of their own look at. Of everything else, surrounding space means nothing (`txt.space`)."""
_JUDGES: Mapping[str, Callable[[Sequence[Case], Context], list[Any]]] = {
    "location": locations.judge,
    "station": stations.judge,
    "evse": evses.judge,
    "connector": connectors.judge,
    "tariff": tariffs.judge,
    "customer": customers.judge,
    "contract": contracts.judge,
    "token": tokens.judge,
    "session": sessions.judge,
    "meter_value": meter_values.judge,
    "reservation": reservations.judge,
    "charging_profile": charging_profiles.judge,
}


@overload
def cleanse(entity: Literal["location"], rows: Iterable[Row], context: Context) -> Cleansed[Location]: ...
@overload
def cleanse(entity: Literal["station"], rows: Iterable[Row], context: Context) -> Cleansed[Station]: ...
@overload
def cleanse(entity: Literal["evse"], rows: Iterable[Row], context: Context) -> Cleansed[Evse]: ...
@overload
def cleanse(entity: Literal["connector"], rows: Iterable[Row], context: Context) -> Cleansed[Connector]: ...
@overload
def cleanse(entity: Literal["tariff"], rows: Iterable[Row], context: Context) -> Cleansed[Tariff]: ...
@overload
def cleanse(entity: Literal["customer"], rows: Iterable[Row], context: Context) -> Cleansed[Customer]: ...
@overload
def cleanse(entity: Literal["contract"], rows: Iterable[Row], context: Context) -> Cleansed[Contract]: ...
@overload
def cleanse(entity: Literal["token"], rows: Iterable[Row], context: Context) -> Cleansed[Token]: ...
@overload
def cleanse(entity: Literal["session"], rows: Iterable[Row], context: Context) -> Cleansed[Session]: ...
@overload
def cleanse(entity: Literal["meter_value"], rows: Iterable[Row], context: Context) -> Cleansed[MeterValue]: ...
@overload
def cleanse(entity: Literal["reservation"], rows: Iterable[Row], context: Context) -> Cleansed[Reservation]: ...
@overload
def cleanse(
    entity: Literal["charging_profile"], rows: Iterable[Row], context: Context
) -> Cleansed[ChargingProfile]: ...
@overload
def cleanse(entity: str, rows: Iterable[Row], context: Context, *, beside: Iterable[Row] = ()) -> Cleansed[Any]: ...


def cleanse(entity: str, rows: Iterable[Row], context: Context, *, beside: Iterable[Row] = ()) -> Cleansed[Any]:
    """Judge all rows of one entity; of sessions, at least all of a station, since rules look at their neighbours.

    `beside` are rows that are clean already: neighbours of the others, and no part of the result.

    Raises:
        CountsDisagree: if rows or kWh went astray; nothing of the result may be kept.
    """
    settled = [_case(entity, row, context) for row in beside]
    cases = [_case(entity, row, context) for row in rows]
    judged = _JUDGES[entity]([*settled, *cases], context)
    for case in (*settled, *cases):
        case.follow()
    everyone = all_open([*settled, *cases])
    if len(judged) != len(everyone):
        raise CountsDisagree(
            f"cleansing {entity}", rows_in=len(settled) + len(cases), loaded=len(judged), quarantined=len(everyone)
        )
    by_case = {id(case): value for case, value in zip(everyone, judged, strict=True)}
    _stand_by(settled)
    loaded = all_open(cases)
    clean = [by_case[id(case)] for case in loaded]
    numbered = list(enumerate(cases))
    quarantined = tuple(case.quarantined() for case in cases if case.rejection is not None)
    kept = [(place, case) for place, case in numbered if case.rejection is None]
    return Cleansed(
        entity=entity,
        rows_in=len(cases),
        clean=tuple(clean),
        fixes=tuple(fix for _, case in kept for fix in case.fixes),
        quarantined=quarantined,
        questions=tuple(question for case in loaded for question in case.questions),
        merged=len(cases) - len(loaded) - len(quarantined),
        energy=_account(cases, clean, quarantined) if entity == "session" else None,
        places=tuple((case.row.file, case.row.line) for case in loaded),
        clean_at=tuple(place for place, case in numbered if case.is_open),
        fixes_at=tuple(place for place, case in kept for _ in case.fixes),
        questions_at=tuple(place for place, case in numbered if case.is_open for _ in case.questions),
    )


def _stand_by(settled: Sequence[Case]) -> None:
    """Set a row aside for which a clean one should make way: what is clean is not taken back by a rule."""
    for case in settled:
        if (other := case.merged_into) is not None:
            reason = f"{case.key} is clean already and began as the same, but says less: which of them is it?"
            other.reject(Rejection(rule=case.merged_by or "tx.dup", reason=reason))


def _case(entity: str, row: Row, context: Context) -> Case:
    """Open the case of a row; one without cells or without a key is closed at once."""
    answer = context.answers.get((row.file, row.line), NOTHING)
    values = dict(row.values) | dict(answer.values) if answer.values else row.values
    parts = [_part(values.get(column), column) for column in _KEYS[entity]]
    case = Case(row=row, key="*".join(parts), values=dict(row.values), answer=answer)
    for column, given in answer.values.items():
        case.repair(Repair(field=column, rule=ANSWERED, after=given))
    if answer.discarded is not None:
        said = answer.discarded
        case.reject(Rejection(rule=said.rule, reason=said.reason, owner=Owner(said.owner)))
    for column, text in () if _is_trim(values) else values.items():
        if text is not None and column not in _BYTE_FOR_BYTE and (trimmed := text.strip() or None) != text:
            case.repair(Repair(field=column, rule="txt.space", after=trimmed))
    if (problem := row.values.get(SHIFTED)) is not None:
        case.reject(Rejection(rule="csv.shift", reason=f"line {row.line} cannot be told apart into cells: {problem}"))
    elif row.values.get(TOTAL):
        reason = (
            f"line {row.line} sums other rows up, and is no {entity.replace('_', ' ')} itself: "
            "beside a word for a sum, or with no key at all, it holds only numbers"
        )
        case.reject(Rejection(rule="row.total", reason=reason))
    elif not all(part.strip() for part in parts):
        case.reject(Rejection(rule="row.no_key", reason=f"{' and '.join(_KEYS[entity])} must not be empty"))
    return case


def _is_trim(values: Mapping[str, str | None]) -> bool:
    """Whether no text has space around it, or is empty: nearly always, and far quicker to see for all at once."""
    texts = [text for text in values.values() if text is not None]
    return "" not in texts and list(map(str.strip, texts)) == texts


def _part(text: str | None, column: str) -> str:
    return (text or "") if column in _BYTE_FOR_BYTE else (text or "").strip()


def _account(cases: Sequence[Case], clean: Sequence[Session], quarantined: Sequence[Quarantined]) -> Energy:
    """Return the energy account in kWh: before = loaded + quarantined + adjustments."""
    nothing = Decimal(0)
    delivered = {id(case): session.energy_kwh for case, session in zip(all_open(cases), clean, strict=True)}
    claimed = [case.claimed_kwh or energy_kwh(case.row.values) or nothing for case in cases]
    adjustments = []
    for case, claim in zip(cases, claimed, strict=True):
        lost = claim - delivered.get(id(case), nothing)
        if case.rejection is None and lost:
            adjustments.append(Adjustment(key=case.key, rule=_reason(case), energy_kwh=lost))
    return Energy(
        before=sum(claimed, nothing),
        loaded=sum((session.energy_kwh for session in clean), nothing),
        quarantined=sum((energy_kwh(row.values) or nothing for row in quarantined), nothing),
        adjustments=tuple(adjustments),
    )


def _reason(case: Case) -> str:
    """Return the rule that changed the energy of a row."""
    return case.merged_by or next(
        (fix.rule for fix in case.fixes if fix.field in {"energy_kwh", "meter_stop_wh"}), "tx.energy"
    )
