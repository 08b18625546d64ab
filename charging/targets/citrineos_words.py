"""What CitrineOS calls what OCPI and OCPP name otherwise. Pure."""

import re
from collections.abc import Mapping

_TYPES = (
    *("CHAdeMO", "ChaoJi", "GBTAC", "GBTDC", "PantographBottomUp", "PantographTopDown", "TeslaR", "TeslaS"),
    *(f"Domestic{letter}" for letter in "ABCDEFGHIJKLMNO"),
    *("IEC603092Single16", "IEC603092Three16", "IEC603092Three32", "IEC603092Three64"),
    *("IEC62196T1", "IEC62196T1COMBO", "IEC62196T2", "IEC62196T2COMBO", "IEC62196T3A", "IEC62196T3C"),
    *(f"NEMA{number}" for number in (520, 630, 650, 1030, 1050, 1430, 1450)),
)
_FORMATS = ("Socket", "Cable")
_POWERS = ("AC1Phase", "AC2Phase", "AC2PhaseSplit", "AC3Phase", "DC")
_UID_LENGTHS = {8: "ISO14443", 14: "ISO14443", 20: "ISO14443", 16: "ISO15693"}
"""By hexadecimal digits: ISO 14443 has 4, 7 or 10 bytes, ISO 15693 has 8."""
_PROTOCOLS = {"ocpp1.6": "ocpp1.6", "ocpp1.6j": "ocpp1.6", "ocpp2.0.1": "ocpp2.0.1", "ocpp2.1": "ocpp2.1"}


def _bare(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.casefold())


_WORDS: Mapping[str, Mapping[str, str]] = {
    "type": {_bare(word): word for word in _TYPES},
    "format": {_bare(word): word for word in _FORMATS},
    "powerType": {_bare(word): word for word in _POWERS},
}


def connector_word(column: str, word: str) -> str | None:
    """Return CitrineOS's word for OCPI's, or None if it has none: the two differ in case and punctuation only."""
    return _WORDS[column].get(_bare(word))


def protocol(ours: str | None) -> str | None:
    """Return the protocol as CitrineOS writes it, or None for one that it does not speak."""
    return _PROTOCOLS.get((ours or "").casefold())


def token_type(uid: str) -> str:
    """Return what kind of token a uid looks like: a station that speaks OCPP 2.0.1 says it with the uid."""
    is_hexadecimal = re.fullmatch(r"[0-9A-Fa-f]+", uid) is not None
    return _UID_LENGTHS.get(len(uid), "Other") if is_hexadecimal else "Other"
