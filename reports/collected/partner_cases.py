"""A partner's open cases, with what is proposed about each and the recomputation behind it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

import sqlalchemy as sa

from charging.database.queries import cases as read
from charging.database.queries import stored_cdrs
from charging.reconciliation.follow_up.ageing import Ageing, age
from charging.reconciliation.follow_up.at_risk import BANDS, OLDER, band
from charging.reconciliation.follow_up.case import Case
from charging.reconciliation.follow_up.lifecycle import State, Turn
from charging.roaming.cdr import Cdr
from charging.roaming.partner import Partner
from reports.followed_cases import CaseAge, FollowedCase
from reports.formats import money

TURNS = {Turn.PARTNER: "yours"}
"""As the partner reads it; the committee is ours."""
SIDES = {"ours": "ours", "theirs": "yours"}
AGES = (*(name for _, name in BANDS), OLDER)


class Naming(Protocol):
    """What makes the partner's pseudonyms."""

    def of(self, value: str | None, *, prefix: int = 0) -> str | None:
        """Return the pseudonym of a value."""
        ...


def followed(connection: sa.Connection, partner: Partner, *, as_of: datetime, names: Naming) -> list[FollowedCase]:
    """Return the partner's open cases, the most money first; what is not due yet, or ours alone, is none of them."""
    wanted = read.Wanted(partner=partner.name, is_open=True)
    found = [
        case for case in read.cases(connection, wanted) if case.state is not State.WAITING and not case.is_between_us
    ]
    cdrs = stored_cdrs.by_keys(connection, partner.name, {key for case in found for key in _keys(case)})
    asked = {
        row["case_key"]: row for row in read.proposals(connection, partner=partner.name) if row["state"] != "superseded"
    }
    return [_told(case, cdrs, asked.get(case.case_key), as_of=as_of, names=names) for case in found]


def ages(cases: Sequence[FollowedCase]) -> Iterator[CaseAge]:
    """Yield the cases by age and whose turn it is, the youngest first; every case is in exactly one."""
    order = {name: place for place, name in enumerate(AGES)}
    found = {(order[band(case.days_open)], case.turn, case.currency) for case in cases}
    for place, turn, currency in sorted(found):
        here = [
            case for case in cases if (order[band(case.days_open)], case.turn, case.currency) == (place, turn, currency)
        ]
        yield CaseAge(
            age=AGES[place],
            turn=turn,
            cases=len(here),
            money_at_risk=sum((case.money_at_risk for case in here), Decimal(0)),
            currency=currency,
        )


def _keys(case: Case) -> Iterator[str]:
    yield from (key for key in (case.ours_key, case.theirs_key) if key is not None)


def _told(
    case: Case, cdrs: Mapping[str, Cdr], asked: Mapping[str, Any] | None, *, as_of: datetime, names: Naming
) -> FollowedCase:
    ours, theirs = cdrs.get(case.ours_key or ""), cdrs.get(case.theirs_key or "")
    one, how_old = ours or theirs, age(case, as_of=as_of, ageing=Ageing())
    return FollowedCase(
        case_key=case.case_key,
        state=str(case.state),
        verdict=str(case.verdict),
        turn=TURNS.get(case.turn, "ours"),
        night=case.day,
        ended_at=case.ended_at,
        days_open=how_old.days_open,
        days_in_state=how_old.days_in_state,
        ours_cdr_id=ours.cdr_id if ours else None,
        theirs_cdr_id=theirs.cdr_id if theirs else None,
        evse_id=(one.evse_raw or "") if one else "",
        token=names.of(one.token_uid) if one else None,
        contract=names.of(one.contract_compact, prefix=5) if one else None,
        money_at_risk=case.money_at_risk,
        currency=case.currency,
        ask=asked["kind"] if asked else None,
        asked=asked["summary"] if asked else case.explanation,
        recomputed=_recomputed(asked["evidence"]) if asked else None,
    )


def _recomputed(evidence: Mapping[str, Any]) -> str | None:
    """Return what the agreed tariff makes of the quantities that each side measured; once where it is the same."""
    found = {SIDES[side]: _lines(made) for side, made in sorted((evidence.get("recomputed") or {}).items())}
    if len(set(found.values())) == 1 and len(found) == len(SIDES):
        found = {"ours and yours": next(iter(found.values()))}
    return "\n".join(f"from {whose}: {said}" for whose, said in found.items()) or None


def _lines(made: Mapping[str, Any]) -> str:
    if "not_priceable" in made:
        return f"cannot be priced, {made['not_priceable']}"
    lines = (f"{line['dimension']} {line['billed']} at {line['unit_price']} = {line['net']}" for line in made["lines"])
    net = "no amount" if made["net"] is None else money(Decimal(made["net"]), made["currency"])
    return f"{net} ({'; '.join(lines)})"
