"""Cards of our own drivers and of two roaming parties, with contract ids that are right to the check digit."""

from datetime import datetime, timedelta
from random import Random

from rehearsal.truth import ROAMING_PARTIES, TrueToken

SHARES: tuple[tuple[str | None, float], ...] = ((None, 0.60), (ROAMING_PARTIES[0], 0.25), (ROAMING_PARTIES[1], 0.15))
"""Of the sessions, and of the cards."""
OWN_PARTY = "NL-EVN"

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def contract_id(party: str, number: int) -> str:
    """Return an eMI3 contract id, `CC-PPP-C00000000-D`, with its ISO 15118 check digit."""
    country, provider = party.split("-")
    instance = f"C{number:08d}"
    return f"{country}-{provider}-{instance}-{check_digit(country + provider + instance)}"


def check_digit(compact: str) -> str:
    """Return the check digit of a contract id's 14 characters (ISO 15118-2, matrix scheme over Z2 and Z3)."""
    bits, trits = (0, 0), (0, 0)
    for character in reversed(compact):
        nines, ninth = divmod(_ALPHABET.index(character), 9)
        bits = _times_p((bits[0] + nines // 2, bits[1] + nines % 2))
        trits = _times_q((trits[0] + ninth // 3, trits[1] + ninth % 3))
    # The digit stands at position 15, where P is the identity and Q is its own seventh power.
    high = 2 * bits[0] + bits[1]
    low = 3 * (-trits[1] % 3) + (trits[1] - trits[0]) % 3
    return _ALPHABET[9 * high + low]


def _times_p(row: tuple[int, int]) -> tuple[int, int]:
    return row[1] % 2, (row[0] + row[1]) % 2


def _times_q(row: tuple[int, int]) -> tuple[int, int]:
    return row[1] % 3, (row[0] + 2 * row[1]) % 3


def cards(rng: Random, *, stations: int, as_of: datetime) -> tuple[TrueToken, ...]:
    """Return about four cards a station; a few are blocked or expired and are never used."""
    made: dict[str, TrueToken] = {}
    total = max(40, 4 * stations)
    for number in range(1, total + 1):
        party = _party(number / total)
        uid = _uid(rng)
        fate = rng.random()
        made[uid] = TrueToken(
            token_uid=uid,
            contract_id=contract_id(party or OWN_PARTY, 10_000 + number),
            party=party,
            parent_uid=f"FLEET{number % 7:02d}" if party is None and number % 12 == 0 else None,
            is_blocked=fate < 0.02,
            expires_at=_expiry(fate, rng, as_of),
        )
    return tuple(made.values())


def usable(tokens: tuple[TrueToken, ...], *, as_of: datetime) -> dict[str | None, list[TrueToken]]:
    """Return the cards that may charge, by party."""
    good = [
        token for token in tokens if not token.is_blocked and (token.expires_at is None or token.expires_at > as_of)
    ]
    return {party: [token for token in good if token.party == party] for party, _ in SHARES}


def pick(rng: Random, by_party: dict[str | None, list[TrueToken]]) -> TrueToken:
    """Choose who charges: the party by its share, then any of its cards."""
    return rng.choice(by_party[_party(rng.random())])


def _party(point: float) -> str | None:
    for party, share in SHARES:
        point -= share
        if point < 0:
            return party
    return SHARES[-1][0]


def _uid(rng: Random) -> str:
    """Return an ISO 14443 UID: mostly 7 bytes beginning with NXP's 04, sometimes 4 bytes."""
    if rng.random() < 0.7:
        return "04" + "".join(f"{rng.randrange(1, 256):02X}" for _ in range(6))
    # Neither a random UID (08) nor half a long one (88), and never all decimal digits, which could be read as a number.
    return "".join((f"{rng.randrange(0x0A, 0x80):02X}", f"{rng.randrange(256):02X}", f"{rng.randrange(256):02X}", "A7"))


def _expiry(fate: float, rng: Random, as_of: datetime) -> datetime | None:
    midnight = as_of.replace(hour=0, minute=0, second=0, microsecond=0)
    if fate > 0.97:
        return midnight - timedelta(days=rng.randrange(1, 400))
    if fate > 0.60:
        return midnight + timedelta(days=rng.randrange(200, 1500))
    return None
