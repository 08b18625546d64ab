"""Whether a token or a contract is one of ours, and whether it was good when a session began. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from charging.network import Contract, Token
from charging.roaming.compact import compact_contract, compact_token


class Standing(StrEnum):
    """How a driver stood with us when a session began."""

    GOOD = "good"
    UNKNOWN = "unknown"
    """None of our tokens and none of our contracts."""
    EXPIRED = "expired"
    """Ours, before or after: not when the session began."""
    BLOCKED = "blocked"
    """Ours and blocked now; since when, no back-office says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holders:
    """Our drivers' tokens and contracts, by their compact forms."""

    tokens: Mapping[str, Token]
    contracts: Mapping[str, Contract]

    @property
    def blocked_contracts(self) -> set[str]:
        """The contracts that are blocked now."""
        return {compact for compact, contract in self.contracts.items() if contract.is_blocked}

    @property
    def blocked_tokens(self) -> set[str]:
        """The tokens that are blocked now, themselves or by their contract."""
        blocked = self.blocked_contracts
        return {
            uid
            for uid, token in self.tokens.items()
            if token.is_blocked or (token.contract_id and compact_contract(token.contract_id) in blocked)
        }

    def standing(self, token_uid: str | None, contract: str | None, *, at: datetime) -> Standing:
        """Return how a driver stood with us at an instant; the token goes before the contract that stands beside it."""
        token = self.tokens.get(token_uid or "")
        paying = self.contracts.get(contract or "")
        if token is not None and token.contract_id:
            paying = self.contracts.get(compact_contract(token.contract_id), paying)
        if token is None and paying is None:
            return Standing.UNKNOWN
        if token is not None and token.expires_at is not None and token.expires_at <= at:
            return Standing.EXPIRED
        if paying is not None and not _is_within(paying, at):
            return Standing.EXPIRED
        is_blocked = (token is not None and token.is_blocked) or (paying is not None and paying.is_blocked)
        return Standing.BLOCKED if is_blocked else Standing.GOOD


def holders(tokens: Iterable[Token], contracts: Iterable[Contract], *, owner: str) -> Holders:
    """Return our drivers among all that are known: whom nobody else issued a card. `owner` is our country and party."""
    return Holders(
        tokens={compact_token(token.token_uid): token for token in tokens if token.issuer in {None, owner}},
        contracts={
            compact_contract(contract.contract_id): contract
            for contract in contracts
            if contract.issuer in {None, owner}
        },
    )


def _is_within(contract: Contract, at: datetime) -> bool:
    begins, ends = contract.valid_from, contract.valid_until
    return (begins is None or begins <= at) and (ends is None or at < ends)
