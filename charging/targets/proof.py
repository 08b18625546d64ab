"""The sums that prove a migration: what went in is what came out and what is listed, number by number. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from charging.targets.change import Action, Change, Plain
from charging.targets.outcome import Verdict
from charging.targets.wanted import Wanted

SAMPLES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One sum. `exceptions` are what left on the way, each with its reason; it adds up if nothing else did."""

    subject: str
    step: str
    unit: str
    before: Decimal
    after: Decimal
    exceptions: Mapping[str, Decimal]

    @property
    def adds_up(self) -> bool:
        """Whether the exceptions account for the whole difference."""
        return self.before - sum(self.exceptions.values(), Decimal(0)) == self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row that is not at the target as it is with us, and why."""

    entity: str
    key: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What the target did to one field of one entity: how often, and some of it."""

    entity: str
    field: str
    what: str
    """`altered`, `kept` or `no place`."""
    rows: int
    samples: tuple[tuple[str, Plain, Plain], ...]
    """Key, ours, theirs."""


def line(
    subject: str, step: str, unit: str, before: Decimal | int, after: Decimal | int, **exceptions: Decimal | int
) -> Line:
    """Return a sum; what nothing left by is not listed."""
    listed = {  # a rule keeps its id, and what is said in words has blanks
        name if "." in name else name.replace("_", " "): Decimal(number)
        for name, number in exceptions.items()
        if number
    }
    return Line(subject=subject, step=step, unit=unit, before=Decimal(before), after=Decimal(after), exceptions=listed)


def verdict_of(change: Change, known_errors: Mapping[tuple[str, str], str]) -> Verdict:
    """Return where a row stands, from what the target says now."""
    match change.action:
        case Action.SAME:
            return Verdict.LOADED
        case Action.UPDATE if change.after or not change.fields:
            return Verdict.ALTERED
        case Action.UPDATE:
            return Verdict.LOADED  # the row itself is as it should be, and only what travels inside it is not
        case Action.CREATE:
            return Verdict.FAILED if (change.entity, change.key) in known_errors else Verdict.MISSING
        case Action.REFUSE:
            return Verdict.REFUSED
        case Action.UNKNOWN:
            return Verdict.UNKNOWN


def standing(
    changes: Sequence[Change], known_errors: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], tuple[Verdict, str]]:
    """Return, by entity and key, where every row stands and why."""
    found = {}
    for change in changes:
        verdict = verdict_of(change, known_errors)
        why = {
            Verdict.LOADED: "",
            Verdict.FAILED: known_errors.get((change.entity, change.key), ""),
            Verdict.MISSING: "the target does not have it",
            Verdict.ALTERED: ", ".join(
                f"{name}: {value!r} reads {change.before.get(name)!r}" for name, value in change.after.items()
            ),
        }
        found[change.entity, change.key] = verdict, why.get(verdict, change.reason)
    return found


def to_the_target(
    wanted: Wanted, taken: Iterable[str], stands: Mapping[tuple[str, str], tuple[Verdict, str]], entities: Iterable[str]
) -> list[Line]:
    """Return a sum for each entity from what is clean to what the target was seen to hold."""
    lines = []
    for entity in entities:
        every = wanted.evses if entity == "evse" else wanted.of(entity)
        keys = wanted.keys(entity)
        if entity not in set(taken):
            lines.append(line(entity, "clean to target", "rows", len(every), 0, no_place_at_the_target=len(every)))
            continue
        counts = Counter(stands[entity, key][0] for key in keys)
        away = {str(verdict): number for verdict, number in counts.items() if verdict is not Verdict.LOADED}
        whole = {"number_0: the station itself": len(every) - len(keys)}
        lines.append(line(entity, "clean to target", "rows", len(every), counts[Verdict.LOADED], **away, **whole))
    return lines


def evses_per_location(
    wanted: Wanted, stands: Mapping[tuple[str, str], tuple[Verdict, str]]
) -> tuple[list[Line], Line]:
    """Return a sum for each location whose EVSEs are not all at the target, and one for all locations together."""
    place = {station.station_id: station.location_id for station in wanted.stations}
    keys: dict[str, list[str]] = defaultdict(list)
    for evse in wanted.evses:
        if evse.connector_id:
            keys[place.get(evse.station_id) or "no location"].append(evse.evse_uid)
    lines = []
    for location_id, uids in sorted(keys.items()):
        counts = Counter(stands["evse", uid][0] for uid in uids)
        away = {str(verdict): number for verdict, number in counts.items() if verdict is not Verdict.LOADED}
        lines.append(
            line(f"location {location_id}", "EVSEs per location", "EVSEs", len(uids), counts[Verdict.LOADED], **away)
        )
    short = [one for one in lines if one.exceptions]
    whole = line(
        "locations whose EVSEs are all there",
        "EVSEs per location",
        "locations",
        len(lines),
        len(lines) - len(short),
        listed_below=len(short),
    )
    return short, whole


def fields_of(changes: Sequence[Change]) -> list[Field]:
    """Return what the target did to each field, and what it has no place for, with samples."""
    found: dict[tuple[str, str, str], list[tuple[str, Plain, Plain]]] = defaultdict(list)
    for change in changes:
        if change.action is Action.UPDATE:
            for name, value in change.after.items():
                found[change.entity, name, "altered"].append((change.key, value, change.before.get(name)))
        for name, theirs in change.kept.items():
            found[change.entity, name, "kept"].append((change.key, change.fields[name], theirs))
        for name in change.no_place:
            found[change.entity, name, "no place"].append((change.key, None, None))
    return [
        Field(entity=entity, field=name, what=what, rows=len(rows), samples=tuple(rows[:SAMPLES]))
        for (entity, name, what), rows in sorted(found.items())
    ]
