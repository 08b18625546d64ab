"""`rehome prove`: the sums, and a page of them."""

from pathlib import Path
from typing import Any

from charging import settings as configuration
from tasks import opening, proving, reporting


def prove(home: Path) -> dict[str, Any]:
    """Prove, publish the page, and return the sums; what does not add up is returned, not raised."""
    settings = configuration.load(home)
    result: dict[str, Any] = proving.prove.fn(is_demanded=False)
    with opening.engine(settings) as engine:
        page = reporting.publish_proof(engine, settings, result)
    return result | {"page": page["path"]}
