"""What a partner really does: asked in a dozen requests, said with evidence, and put as values of its file."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from charging.clock import Clock
from charging.errors import PartnerFileError, PartnerRefused, PartnerUnavailable
from charging.roaming.deviation import Deviation
from charging.roaming.ocpi.credentials_client import SUPPORTED
from charging.roaming.ocpi.probe_door import Door, modules, opened, versions, whose
from charging.roaming.ocpi.probe_finding import Finding
from charging.roaming.ocpi.probe_list import look
from charging.roaming.ocpi.probe_page import Lister
from charging.roaming.ocpi.transport import Transport
from charging.roaming.partner import Partner

Connect = Callable[[Partner, bool], Transport]
"""Makes a way to a partner as its file would have it; the flag is for a token that ends with a newline."""
_LISTED = ("cdrs", "sessions", "tokens", "locations", "tariffs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What a probe found. `values` are what it would write into the partner file."""

    partner: str
    findings: tuple[Finding, ...]
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """Where the partner leaves the protocol, as far as the probe could see."""
        return tuple(one.deviation for one in self.findings if one.deviation and one.is_so)


def probe(partner: Partner, *, connect: Connect, clock: Clock, period: timedelta) -> Probed:
    """Ask a partner for its versions, modules and lists, and say how it answers.

    Raises:
        PartnerFileError: if it has no versions endpoint.
        PartnerRefused: if no way of writing the token opens its door.
        PartnerUnavailable: if it does not answer.
    """
    if not partner.versions_url:
        raise PartnerFileError(partner.name, "it has no versions_url: there is nothing to probe", "write one", key="")
    door = opened(partner, connect=connect, clock=clock)
    findings = [*door.findings, *versions(door)]
    agreed = replace(door.partner, version=_version(door))
    transport = connect(agreed, door.ends_with_newline)
    endpoints, more = modules(agreed, transport, door)
    findings += [*more, *whose(agreed, transport, endpoints)]
    findings += _lists(agreed, transport, endpoints, clock=clock, period=period)
    return Probed(
        partner=partner.name,
        findings=tuple(findings),
        values=_values(partner, agreed, findings, door=door, at=clock()),
    )


def _version(door: Door) -> str:
    """Return the version to speak: the agreed one where it is offered, else the highest that both have."""
    if door.partner.version in door.offered:
        return door.partner.version
    both = [version for version in SUPPORTED if version in door.offered]
    if not both:
        said = ", ".join(door.offered) or "no version"
        raise PartnerRefused(door.partner.name, f"it offers {said}", f"we speak {', '.join(SUPPORTED)}")
    return both[-1]


def _lists(
    partner: Partner, transport: Transport, endpoints: Mapping[str, str], *, clock: Clock, period: timedelta
) -> Iterator[Finding]:
    """Yield what the first list that holds enough to judge by shows; CDRs before all others."""
    addresses = {**endpoints, **partner.endpoints}
    for module in _LISTED:
        if module not in addresses:
            continue
        now = clock()
        lister = Lister(partner, transport, module, addresses[module], date_from=now - period, date_to=now)
        try:
            found = tuple(look(lister))
        except (PartnerRefused, PartnerUnavailable) as problem:
            yield Finding(topic=module, found="it cannot be read", evidence=problem.problem)
            continue
        yield from found
        if any(one.deviation for one in found):
            return
    yield Finding(topic="lists", found="no list held enough to tell how it pages", evidence=f"in {period.days} days")


def _values(
    before: Partner, agreed: Partner, findings: list[Finding], *, door: Door, at: datetime
) -> dict[str, object]:
    values: dict[str, object] = {}
    if agreed.version != before.version:
        values["version"] = agreed.version
    if agreed.token_encoding is not before.token_encoding:
        values["token_encoding"] = agreed.token_encoding.value
    judged = {one.deviation for one in findings if one.deviation}
    found = {one.deviation for one in findings if one.deviation and one.is_so}
    kept = {word for word in Deviation if word in before.known_deviations and word not in judged}
    known = [word.value for word in Deviation if word in found | kept]
    if known != list(before.known_deviations):
        values["known_deviations"] = known
    for one in findings:
        values |= one.values
    return values | {"probed.at": at.replace(microsecond=0), "probed.versions": list(door.offered)}
