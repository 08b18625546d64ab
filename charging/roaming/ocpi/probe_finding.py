"""One thing that a probe found."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from charging.roaming.deviation import Deviation


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found, and by what it shows. `is_so` tells whether the deviation that was looked for is there."""

    topic: str
    found: str
    evidence: str
    deviation: Deviation | None = None
    is_so: bool = False
    values: Mapping[str, object] = field(default_factory=dict)
    """What it means for the partner file."""
