"""Loading tariffs, locations with their EVSEs and connectors, and tokens into an OCPI receiver."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote

from charging import canonical
from charging.clock import Clock
from charging.errors import BackOfficeUnavailable, PartnerRefused, PartnerUnavailable
from charging.network import Tariff, Token
from charging.targets import ocpi_objects as objects
from charging.targets.change import Action, Applied, Change, Difference
from charging.targets.compare import differing
from charging.targets.ocpi_client import ReceiverClient
from charging.targets.ocpi_lading import asked, lade, refusal
from charging.targets.ocpi_objects import Document, Manner
from charging.targets.ocpi_paths import paths
from charging.targets.ocpi_plan import CONNECTOR, EVSE, LOCATION, Place, content_of, found_in, plan_object, plan_place
from charging.targets.target import Check, let_all_pass
from charging.targets.wanted import Wanted

TARIFF, TOKEN = "tariff", "token"
_MODULES = {TARIFF: "tariffs", LOCATION: "locations", EVSE: "locations", CONNECTOR: "locations", TOKEN: "tokens"}
GIVES_UP_AFTER = 20
"""So many rows one after the other without an answer are no rows that fail: it is the receiver that is down."""

Stamps = Mapping[tuple[str, str], tuple[str, datetime]]


class OcpiTarget:
    """An OCPI receiver. Objects are put, never deleted; ids never change; what it holds already is not sent again."""

    def __init__(self, client: ReceiverClient, manner: Manner, *, clock: Clock, stamps: Stamps | None = None) -> None:
        self._client, self._manner, self._clock, self._stamps = client, manner, clock, stamps or {}
        self._silent = 0

    @property
    def kind(self) -> str:
        """The version is part of the kind: what may be sent depends on it."""
        return f"ocpi-{self._manner.version}"

    @cached_property
    def _modules(self) -> Mapping[str, str]:
        try:
            return self._client.modules()
        except (PartnerRefused, PartnerUnavailable) as failure:
            raise BackOfficeUnavailable("target", failure.problem, failure.mend) from failure

    @property
    def entities(self) -> tuple[str, ...]:
        """What it has a module for. OCPI knows no stations: their EVSEs stand at locations."""
        return tuple(entity for entity, module in _MODULES.items() if module in self._modules)

    def plan(self, wanted: Wanted, *, check: Check = let_all_pass) -> list[Change]:
        """Ask for each object, and say what it needs: tariffs, then locations with their EVSEs, then tokens."""
        taken = self.entities
        changes: list[Change] = []
        if TARIFF in taken:
            changes += self._tariffs(wanted.tariffs, check)
        if LOCATION in taken:
            lading = lade(wanted, self._manner, check)
            changes += [*lading.refused, *(change for place in lading.places for change in self._place(place))]
        if TOKEN in taken:
            changes += self._tokens(wanted.tokens, check)
        return changes

    def apply(self, changes: Sequence[Change]) -> Iterator[Applied]:
        """Put each object that needs it; what travels inside another shares its fate."""
        said: dict[tuple[str, str], tuple[str | None, int | None]] = {}
        for change in changes:
            if change.carrier is not None and change.action.is_sent:
                error, status = said[change.carrier]
            elif change.action.is_sent:
                error, status = said[change.entity, change.key] = self._put(change)
            else:
                error, status = None if change.action is Action.SAME else change.reason, None
                said[change.entity, change.key] = error, status
            yield Applied(entity=change.entity, key=change.key, action=change.action, error=error, http_status=status)

    def verify(self, changes: Sequence[Change]) -> list[Difference]:
        """Ask for each object again, and return each field that reads otherwise than it should."""
        documents: dict[tuple[str, str], Mapping[str, Any] | None] = {}
        differences: list[Difference] = []
        for change in changes:
            if change.action in {Action.REFUSE, Action.UNKNOWN}:
                continue
            whose = change.carrier or (change.entity, change.key)
            if whose not in documents:
                try:
                    documents[whose] = self._read(*whose, change)
                except (PartnerRefused, PartnerUnavailable):
                    documents[whose] = None  # what cannot be read back has not been seen
            document = documents[whose]
            if document is None:
                found = None
            else:
                found = found_in(document, change) if _MODULES[change.entity] == "locations" else paths(document)
            differences += differing(change, found)
        return differences

    def _tariffs(self, tariffs: Sequence[Tariff], check: Check) -> Iterator[Change]:
        written = {one.tariff_id: objects.tariff(one, self._manner) for one in tariffs}
        reasons = check(TARIFF, {key: asked(TARIFF, document) for key, document in written.items()}) if written else {}
        for one in tariffs:
            unsaid = objects.unsaid_of_tariff(one, self._manner)
            if reason := reasons.get(one.tariff_id):
                yield refusal(TARIFF, one.tariff_id, reason)
            elif unsaid:
                reason = f"OCPI {self._manner.version} cannot say its {', '.join(unsaid)}: drivers would pay otherwise"
                yield refusal(TARIFF, one.tariff_id, reason)
            else:
                no_place = tuple(name for name in ("name",) if one.name) + (("vat",) if self._manner.is_flat else ())
                yield self._object(TARIFF, one.tariff_id, written[one.tariff_id], defaults={}, no_place=no_place)

    def _tokens(self, tokens: Sequence[Token], check: Check) -> Iterator[Change]:
        written = {one.token_uid: self._token(one) for one in tokens}
        reasons = check(TOKEN, {key: asked(TOKEN, d) | dict(objects.TOKEN_DEFAULTS) for key, d in written.items()})
        contract = "auth_id" if self._manner.is_flat else "contract_id"
        for one in tokens:
            document = written[one.token_uid]
            if reason := reasons.get(one.token_uid) or ("" if document.get(contract) else "OCPI needs its contract"):
                yield refusal(TOKEN, one.token_uid, reason)
                continue
            unsaid = {"expires_at": one.expires_at, "parent_uid": one.parent_uid if self._manner.is_flat else None}
            yield self._object(
                TOKEN,
                one.token_uid,
                document,
                defaults=objects.TOKEN_DEFAULTS,
                overruled=_overruled(contract),
                no_place=tuple(name for name, value in unsaid.items() if value is not None),
            )

    def _token(self, one: Token) -> Document:
        document = objects.token(one, self._manner)
        has_expired = one.expires_at is not None and one.expires_at <= self._clock()
        return document | ({"valid": False} if has_expired else {})

    def _object(
        self,
        entity: str,
        key: str,
        document: Document,
        *,
        defaults: Mapping[str, Any],
        overruled: Callable[[Document, Mapping[str, Any]], str] = lambda _ours, _theirs: "",
        no_place: tuple[str, ...] = (),
    ) -> Change:
        try:
            held = self._heard(lambda: self._client.read(self._url(entity, key, document)))
        except (PartnerRefused, PartnerUnavailable) as failure:
            return _unknown(entity, key, failure)
        if held is not None and (reason := overruled(document, held)):
            return refusal(entity, key, reason)
        stamp = self._stamp(entity, key, canonical.digest(paths(document)))
        return replace(plan_object(entity, key, document, held, defaults=defaults, stamp=stamp), no_place=no_place)

    def _place(self, place: Place) -> list[Change]:
        try:
            held = self._heard(lambda: self._client.read(self._url(LOCATION, place.key, place.document)))
        except (PartnerRefused, PartnerUnavailable) as failure:
            inside = [
                (CONNECTOR if "#" in part.key else EVSE, part.key)
                for evse, connectors in place.evses
                for part in (evse, *(one for one in connectors if not one.is_assumed))
            ]
            return [_unknown(entity, key, failure) for entity, key in [(LOCATION, place.key), *inside]]
        stamp = self._stamp(LOCATION, place.key, content_of(place))
        return plan_place(place, held, defaults=objects.location_defaults(self._manner), stamp=stamp)

    def _put(self, change: Change) -> tuple[str | None, int | None]:
        """Put one object; return the receiver's own sentence if it says no."""
        url = self._url(change.entity, change.key, change.fields)
        try:
            return None, self._heard(lambda: self._client.put(url, change.body))
        except (PartnerRefused, PartnerUnavailable) as failure:
            return failure.problem, getattr(failure, "status", None)

    def _read(self, entity: str, key: str, change: Change) -> Mapping[str, Any] | None:
        fields = change.fields if change.carrier is None else {}
        found: Mapping[str, Any] | None = self._heard(lambda: self._client.read(self._url(entity, key, fields)))
        return found

    def _heard(self, ask: Callable[[], Any]) -> Any:
        """Ask, and give up where nobody has answered for a long row of times.

        Raises:
            BackOfficeUnavailable: if the receiver is down.
        """
        try:
            answer = ask()
        except PartnerUnavailable as failure:
            self._silent += 1
            if self._silent >= GIVES_UP_AFTER:
                raise BackOfficeUnavailable(
                    "target", f"{self._silent} rows without an answer: {failure.problem}"
                ) from None
            raise
        except PartnerRefused:
            self._silent = 0
            raise
        self._silent = 0
        return answer

    def _stamp(self, entity: str, key: str, content: str) -> datetime:
        """Return the `last_updated` of this content: what it was before, or now."""
        known = self._stamps.get((entity, key))
        return known[1] if known is not None and known[0] == content else self._clock()

    def _url(self, entity: str, key: str, fields: Mapping[str, Any]) -> str:
        """Return the address of an object. A foreign token stands under its issuer's party."""
        party = str(fields.get("issuer") or self._manner.owner) if entity == TOKEN else self._manner.owner
        return "/".join([self._modules[_MODULES[entity]], *party.split("-", 1), quote(key, safe="")])


def _overruled(contract: str) -> Callable[[Document, Mapping[str, Any]], str]:
    def asks(ours: Document, theirs: Mapping[str, Any]) -> str:
        """Return what of the receiver's own word about identity or access we would overrule."""
        if theirs.get("valid") is False and ours["valid"]:
            return "the target has blocked it, and we have not"
        said = theirs.get(contract)
        if said and str(said).casefold() != str(ours[contract]).casefold():
            return f"the target has it on contract {said}, and we on {ours[contract]}"
        return ""

    return asks


def _unknown(entity: str, key: str, failure: PartnerRefused | PartnerUnavailable) -> Change:
    reason = f"the target did not say what it has: {failure.problem}"
    return Change(entity=entity, key=key, action=Action.UNKNOWN, reason=reason)
