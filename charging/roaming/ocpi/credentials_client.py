"""The handshake's requests to a partner: what it offers, and giving, renewing and taking back credentials."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from charging.errors import PartnerRefused, PartnerUnavailable
from charging.roaming.ocpi import wire
from charging.roaming.ocpi.transport import Answer, Transport
from charging.roaming.partner import Partner

SUPPORTED = ("2.1.1", "2.2.1", "2.3.0")
_MENDS = {
    "OCPI status 3001": "it could not use our API: see that the receiver runs, and is reached from outside",
    "OCPI status 3002": "it finds no version in ours that it speaks: agree on one",
    "OCPI status 3003": "it misses a module in our version details: ask it which",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a partner offers, and what of it we take."""

    versions: tuple[str, ...]
    version: str
    endpoints: tuple[wire.Endpoint, ...]

    def url(self, module: str, *, role: str = "SENDER") -> str | None:
        """Return the address of a module in a role; 2.1.1 has no roles, and credentials have none that matters."""
        fitting = [one for one in self.endpoints if one.identifier == module]
        chosen = [one for one in fitting if one.role in {"", role} or module == "credentials"]
        return chosen[0].url if chosen else None


class CredentialsClient:
    """One partner's versions, details and credentials endpoints."""

    def __init__(self, partner: Partner, *, transport: Transport) -> None:
        self._partner, self._transport = partner, transport

    def offer(self) -> Offer:
        """Return what the partner offers in the version that its file names.

        Raises:
            PartnerRefused: if it says no, or does not speak that version.
            PartnerUnavailable: if it does not answer in a way that can be understood.
        """
        versions: list[wire.Version] = self._read(self._partner.versions_url, list[wire.Version])
        offered = tuple(one.version for one in versions)
        url = next((one.url for one in versions if one.version == self._partner.version), None)
        if url is None:
            both = [version for version in SUPPORTED if version in offered]
            mend = f"set version = {both[-1]!r} in the partner file" if both else "agree with it on another version"
            raise PartnerRefused(self._partner.name, f"it offers {', '.join(offered) or 'no version'}", mend, code=3002)
        details: wire.VersionDetails = self._read(url, wire.VersionDetails)
        return Offer(versions=offered, version=self._partner.version, endpoints=tuple(details.endpoints))

    def credentials_url(self, offer: Offer) -> str:
        """Return where its credentials are.

        Raises:
            PartnerRefused: if it offers none.
        """
        url = self._partner.endpoints.get("credentials") or offer.url("credentials")
        if url is None:
            raise PartnerRefused(
                self._partner.name, "it offers no credentials", "ask it for them, or write them under [endpoints]"
            )
        return url

    def post(self, url: str, body: bytes) -> Answer:
        """Register: give our credentials for the first time. Sent once.

        Raises:
            PartnerRefused: if it says no; with status 405, that we are registered.
            PartnerUnavailable: if no answer came that can be understood: it may have been done.
        """
        already = "it says that we are registered: rotate instead, or let it remove the registration"
        return self._told(lambda: self._transport.post(url, body, is_functional=False), not_now=already)

    def put(self, url: str, body: bytes) -> Answer:
        """Renew: give our credentials again. May be repeated, as the same token and address are given.

        Raises:
            PartnerRefused: if it says no; with status 405, that we are not registered.
            PartnerUnavailable: if no answer came that can be understood: it may have been done.
        """
        not_yet = "it says that we are not registered: register instead, with a token A of its own"
        return self._told(lambda: self._transport.put(url, body, is_functional=False), not_now=not_yet)

    def delete(self, url: str) -> Answer:
        """Unregister: take our credentials back.

        Raises:
            PartnerRefused: if it says no; with status 405, that we are not registered.
            PartnerUnavailable: if no answer came that can be understood: it may have been done.
        """
        not_there = "it says that we are not registered: there is nothing to take back"
        return self._told(lambda: self._transport.delete(url, is_functional=False), not_now=not_there)

    def _told(self, send: Callable[[], Answer], *, not_now: str) -> Answer:
        name = self._partner.name
        try:
            return send()
        except PartnerRefused as no:
            if no.status != 405:
                raise
            raise PartnerRefused(name, no.problem, not_now, status=405, code=no.code) from no
        except PartnerUnavailable as problem:
            mend = next((mend for sign, mend in _MENDS.items() if sign in problem.problem), None)
            if mend is None:
                raise
            raise PartnerUnavailable(name, problem.problem, mend) from problem

    def _read(self, url: str, kind: Any) -> Any:
        answer = self._transport.get(url)
        try:
            return msgspec.json.decode(answer.envelope.data, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            raise PartnerUnavailable(
                self._partner.name, f"{url} cannot be understood: {problem}", "show the partner this answer"
            ) from problem


def by_module(offer: Offer) -> Mapping[str, str]:
    """Return the addresses of everything that we may read or write, by module and role: `cdrs SENDER`."""
    return {f"{one.identifier} {one.role}".strip(): one.url for one in offer.endpoints}
