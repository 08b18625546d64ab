"""Registering with a partner, renewing, handing over to another platform, and taking it back; killed anywhere, resumed.

The one thing that cannot be made good from here: the partner did it, and its answer never reached our disk. Then the
token that we hold is dead and the new one is unknown. It is said so, and our own token stays good: the partner can PUT
its credentials to us with it, which gives us a token again; or it gives us a new token A, and we register anew.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from charging.database.queries import registration as read
from charging.database.turns import take_turns
from charging.errors import PartnerRefused, PartnerUnavailable
from charging.roaming.ocpi import credentials
from charging.roaming.ocpi.credentials import Us
from charging.roaming.ocpi.credentials_client import Offer
from charging.roaming.ocpi.credentials_desk import Desk, fingerprint
from charging.roaming.ocpi.transport import Answer
from charging.roaming.registration import Action, Event, Phase
from charging.secret import Secret

METHODS = {Action.REGISTER: "POST", Action.ROTATE: "PUT", Action.SWITCH: "PUT", Action.UNREGISTER: "DELETE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What would be done, as far as can be known without doing it."""

    partner: str
    action: Action
    method: str
    url: str
    version: str
    offered: tuple[str, ...]
    modules: tuple[str, ...]
    our_url: str
    cut_off: str | None
    """What an earlier run was about to do when it was cut off; it is looked after first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What was done."""

    partner: str
    action: Action
    outcome: str
    roles: tuple[str, ...]
    token: str
    """Where the token is kept that we come to the partner with."""


def plan(desk: Desk, action: Action, *, us: Us | None = None) -> Planned:
    """Return what an action would do; the partner is asked what it offers, and nothing else.

    Raises:
        PartnerRefused: if it says no.
        PartnerUnavailable: if it does not answer.
    """
    client = desk.client()
    offer = client.offer()
    with desk.engine.connect() as connection:
        intent = read.open_intent(connection, desk.name)
    return Planned(
        partner=desk.name,
        action=action,
        method=METHODS[action],
        url=client.credentials_url(offer),
        version=offer.version,
        offered=offer.versions,
        modules=tuple(f"{one.identifier} {one.role}".strip() for one in offer.endpoints),
        our_url="" if action is Action.UNREGISTER else (us or desk.us).versions_url,
        cut_off=f"{intent.action} of {intent.at:%Y-%m-%d %H:%M} UTC" if intent else None,
    )


def act(desk: Desk, action: Action, *, elsewhere: tuple[Us, Secret] | None = None) -> Acted:
    """Register, rotate, switch or unregister; what was cut off before is brought to its end first.

    `elsewhere` is for a switch: the platform that the partner shall talk to from now on, and its token.

    Raises:
        PartnerRefused: if the partner says no; nothing has changed then.
        PartnerUnavailable: if no answer came; running it again looks first at what became of it.
    """
    with _alone(desk):
        if (recovered := _recovered(desk, action)) is not None:
            return recovered
        client = desk.client()
        offer = client.offer()
        url = client.credentials_url(offer)
        if action is Action.UNREGISTER:
            return _unregister(desk, lambda: client.delete(url), detail=url)
        us, given = elsewhere or (desk.us, _again(desk) or desk.mint())
        body = credentials.render(us, token=given, version=offer.version)
        send = (lambda: client.post(url, body)) if action is Action.REGISTER else (lambda: client.put(url, body))
        return _exchange(desk, action, send, offer=offer, given=None if elsewhere else given, detail=us.versions_url)


@contextmanager
def _alone(desk: Desk) -> Iterator[None]:
    """Let no second run do the same; what is written meanwhile is written in transactions of its own."""
    with desk.engine.begin() as held:
        take_turns(held, f"handshake {desk.name}")
        yield


def _exchange(
    desk: Desk, action: Action, send: Callable[[], Answer], *, offer: Offer, given: Secret | None, detail: str
) -> Acted:
    hashed = fingerprint(given) if given else None
    desk.begin(action, given=given, detail=detail)
    try:
        answer = send()
    except PartnerRefused as no:
        desk.give_up(action, phase=Phase.REFUSED, detail=no.problem, given_sha256=hashed)
        raise
    except PartnerUnavailable as problem:
        is_answer = "OCPI status" in problem.problem
        mend = problem.mend if is_answer else "run it again: it looks first at whether this was done"
        raise PartnerUnavailable(desk.name, problem.problem, mend) from problem
    desk.keep_answer(answer.body)
    return _finished(desk, action, offer=offer, given_sha256=hashed)


def _finished(desk: Desk, action: Action, *, offer: Offer | None, given_sha256: str | None) -> Acted:
    answer = desk.answered()
    if answer is None:
        raise AssertionError("an answer is kept before it is read")
    stated = desk.take(answer)
    if desk.partner.party not in stated.parties:
        note = f"done; but its credentials are those of {', '.join(stated.roles)}, and not of {desk.partner.party}"
    else:
        note = "done"
    desk.finish(action, stated=stated, offer=offer, given_sha256=given_sha256)
    place = desk.secrets.reference(f"{desk.name}.token")
    return Acted(partner=desk.name, action=action, outcome=note, roles=stated.roles, token=place)


def _unregister(desk: Desk, send: Callable[[], Answer], *, detail: str) -> Acted:
    desk.begin(Action.UNREGISTER, given=None, detail=detail)
    try:
        send()
    except PartnerRefused as no:
        if no.status != 401:  # the token opened its doors a moment ago: an attempt whose answer was lost has been done
            desk.give_up(Action.UNREGISTER, phase=Phase.REFUSED, detail=no.problem, given_sha256=None)
            raise
    desk.leave()
    return Acted(partner=desk.name, action=Action.UNREGISTER, outcome="done", roles=(), token="")


def _again(desk: Desk) -> Secret | None:
    """Return the token of an exchange that was cut off before anything came of it: it is given again."""
    return desk.secrets.read(f"{desk.name}.given-next")


def _recovered(desk: Desk, action: Action) -> Acted | None:
    """Bring what was cut off to its end; return it if it is what is asked for now.

    Raises:
        PartnerRefused: if the partner did it and its answer is lost.
        PartnerUnavailable: if it cannot be asked.
    """
    with desk.engine.connect() as connection:
        intent = read.open_intent(connection, desk.name)
    if intent is None:
        return None
    if desk.answered() is not None:
        acted = _finished(desk, intent.action, offer=None, given_sha256=intent.given_sha256)
        return acted if intent.action is action else None
    if not _is_barred(desk):
        detail = "it was cut off; the token that we hold still opens, so it has not been done"
        desk.give_up(intent.action, phase=Phase.UNKNOWN, detail=detail, given_sha256=intent.given_sha256)
        return None
    if intent.action is Action.UNREGISTER:
        desk.leave()
        return Acted(partner=desk.name, action=intent.action, outcome="done", roles=(), token="")
    raise _lost(desk, intent)


def _is_barred(desk: Desk) -> bool:
    """Whether the partner does not know the token any more that we hold."""
    try:
        desk.client().offer()
    except PartnerRefused as no:
        if no.status == 401:
            return True
        raise
    return False


def _lost(desk: Desk, intent: Event) -> PartnerRefused:
    detail = "it was cut off after the partner had done it: the token that we hold is dead, and the new one is not here"
    desk.give_up(intent.action, phase=Phase.UNKNOWN, detail=detail, given_sha256=intent.given_sha256)
    reference = desk.await_token()
    ours = urlsplit(desk.us.versions_url)
    return PartnerRefused(
        desk.name,
        detail,
        f"ask it to PUT its credentials to {ours.scheme}://{ours.netloc} with the token that we gave it, and all is "
        f"well; or for a new token A: write that to {reference.removeprefix('file:')}, and register again",
        status=401,
    )
