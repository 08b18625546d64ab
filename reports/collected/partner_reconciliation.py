"""One partner's reconciliation, read from its last night and pseudonymised for that partner."""

import hmac
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from charging.database.queries import roaming
from charging.reconciliation.verdict import SETTLED
from charging.roaming.cdr import Protocol
from charging.roaming.partner import OurRole, Partner
from charging.secret import Secret
from reports.collected import partner_cases
from reports.followed_cases import FollowedCase
from reports.formats import measure, money
from reports.partner_reconciliation import (
    Discrepancy,
    FeedQuality,
    PartnerReconciliation,
    Request,
    SideTotals,
    Tolerance,
    VerdictTotals,
)
from reports.values import Figure

ZERO = Decimal(0)
REQUESTS: Mapping[str, tuple[str, str]] = {
    "missing_at_partner": ("Take in the CDRs that you lack", "We billed these sessions and you have no CDR of them."),
    "missing_at_us": ("Show the sessions behind your CDRs", "Neither of our back-offices has seen these sessions."),
    "ours_right": ("Correct your amount", "Recomputed from the agreed tariff, our amount is right."),
    "quantity_differs": ("Compare meter values with us", "We measured different energy or time."),
    "duplicate": ("Credit the second CDR", "One session may be billed once."),
    "tariff_differs": ("Agree with us on the tariff", "Each side's amount follows from another tariff."),
    "ambiguous": ("Help us to tell these apart", "Several CDRs could be of the same session."),
}
"""What we ask a partner for whose drivers charge at our stations, by verdict; the others are ours to follow up."""
OF_OPERATORS: Mapping[str, tuple[str, str]] = {
    **REQUESTS,
    "missing_at_partner": ("Send us the CDRs that we lack", "We know of these sessions and have no CDR of them."),
    "missing_at_us": ("Show the sessions behind your CDRs", "We know of no such sessions of our drivers."),
    "theirs_right": ("Nothing: we take your amount over", "Recomputed from the agreed tariff, it is right."),
}
"""What we ask a partner for at whose stations our drivers charge."""


def partner_reconciliation(
    connection: sa.Connection, partner: Partner, night: Mapping[str, Any], *, key: Secret | None
) -> PartnerReconciliation:
    """Return the report on a partner's night. `key` makes the pseudonyms; without one, none are shown."""
    rows = roaming.verdicts(connection, partner.name, night["day"])
    open_ = [row for row in rows if row["verdict"] not in SETTLED and row["verdict"] != "late"]
    pseudonyms = Pseudonyms(key, partner=partner.name, day=night["day"])
    currency, summary, as_of = partner.terms.currency, night["summary"], night["reconciled_at"]
    cases = partner_cases.followed(connection, partner, as_of=as_of, names=pseudonyms)
    return PartnerReconciliation(
        partner=partner.name,
        partner_party=partner.party,
        our_party=partner.owner,
        protocol=_protocol(partner),
        date_from=_local_day(night["period_from"], partner),
        date_to=_local_day(night["period_until"], partner),
        time_zone=partner.terms.time_zone,
        as_of=as_of,
        headline=_headline(rows, open_, night),
        currency=currency,
        figures=(
            Figure(label="CDRs compared", value=summary["ours"] + summary["theirs"], unit="", meaning="Of both sides."),
            Figure(label="To follow up", value=len(open_), unit="", meaning="Each is listed below with its next step."),
            *_at_risk(rows, currency),
        ),
        sides=(_side("ours", summary, currency), _side("theirs", summary, currency)),
        verdicts=tuple(_verdicts(rows, currency)),
        discrepancies=tuple(_discrepancies(open_, as_of, pseudonyms)),
        requests=tuple(_requests(cases, partner)),
        ages=tuple(partner_cases.ages(cases)),
        cases=tuple(cases),
        tolerances=tuple(_tolerances(partner)),
        feed=_feed(summary.get("feed")),
        contact="the reconciliation desk of the network operator",
        input_sha256=night["inputs_sha256"],
    )


class Pseudonyms:
    """Names for tokens and contracts that mean the same within one partner's report and nothing outside it."""

    def __init__(self, key: Secret | None, *, partner: str, day: date) -> None:
        message = f"{partner}/{day}".encode()
        self._key = hmac.new(key.reveal().encode(), message, sha256).digest() if key else None

    def of(self, value: str | None, *, prefix: int = 0) -> str | None:
        """Return the pseudonym of a value; its first `prefix` characters (country and party) may be told."""
        if value is None or self._key is None:
            return None
        return value[:prefix] + hmac.new(self._key, value.encode(), sha256).hexdigest()[:16]


def _local_day(instant: datetime, partner: Partner) -> date:
    return instant.astimezone(ZoneInfo(partner.terms.time_zone)).date()


def _headline(rows: Sequence[Mapping[str, Any]], open_: Sequence[Mapping[str, Any]], night: Mapping[str, Any]) -> str:
    said = f"{len(rows) - len(open_)} of {len(rows)} verdicts need nobody; {len(open_)} are to be followed up."
    return said if night["is_complete"] else f"{said} What came of you was not complete: {night['incomplete_because']}."


def _feed(found: Mapping[str, Any] | None) -> FeedQuality | None:
    if not found or not found["asked"]:
        return None
    return FeedQuality(cdrs=found["cdrs"], asked=found["asked"], warnings=tuple(found["warnings"]))


def _side(side: str, summary: Mapping[str, Any], currency: str) -> SideTotals:
    return SideTotals(
        side=side,
        cdrs=summary[side],
        energy_kwh=Decimal(summary[f"{side}_kwh"]),
        net=Decimal(summary[f"{side}_total"].get(currency, "0")),
        currency=currency,
    )


def _at_risk(rows: Sequence[Mapping[str, Any]], currency: str) -> Iterator[Figure]:
    """Yield what is at risk in the agreed currency, then in each other one: they are never added."""
    others = {row["currency"] for row in rows if row["currency"] and row["money_at_risk"]} - {currency}
    for each in (currency, *sorted(others)):
        at_risk = sum((row["money_at_risk"] for row in rows if row["currency"] == each), ZERO)
        yield Figure(label="Money at risk", value=at_risk, unit=each, meaning="Without VAT, until it is settled.")


def _verdicts(rows: Sequence[Mapping[str, Any]], currency: str) -> Iterator[VerdictTotals]:
    for verdict in sorted({row["verdict"] for row in rows}):
        here = [row for row in rows if row["verdict"] == verdict]
        ours, theirs = ([row for row in here if row[f"{side}_key"]] for side in ("ours", "theirs"))
        yield VerdictTotals(
            verdict=verdict,
            ours=len(ours),
            theirs=len(theirs),
            ours_kwh=sum((row["ours_energy_kwh"] for row in ours), ZERO),
            theirs_kwh=sum((row["theirs_energy_kwh"] for row in theirs), ZERO),
            ours_net=sum((row["ours_net"] or ZERO for row in ours if row["ours_currency"] == currency), ZERO),
            theirs_net=sum((row["theirs_net"] or ZERO for row in theirs if row["theirs_currency"] == currency), ZERO),
            money_at_risk=sum((row["money_at_risk"] for row in here if row["currency"] == currency), ZERO),
            currency=currency,
        )


def _discrepancies(rows: Sequence[Mapping[str, Any]], as_of: datetime, pseudonyms: Pseudonyms) -> Iterator[Discrepancy]:
    for row in rows:
        side = "ours" if row["ours_key"] else "theirs"
        yield Discrepancy(
            reference=f"{row['day']:%Y%m%d}-{row['verdict_number']}",
            verdict=row["verdict"],
            ours_cdr_id=row["ours_cdr_id"],
            theirs_cdr_id=row["theirs_cdr_id"],
            evse_id=row[f"{side}_evse_raw"] or "",
            token=pseudonyms.of(row[f"{side}_token_uid"]),
            contract=pseudonyms.of(row[f"{side}_contract_compact"], prefix=5),
            started_at=row[f"{side}_started_at"].replace(second=0),
            ours=_stated(row, "ours"),
            theirs=_stated(row, "theirs"),
            difference=row["difference"],
            money_at_risk=row["money_at_risk"],
            currency=row["currency"] or "",
            tier=row["tier"],
            explanation=row["explanation"],
            next_step=row["next_step"],
            age_days=(as_of - row[f"{side}_started_at"]).days,
        )


def _stated(row: Mapping[str, Any], side: str) -> str | None:
    if not row[f"{side}_key"]:
        return None
    net, currency = row[f"{side}_net"], row[f"{side}_currency"] or ""
    return f"{measure(row[f'{side}_energy_kwh'], 'kWh')}, {'no amount' if net is None else money(net, currency)}"


def _protocol(partner: Partner) -> str:
    named = {
        Protocol.OCPI: f"OCPI {partner.version}",
        Protocol.EMIP: "eMIP",
        Protocol.STATEMENT: "statements by file",
    }
    return named.get(partner.protocol, partner.protocol.value.upper())


def _requests(cases: Sequence[FollowedCase], partner: Partner) -> Iterator[Request]:
    asked = OF_OPERATORS if partner.our_role is OurRole.EMSP else REQUESTS
    # What we have billed twice is for us to credit.
    of_theirs = (case for case in cases if case.verdict != "duplicate" or case.ours_cdr_id is None)
    for verdict, number in Counter(case.verdict for case in of_theirs).most_common():
        if verdict in asked:
            what, why = asked[verdict]
            yield Request(what=what, why=why, cdrs=number, due_on=None)


def _tolerances(partner: Partner) -> Iterator[Tolerance]:
    agreed = partner.terms.tolerances
    yield Tolerance(quantity="energy", largest=agreed.energy_kwh, unit="kWh")
    yield Tolerance(quantity="duration", largest=Decimal(int(agreed.duration.total_seconds())), unit="s")
    if agreed.money is not None:
        yield Tolerance(quantity="money", largest=agreed.money, unit=partner.terms.currency)
