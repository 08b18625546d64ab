"""The first part of a probe: how the token must be written, which versions and modules there are, and whose."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from charging.clock import Clock
from charging.errors import PartnerRefused, PartnerUnavailable
from charging.roaming.deviation import Deviation
from charging.roaming.ocpi import credentials, wire
from charging.roaming.ocpi.credentials import NoCredentials
from charging.roaming.ocpi.credentials_client import SUPPORTED
from charging.roaming.ocpi.probe_finding import Finding
from charging.roaming.ocpi.transport import Answer, Transport
from charging.roaming.partner import OurRole, Partner, TokenEncoding, origin

_CLOCK_IS_OFF = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The versions endpoint, with the way of writing the token that opens it."""

    partner: Partner
    ends_with_newline: bool
    offered: Mapping[str, str]
    """The address of each version."""
    findings: tuple[Finding, ...]


def opened(partner: Partner, *, connect: Callable[[Partner, bool], Transport], clock: Clock) -> Door:
    """Return the door, opened by the token as the file has it, in the other encoding, or with a trailing newline.

    Raises:
        PartnerRefused: if none of them opens it.
        PartnerUnavailable: if it does not answer.
    """
    other = TokenEncoding.RAW if partner.token_encoding is TokenEncoding.BASE64 else TokenEncoding.BASE64
    tried: list[str] = []
    for encoding, has_newline in ((partner.token_encoding, False), (other, False), (TokenEncoding.BASE64, True)):
        peer = replace(partner, token_encoding=encoding)
        manner = f"{encoding}{' with a newline' if has_newline else ''}"
        try:
            answer = connect(peer, has_newline).get(partner.versions_url)
        except PartnerRefused as no:
            if no.status not in {401, 403}:
                raise
            tried.append(f"{manner}: HTTP {no.status}")
            continue
        evidence = "; ".join([*tried, f"{manner}: HTTP {answer.status}"])
        found: list[wire.Version] = decoded(answer, list[wire.Version], name=partner.name)
        return Door(
            partner=peer,
            ends_with_newline=has_newline,
            offered={one.version: one.url for one in found},
            findings=(
                Finding(topic="token", found=f"it takes the token as {manner}", evidence=evidence),
                Finding(
                    topic="token",
                    found="only with a newline" if has_newline else "no newline is needed",
                    evidence=evidence,
                    deviation=Deviation.TOKEN_WITH_NEWLINE,
                    is_so=has_newline,
                ),
                *_clock(answer, clock),
                *_echo(answer, partner),
            ),
        )
    raise PartnerRefused(
        partner.name, f"no way of writing the token opens its door ({'; '.join(tried)})", "ask it for a new token"
    )


def versions(door: Door) -> Iterator[Finding]:
    """Yield what it offers beside what was agreed."""
    offered = ", ".join(door.offered) or "none"
    agreed = door.partner.version
    yield Finding(
        topic="versions",
        found=f"{agreed} is offered" if agreed in door.offered else f"{agreed}, which was agreed, is not offered",
        evidence=f"it lists {offered}",
    )
    higher = [version for version in SUPPORTED if version in door.offered and version > agreed]
    if higher:
        yield Finding(topic="versions", found=f"{higher[-1]} could be agreed on", evidence=f"it lists {offered}")


def modules(partner: Partner, transport: Transport, door: Door) -> tuple[dict[str, str], list[Finding]]:
    """Return the address of every module that it lets us read, and what was found.

    Raises:
        PartnerRefused: if it says no.
        PartnerUnavailable: if it does not answer in a way that can be understood.
    """
    answer = transport.get(door.offered[partner.version])
    details: wire.VersionDetails = decoded(answer, wire.VersionDetails, name=partner.name)
    offered = [f"{one.identifier} {one.role}".strip() for one in details.endpoints]
    read = {
        one.identifier: one.url
        for one in details.endpoints
        if one.role.upper() in {"", "SENDER"} or one.identifier == "credentials"
    }
    findings = [
        Finding(
            topic="modules",
            found=f"we may read {', '.join(read) or 'nothing'}",
            evidence=f"it lists {', '.join(offered) or 'nothing'}",
            values={"probed.modules": sorted(read)},
        )
    ]
    if partner.version != "2.1.1":
        bare = [one.identifier for one in details.endpoints if not one.role]
        findings.append(
            Finding(
                topic="modules",
                found=f"no role at {', '.join(bare)}" if bare else "every module has a role",
                evidence=f"it lists {', '.join(offered)}",
                deviation=Deviation.ROLES_MISSING,
                is_so=bool(bare),
            )
        )
    if partner.our_role is OurRole.EMSP and "cdrs" not in read:
        findings.append(Finding(topic="modules", found="it bills us, but gives no CDRs", evidence=", ".join(offered)))
    return read, [*findings, *_elsewhere(partner, details)]


def whose(partner: Partner, transport: Transport, endpoints: Mapping[str, str]) -> Iterator[Finding]:
    """Yield whose door it is."""
    url = endpoints.get("credentials")
    if url is None:
        yield Finding(topic="credentials", found="it offers none", evidence="its version details")
        return
    try:
        stated = credentials.read(transport.get(url).envelope.data)
    except (PartnerRefused, PartnerUnavailable) as problem:
        yield Finding(topic="credentials", found="they cannot be read", evidence=problem.problem)
    except NoCredentials as problem:
        yield Finding(topic="credentials", found="they cannot be understood", evidence=str(problem))
    else:
        is_right = bool(stated.parties & {partner.party, partner.hub})
        found = "those of the file" if is_right else f"not those of {partner.party}: check `party`"
        yield Finding(topic="credentials", found=found, evidence=f"it speaks for {', '.join(stated.roles)}")


def decoded(answer: Answer, kind: Any, *, name: str) -> Any:
    """Return an answer's data.

    Raises:
        PartnerUnavailable: if it is something else.
    """
    try:
        return msgspec.json.decode(answer.envelope.data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise PartnerUnavailable(
            name, f"{answer.url} cannot be understood: {problem}", "show the partner this answer"
        ) from problem


def _elsewhere(partner: Partner, details: wire.VersionDetails) -> Iterator[Finding]:
    """Yield addresses that lie where the token does not go. Whether they may is for a person to decide."""
    places: dict[str, list[str]] = {}
    for one in details.endpoints:
        try:
            place = origin(one.url)
        except ValueError:
            place = one.url
        if place not in partner.origins:
            places.setdefault(place, []).append(one.identifier)
    for place, names in places.items():
        yield Finding(
            topic="addresses",
            found=f"{', '.join(names)} would be at {place}: if it is the partner's, add it to `origins`",
            evidence="its version details",
        )


def _clock(answer: Answer, clock: Clock) -> Iterator[Finding]:
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
        stated = round((theirs - clock()).total_seconds())
    except (ValueError, TypeError):
        yield Finding(topic="clock", found="not known", evidence="it sends no Date")
        return
    seconds = 0 if abs(stated) < 2 else stated  # Date has whole seconds, and came some time ago
    yield Finding(
        topic="clock",
        found=f"{abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} ours" if seconds else "as ours",
        evidence=f"Date: {answer.headers['date']}",
        deviation=Deviation.CLOCK_OFF,
        is_so=abs(seconds) > _CLOCK_IS_OFF,
        values={"probed.clock_offset_seconds": seconds},
    )


def _echo(answer: Answer, partner: Partner) -> Iterator[Finding]:
    if partner.version == "2.1.1":
        return
    stated = answer.headers.get("x-request-id")
    yield Finding(
        topic="headers",
        found="X-Request-ID comes back" if stated else "X-Request-ID does not come back",
        evidence=f"X-Request-ID: {stated or '(none)'}",
        deviation=Deviation.REQUEST_ID_NOT_ECHOED,
        is_so=not stated,
    )
