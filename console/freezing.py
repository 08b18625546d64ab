"""`rehome extract check-freeze`: whether the legacy's master data stood still, in lines for people."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from charging import settings as configuration
from console import workplace
from tasks import freezing, opening


def check(home: Path, source: str) -> dict[str, Any]:
    """Compare the latest extract of a source with the one of the freeze."""
    settings = configuration.load(workplace.of(home))
    with opening.engine(settings) as engine:
        return freezing.compare(engine, settings, source)


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Say what stood still and what did not."""
    verdict = {True: "stood still", False: "did not stand still", None: "cannot be told: nothing was extracted since"}
    yield f"frozen from {found['freeze_from']}: {found['source']} {verdict[found['holds']]}"
    yield f"{found['extract']} beside {found['frozen']}: {', '.join(found['compared']) or 'nothing to compare'}"
    for change in found["changes"]:
        yield f"  {change['kind']:<9} {change['entity']} {change['key']}{_columns(change)}"


def _columns(change: Mapping[str, Any]) -> str:
    if change["kind"] != "changed":
        return ""
    names = sorted(change["before"].keys() | change["after"].keys())
    told = (f"{name}: {change['before'].get(name)!r} -> {change['after'].get(name)!r}" for name in names)
    return f" ({'; '.join(told)})"
