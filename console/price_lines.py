"""A price explained as lines for people."""

from collections.abc import Iterator, Mapping
from typing import Any

_WIDTHS = (6, 12, 14, 22, 16, 6, 10, 10)
_HEAD = ("period", "dimension", "measured", "billed", "price", "VAT", "net", "gross")


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield each CDR's lines, limits, totals and outcome, then the counts."""
    for one in result["cdrs"]:
        yield from _about(one)
        if one.get("lines") is not None and one.get("net", one.get("gross")) is not None:
            yield from _bill(one)
        yield from _outcome(one)
        yield ""
    yield ", ".join(f"{count} {_words(outcome)}" for outcome, count in result["counts"].items()) or "no CDR"


def _about(one: Mapping[str, Any]) -> Iterator[str]:
    yield f"CDR {one['cdr_id']}"
    if "version" not in one:
        return
    zone = one["time_zone"] or "not known"
    yield _row("OCPI", f"{one['version']}, from {one['started_at']:%Y-%m-%d %H:%M:%S} UTC")
    yield _row("time zone", "not needed" if one["time_zone_from"] == "not needed" else f"{zone} ({_from(one)})")
    yield _row("tariffs", f"{', '.join(one['tariffs']) or 'none'} ({one['tariffs_from']})")
    for note in one["notes"]:
        yield _row("note", note)
    if one["quality"]:
        yield _row("quality", ", ".join(one["quality"]))


def _from(one: Mapping[str, Any]) -> str:
    return {"given": "given", "CDR": "from the CDR"}.get(one["time_zone_from"], "give --timezone")


def _bill(one: Mapping[str, Any]) -> Iterator[str]:
    yield _cells(_HEAD)
    for line in one["lines"]:
        step = f" (step {line['step_size']})" if line["billed"] != line["measured"] else ""
        yield _cells(
            (
                str(line["period"]),
                line["dimension"],
                f"{line['measured']} {line['unit']}",
                f"{line['billed']} {line['unit']}{step}",
                f"{line['unit_price']} / {line['unit']}",
                "-" if line["vat_percent"] is None else f"{line['vat_percent']} %",
                _known(line["net"]),
                _known(line["gross"]),
            )
        )
        yield f"{'':>14}at {line['local_time']}: {line['tariff_id']}, element {line['element']}: {line['why']}"
    for limit in one["limits"]:
        yield _row(limit["limit"], f"{limit['side']}: the lines make {limit['lines_make']}, {limit['amount']} is due")
    yield _row("exactly", f"{_known(one['exact_net'])} net, {_known(one['exact_gross'])} gross")
    yield _row(
        "rounded", f"{_known(one['net'])} net, {_known(one['gross'])} gross {one['currency']} ({one['rounding']})"
    )
    yield _row("stated", f"{_known(one['stated_net'])} net, {_known(one['stated_gross'])} gross")
    for part in one["parts"]:
        yield _row("part", f"{part['dimension']}: stated {part['stated']} net, computed {_known(part['computed'])}")


def _outcome(one: Mapping[str, Any]) -> Iterator[str]:
    said = _words(one["outcome"])
    if one["outcome"] in {"differs", "within_tolerance", "approximated"}:
        differences = [
            f"{amount:+f} {side}" for side in ("net", "gross") if (amount := one[f"difference_{side}"]) is not None
        ]
        said += f": {', '.join(differences)} {one['currency']} (tolerance {one['tolerance']:f})"
    yield _row("outcome", said)
    if one.get("reason"):
        yield _row("because", one["reason"])


def _words(outcome: str) -> str:
    return outcome.replace("_", " ")


def _known(amount: object) -> str:
    return "not known" if amount is None else str(amount)


def _cells(cells: tuple[str, ...]) -> str:
    return "  " + " ".join(f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))


def _row(name: str, text: str) -> str:
    return f"{name:>12}  {text}"
