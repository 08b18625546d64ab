"""Rules for connectors: `conn.*` and `cp.ghost`. A socket decides who can charge: missing words are asked for."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from charging.cleansing.case import Case, Rejection, Repair, all_open
from charging.cleansing.connector_words import FIELDS, ocpi_word
from charging.cleansing.population import CONSISTENT, FEWEST_VOTERS
from charging.cleansing.references import judge_duplicates, judge_number, judge_station
from charging.cleansing.values import whole
from charging.cleansing.verdict import Context, Owner
from charging.network import Connector

_RATINGS = ("max_voltage", "max_amperage", "max_power_w")
_NEEDED = ("standard", "max_power_w")


def judge(cases: Sequence[Case], context: Context) -> list[Connector]:
    """Mend, merge and set aside the connectors among the cases; return those that are clean."""
    for case in cases:
        for rule in (judge_station, _numbers, _zero, _words, _ratings):
            if case.is_open:
                rule(case, context)
    judge_duplicates(all_open(cases), "conn.dup", key=_uid, owner=Owner.NETWORK_OWNER)
    _gap(all_open(cases))
    _missing(all_open(cases), context)
    return [_connector(case) for case in all_open(cases)]


def _numbers(case: Case, _: Context) -> None:
    for column in ("connector_id", "connector_number"):
        judge_number(case, column)


def _zero(case: Case, _: Context) -> None:
    """conn.zero: number 0 is the station itself, or the whole EVSE, and no socket."""
    if 0 in (whole(case.values.get("connector_id")), whole(case.values.get("connector_number"))):
        reason = "number 0 is the whole station: which socket or cable is it?"
        case.reject(Rejection(rule="conn.zero", reason=reason, owner=Owner.STATION_MAKER))


def _words(case: Case, _: Context) -> None:
    """conn.words: say it in OCPI's words; a word that may mean two things is withheld and asked about."""
    for column in FIELDS:
        if (written := case.values.get(column)) is not None:
            word = ocpi_word(column, written)
            case.repair(Repair(field=column, rule="conn.words", after=word))
            if word is None:
                case.ask("conn.words", f"which {column} of OCPI is {written!r}?", Owner.NETWORK_OWNER)


def _ratings(case: Case, _: Context) -> None:
    """conn.rating: a rating is a whole number of volts, amperes or watts; what is none is withheld."""
    for column in _RATINGS:
        written = case.values.get(column)
        if written is not None and not whole(written):
            case.repair(Repair(field=column, rule="conn.rating", after=None))
            case.ask("conn.rating", f"what is its {column}? {written!r} is none", Owner.NETWORK_OWNER)
    power = whole(case.values.get("max_power_w"))
    if power is not None and power < 1000:
        case.ask("conn.rating", f"are {power} W meant, or {power} kW?", Owner.NETWORK_OWNER)


def _gap(cases: Sequence[Case]) -> None:
    """conn.gap: the connectors of an EVSE are numbered 1, 2, 3 without a gap; what comes after one is doubtful."""
    by_evse: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_evse[_evse_uid(case)].append(case)
    for group in by_evse.values():
        for expected, case in enumerate(sorted(group, key=_number), start=1):
            if _number(case) != expected:
                reason = f"connector {expected} is missing before connector {_number(case)}"
                case.reject(Rejection(rule="conn.gap", reason=reason, owner=Owner.MAINTENANCE))


def _missing(cases: Sequence[Case], context: Context) -> None:
    """conn.type: plug or power is missing. What all others of the model have is proposed, and never filled in."""
    votes: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for case in cases:
        model = context.facts.model_of.get(case.values.get("station_id") or "")
        for column in _NEEDED if model else ():
            if said := case.values.get(column):
                votes[model or "", column][said] += 1
    for case in cases:
        model = context.facts.model_of.get(case.values.get("station_id") or "") or ""
        for column in _NEEDED:
            if case.values.get(column) is None:
                question = f"what is its {column}?{_proposal(votes.get((model, column)), model)}"
                case.ask("conn.type", question, Owner.NETWORK_OWNER)


def _proposal(votes: Counter[str] | None, model: str) -> str:
    if not votes:
        return ""
    (winner, count), *_ = votes.most_common(1)
    is_settled = votes.total() >= FEWEST_VOTERS and count >= votes.total() * CONSISTENT
    return f" {count} of {votes.total()} connectors of {model} have {winner}" if is_settled else ""


def _uid(case: Case) -> str:
    return f"{_evse_uid(case)}*{_number(case)}"


def _evse_uid(case: Case) -> str:
    return f"{case.values.get('station_id')}*{whole(case.values.get('connector_id'))}"


def _number(case: Case) -> int:
    return whole(case.values.get("connector_number")) or 0


def _connector(case: Case) -> Connector:
    values = case.values
    return Connector(
        evse_uid=_evse_uid(case),
        connector_number=_number(case),
        standard=values.get("standard"),
        format=values.get("format"),
        power_type=values.get("power_type"),
        max_voltage=whole(values.get("max_voltage")),
        max_amperage=whole(values.get("max_amperage")),
        max_power_w=whole(values.get("max_power_w")),
    )
