"""Finding a partner's endpoints: the version, the details, and whose door the token opens."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from charging.errors import PartnerRefused, PartnerUnavailable
from charging.roaming.ocpi import wire
from charging.roaming.ocpi.transport import Transport
from charging.roaming.partner import Partner

T = TypeVar("T")
SPOKEN = ("2.3.0", "2.2.1", "2.1.1")
"""The versions that we speak, the highest first."""


class _Party(msgspec.Struct):
    country_code: str = ""
    party_id: str = ""

    @property
    def name(self) -> str:
        return f"{self.country_code}-{self.party_id}".upper()


class _Credentials(_Party):
    """Who the other side is: one party in 2.1.1, several roles later. Its `token` is on purpose not read."""

    roles: list[_Party] = []


class Handshake:
    """The reads that come before a list."""

    def __init__(self, partner: Partner, transport: Transport) -> None:
        self._partner, self._transport = partner, transport
        self.notes: dict[str, None] = {}

    def address(self, module: str) -> str:
        """Return where a module is. An address in the partner file goes before what the partner says.

        Raises:
            PartnerRefused: if it offers no such module, no version of ours, or the token is another party's.
            PartnerUnavailable: if it does not say in a way that can be understood.
        """
        self.notes.clear()
        fixed = self._partner.endpoints
        if module in fixed:
            if "credentials" in fixed:
                self.check_credentials(fixed)
            return fixed[module]
        found = self.endpoints()
        self.check_credentials(found)
        return self._address(found, module)

    def endpoints(self, *, role: str = "SENDER") -> Mapping[str, str]:
        """Return the address of every module that the partner offers in a role, or without one.

        Raises:
            PartnerRefused: if it offers no version that we speak.
            PartnerUnavailable: if it does not say in a way that can be understood.
        """
        offered = {one.version: one.url for one in self._read(self._partner.versions_url, list[wire.Version])}
        wanted = [self._partner.version, *SPOKEN]
        agreed = next((version for version in wanted if version in offered and version in SPOKEN), None)
        if agreed is None:
            said = ", ".join(offered) or "nothing"
            raise PartnerRefused(
                self._partner.name, f"it offers {said}", f"agree with it on OCPI {self._partner.version}"
            )
        if agreed != self._partner.version:
            self.notes[f"it offers no OCPI {self._partner.version}: {agreed} was spoken"] = None
        self._transport.version = agreed
        details = self._read(offered[agreed], wire.VersionDetails)
        of_role = {one.identifier.lower(): one for one in details.endpoints if one.role.upper() in {"", role}}
        credentials = {name: one for one in details.endpoints if (name := one.identifier.lower()) == "credentials"}
        return {name: one.url for name, one in (of_role | credentials).items()}

    def check_credentials(self, endpoints: Mapping[str, str]) -> None:
        """Make sure that the token opens the door of the party, or of its hub, that the partner file names.

        Raises:
            PartnerRefused: if it is another party's.
        """
        stated = self._read(self._address(endpoints, "credentials"), _Credentials)
        parties = [role.name for role in stated.roles] or ([stated.name] if stated.party_id else [])
        if not {self._partner.party, self._partner.hub} & set(parties):
            raise PartnerRefused(
                self._partner.name,
                f"its credentials are those of {', '.join(parties) or 'nobody'}",
                f"check `party` ({self._partner.party}) and `versions_url` in the partner file",
            )

    def _address(self, endpoints: Mapping[str, str], module: str) -> str:
        if module not in endpoints:
            raise PartnerRefused(self._partner.name, f"it offers no {module}", "agree with it on that module")
        return endpoints[module]

    def _read(self, url: str, kind: type[T]) -> T:
        answer = self._transport.get(url)
        try:
            return msgspec.json.decode(answer.envelope.data, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            raise PartnerUnavailable(
                self._partner.name, f"{answer.url} cannot be understood: {problem}", "show the partner this answer"
            ) from problem
