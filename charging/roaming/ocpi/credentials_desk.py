"""What the handshake works with, and what it leaves behind at each step, so that it can be killed after any of them.

Before anything is sent, our token for the partner is in the secrets folder and an intent is in the journal. The answer
is written to the secrets folder before it is read. What is left when we were cut off:

    intent, no answer     the partner may have our token or not: asked first, see `credentials_acting`
    intent, an answer     the partner did it: what is left to do is done from the answer
    done                  nothing
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa

from charging.clock import Clock
from charging.database.operations import registration as write
from charging.errors import PartnerUnavailable
from charging.roaming import partner_write
from charging.roaming.ocpi import credentials
from charging.roaming.ocpi.credentials import NoCredentials, Stated, Us
from charging.roaming.ocpi.credentials_client import CredentialsClient, Offer, by_module
from charging.roaming.ocpi.parse import UnreadablePage, read_envelope
from charging.roaming.ocpi.transport import Transport
from charging.roaming.ocpi.transport_redaction import MASK
from charging.roaming.partner import Partner
from charging.roaming.registration import Action, By, Phase, Purpose, State
from charging.roaming.secrets_folder import SecretsFolder
from charging.secret import Secret


def fingerprint(token: Secret) -> str:
    """Return the hash by which a token is known in the database."""
    return sha256(token.reveal().encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One partner's handshake, with everything that it needs handed in."""

    partner: Partner
    file: Path
    """Its partner file: where the reference to the new token is written."""
    held: Secret
    """The token that the partner gave us."""
    us: Us
    engine: sa.Engine
    secrets: SecretsFolder
    connect: Callable[[Partner, Secret], Transport]
    mint: Callable[[], Secret]
    clock: Clock

    @property
    def name(self) -> str:
        """The partner's."""
        return self.partner.name

    def client(self) -> CredentialsClient:
        """Return the way to the partner, with the token that we hold."""
        return CredentialsClient(self.partner, transport=self.connect(self.partner, self.held))

    def begin(self, action: Action, *, given: Secret | None, detail: str) -> None:
        """Write down what is about to be done; from now on our new token opens our doors to the partner."""
        at = self.clock()
        self.secrets.remove(f"{self.name}.answer")  # of an action that is done
        reference = self.secrets.write(f"{self.name}.given-next", given) if given else ""
        with self.engine.begin() as connection:
            hashed = fingerprint(given) if given else None
            if hashed:
                write.give(
                    connection, self.name, token_sha256=hashed, purpose=Purpose.ACCESS, reference=reference, at=at
                )
            write.journal(
                connection,
                self.name,
                action=action,
                phase=Phase.INTENT,
                by=By.US,
                detail=detail,
                at=at,
                given_sha256=hashed,
            )

    def keep_answer(self, body: bytes) -> None:
        """Put the answer where nothing of it is lost: it holds the partner's new token, and is sent once."""
        self.secrets.write(f"{self.name}.answer", Secret(body.decode("utf-8", "replace")))

    def answered(self) -> Secret | None:
        """Return the answer that was kept."""
        return self.secrets.read(f"{self.name}.answer")

    def take(self, answer: Secret) -> Stated:
        """Return the credentials in an answer; a partner that gives us the token that we hold repeats it.

        Raises:
            PartnerUnavailable: if there are none: the partner has ours, and its own cannot be read.
        """
        try:
            envelope = read_envelope(answer.reveal().encode())
            stated = credentials.read(envelope.data)
        except (UnreadablePage, NoCredentials) as problem:
            raise PartnerUnavailable(
                self.name,
                f"it took our credentials, and its own cannot be read: {problem}",
                f"show it the answer in {self.secrets.reference(f'{self.name}.answer')}",
            ) from problem
        return replace(stated, token=self.held) if stated.token.reveal() == MASK else stated

    def finish(self, action: Action, *, stated: Stated, offer: Offer | None, given_sha256: str | None) -> None:
        """Keep the partner's new token, make our new one the only one, and write that it is done.

        The answer is removed last: killed anywhere before, the next run does all of this again, to the same end.
        """
        at, place = self.clock(), f"{self.name}.token"
        reference = self.secrets.write(place, stated.token)
        partner_write.write(self.file, {"token": reference})
        if (following := self.secrets.read(f"{self.name}.given-next")) is not None:
            self.secrets.write(f"{self.name}.given", following)
            self.secrets.remove(f"{self.name}.given-next")
        with self.engine.begin() as connection:
            write.settle(
                connection,
                self.name,
                state=State.REGISTERED,
                at=at,
                version=self.partner.version,
                their_url=stated.url,
                their_roles=stated.roles,
                their_endpoints=by_module(offer) if offer else {},
                held_sha256=fingerprint(stated.token),
                held_reference=reference,
            )
            if given_sha256:
                write.replace_others(connection, self.name, by=given_sha256, at=at, are_dead=True)
            else:
                write.end_all(connection, self.name, at=at)
            self._journal(connection, action, Phase.DONE, f"it speaks for {', '.join(stated.roles)}", given_sha256)
        self.secrets.remove(f"{self.name}.answer")

    def give_up(self, action: Action, *, phase: Phase, detail: str, given_sha256: str | None) -> None:
        """Write that it was not done, or that it cannot be known; in the latter case our new token stays good."""
        with self.engine.begin() as connection:
            if phase is Phase.REFUSED and given_sha256:
                write.end(connection, given_sha256, at=self.clock())
            self._journal(connection, action, phase, detail, given_sha256)
        if phase is Phase.REFUSED:
            self.secrets.remove(f"{self.name}.given-next")

    def await_token(self) -> str:
        """Let the partner file refer to where the partner's next token will be written; return the reference."""
        reference = self.secrets.reference(f"{self.name}.token")
        partner_write.write(self.file, {"token": reference})
        return reference

    def leave(self) -> None:
        """Write that the partner and we do not know each other any more; no token opens anything."""
        with self.engine.begin() as connection:
            write.end_all(connection, self.name, at=self.clock())
            write.settle(connection, self.name, state=State.UNREGISTERED, at=self.clock())
            self._journal(connection, Action.UNREGISTER, Phase.DONE, "it was taken back", None)
        for kind in ("given", "given-next", "token", "answer"):
            self.secrets.remove(f"{self.name}.{kind}")

    def _journal(
        self, connection: sa.Connection, action: Action, phase: Phase, detail: str, given_sha256: str | None
    ) -> None:
        write.journal(
            connection,
            self.name,
            action=action,
            phase=phase,
            by=By.US,
            detail=detail,
            at=self.clock(),
            given_sha256=given_sha256,
        )
