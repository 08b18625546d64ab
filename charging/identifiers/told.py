"""An explained identifier as plain data for machines and as lines for people."""

from collections.abc import Iterator
from typing import Any

from charging.identifiers.explain import Explained
from charging.identifiers.reading import Reading

AMBIGUOUS = "ambiguous"
_SHOWN = 80


def document(explained: Explained) -> dict[str, Any]:
    """Return what is said of one identifier, always with the same keys."""
    match explained.readings:
        case (reading,):
            said = _reading(reading) | {"readings": []}
        case ():
            said = _nothing(None) | {"readings": []}
        case several:
            said = _nothing(AMBIGUOUS) | {"readings": [_reading(each) for each in several]}
    return {"input": explained.input} | said | {"reason": explained.reason}


def lines(explained: Explained) -> Iterator[str]:
    """Say what an identifier is, a line for each fact."""
    yield shortened(explained.input)
    for reading in explained.readings:
        yield from _lines(reading)
    if explained.reason:
        yield _line("ambiguous" if explained.is_id else "no id", explained.reason)


def shortened(text: str) -> str:
    """Return a text in a length that a terminal can show."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"


def _lines(reading: Reading) -> Iterator[str]:
    yield _line("is", f"{reading.kind}, {reading.standard}")
    if reading.canonical is not None:
        yield _line("canonical", reading.canonical)
    if reading.compact is not None:
        yield _line("compared as", reading.compact)
    for part, value in reading.parts.items():
        yield _line(part, value)
    if reading.check_digit_computed is not None:
        yield _line("check digit", _check_digit(reading.check_digit_given, reading.check_digit_computed))
    for each in reading.also:
        yield _line("also", each)
    if reading.candidates:
        yield _line("may be", ", ".join(reading.candidates))
    for warning in reading.warnings:
        yield _line("warning", f"{warning.rule}: {warning.reason}")


def _check_digit(given: str | None, computed: str) -> str:
    if given is None:
        return f"none is given; it would be {computed}"
    return f"{given}, which is right" if given == computed else f"{given}, and {computed} would be right"


def _line(word: str, text: str) -> str:
    return f"{word:>16}  {text}"


def _reading(reading: Reading) -> dict[str, Any]:
    return {
        "kind": str(reading.kind),
        "standard": reading.standard,
        "canonical": reading.canonical,
        "compact": reading.compact,
        "parts": dict(reading.parts),
        "check_digit_given": reading.check_digit_given,
        "check_digit_computed": reading.check_digit_computed,
        "also": list(reading.also),
        "candidates": list(reading.candidates),
        "warnings": [{"rule": each.rule, "reason": each.reason} for each in reading.warnings],
    }


def _nothing(kind: str | None) -> dict[str, Any]:
    return {
        "kind": kind,
        "standard": None,
        "canonical": None,
        "compact": None,
        "parts": {},
        "check_digit_given": None,
        "check_digit_computed": None,
        "also": [],
        "candidates": [],
        "warnings": [],
    }
