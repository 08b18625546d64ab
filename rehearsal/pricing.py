"""How the rehearsed partners price a session: slow, obvious, on OCPI's own JSON, and sharing nothing with ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
SECONDS_OR_WH = {"ENERGY": 1000, "TIME": 3600, "PARKING_TIME": 3600}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """An exact cost without and with VAT."""

    net: Fraction
    gross: Fraction

    def in_cents(self) -> tuple[Decimal, Decimal]:
        """Return net and gross, half a cent going up."""
        return _cents(self.net), _cents(self.gross)


def cost(tariff: Mapping[str, Any], periods: Sequence[Mapping[str, Any]], *, time_zone: str) -> Cost:
    """Return what a session costs by an OCPI tariff.

    `periods` are charging periods whose `start_date_time` is an aware instant. Restrictions on current and power, and
    reservations, are not for the rehearsed partners.
    """
    billed: list[dict[str, Any]] = []
    wh_before = Fraction(0)
    for period in periods:
        at: datetime = period["start_date_time"]
        volumes = {d["type"]: Fraction(str(d["volume"])) * SECONDS_OR_WH[d["type"]] for d in period["dimensions"]}
        elapsed = Fraction(str((at - periods[0]["start_date_time"]).total_seconds()))
        for dimension in ("FLAT", "ENERGY", "TIME", "PARKING_TIME"):
            quantity = Fraction(1) if dimension == "FLAT" else volumes.get(dimension, Fraction(0))
            component = _component(tariff, dimension, at.astimezone(ZoneInfo(time_zone)), wh_before, elapsed)
            if component is not None and quantity > 0:
                billed.append({"dimension": dimension, "component": component, "quantity": quantity})
        wh_before += volumes.get("ENERGY", Fraction(0))

    once = [line for n, line in enumerate(billed) if line["dimension"] != "FLAT" or _is_first(billed, n)]
    for group in (["ENERGY"], ["TIME", "PARKING_TIME"]):
        in_group = [line for line in once if line["dimension"] in group]
        if in_group:
            _fill_up(in_group[-1], once)
    net = sum((_amount(line) for line in once), Fraction(0))
    gross = sum(
        (_amount(line) * (100 + Fraction(str(line["component"].get("vat", 0)))) / 100 for line in once), Fraction(0)
    )
    return Cost(net=_limited(tariff, net, "excl_vat"), gross=_limited(tariff, gross, "incl_vat"))


def _component(
    tariff: Mapping[str, Any], dimension: str, local: datetime, wh_before: Fraction, elapsed: Fraction
) -> Mapping[str, Any] | None:
    for element in tariff["elements"]:
        for component in element["price_components"]:
            if component["type"] == dimension and _holds(element.get("restrictions", {}), local, wh_before, elapsed):
                found: Mapping[str, Any] = component
                return found
    return None


def _holds(rule: Mapping[str, Any], local: datetime, wh_before: Fraction, elapsed: Fraction) -> bool:
    clock, today = local.strftime("%H:%M"), local.date().isoformat()
    start, end = rule.get("start_time", "00:00"), rule.get("end_time", "24:00")
    end = "24:00" if end == "00:00" else end
    return all(
        [
            start <= clock < end if start < end else clock >= start or clock < end,
            not rule.get("day_of_week") or DAYS[local.weekday()] in rule["day_of_week"],
            "start_date" not in rule or today >= rule["start_date"],
            "end_date" not in rule or today < rule["end_date"],
            "min_kwh" not in rule or wh_before >= Fraction(str(rule["min_kwh"])) * 1000,
            "max_kwh" not in rule or wh_before < Fraction(str(rule["max_kwh"])) * 1000,
            "min_duration" not in rule or elapsed >= rule["min_duration"],
            "max_duration" not in rule or elapsed < rule["max_duration"],
        ]
    )


def _is_first(billed: Sequence[Mapping[str, Any]], n: int) -> bool:
    return all(line["component"] is not billed[n]["component"] for line in billed[:n])


def _fill_up(last: dict[str, Any], billed: Sequence[Mapping[str, Any]]) -> None:
    total = sum((line["quantity"] for line in billed if line["dimension"] == last["dimension"]), Fraction(0))
    step = max(1, last["component"]["step_size"])
    filled = 0
    while filled < total:
        # The obvious loop would count single steps; the division only makes long sessions bearable.
        filled += step * max(1, int((total - filled) // step))
    last["quantity"] += filled - total


def _amount(line: Mapping[str, Any]) -> Fraction:
    price: Fraction = Fraction(str(line["component"]["price"])) * line["quantity"]
    return price / SECONDS_OR_WH.get(line["dimension"], 1)


def _limited(tariff: Mapping[str, Any], amount: Fraction, side: str) -> Fraction:
    least, most = tariff.get("min_price", {}).get(side), tariff.get("max_price", {}).get(side)
    if least is not None and amount < Fraction(str(least)):
        amount = Fraction(str(least))
    if most is not None and amount > Fraction(str(most)):
        amount = Fraction(str(most))
    return amount


def _cents(amount: Fraction) -> Decimal:
    return (Decimal(amount.numerator) / Decimal(amount.denominator)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
