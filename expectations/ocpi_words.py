"""The closed sets of OCPI that what is published must be in, per version."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from string import ascii_uppercase

VERSIONS = ("2.1.1", "2.2.1", "2.3.0")

_FIRST = frozenset(
    {
        "CHADEMO",
        *(f"DOMESTIC_{letter}" for letter in ascii_uppercase[:12]),
        "IEC_60309_2_single_16",
        *(f"IEC_60309_2_three_{amperes}" for amperes in (16, 32, 64)),
        *(f"IEC_62196_{plug}" for plug in ("T1", "T1_COMBO", "T2", "T2_COMBO", "T3A", "T3C")),
        *("TESLA_R", "TESLA_S"),
    }
)
_SECOND = _FIRST | {
    *("CHAOJI", "GBT_AC", "GBT_DC"),
    *(f"DOMESTIC_{letter}" for letter in "MNO"),
    *(f"NEMA_{plug}" for plug in ("5_20", "6_30", "6_50", "10_30", "10_50", "14_30", "14_50")),
    *("PANTOGRAPH_BOTTOM_UP", "PANTOGRAPH_TOP_DOWN"),
}

STANDARDS: Mapping[str, AbstractSet[str]] = {"2.1.1": _FIRST, "2.2.1": _SECOND, "2.3.0": _SECOND | {"MCS", "SAE_J3400"}}
"""ConnectorType."""

FORMATS: AbstractSet[str] = frozenset({"SOCKET", "CABLE"})
"""ConnectorFormat."""

POWER_TYPES: Mapping[str, AbstractSet[str]] = {
    "2.1.1": frozenset({"AC_1_PHASE", "AC_3_PHASE", "DC"}),
    **dict.fromkeys(
        ("2.2.1", "2.3.0"), frozenset({"AC_1_PHASE", "AC_2_PHASE", "AC_2_PHASE_SPLIT", "AC_3_PHASE", "DC"})
    ),
}
"""PowerType."""

TOKEN_TYPES: Mapping[str, AbstractSet[str]] = {
    "2.1.1": frozenset({"OTHER", "RFID"}),
    "2.2.1": frozenset({"AD_HOC_USER", "APP_USER", "OTHER", "RFID"}),
    "2.3.0": frozenset({"AD_HOC_USER", "APP_USER", "EMAID", "OTHER", "RFID"}),
}
"""TokenType."""

WHITELISTS: AbstractSet[str] = frozenset({"ALWAYS", "ALLOWED", "ALLOWED_OFFLINE", "NEVER"})
"""WhitelistType."""

EVSE_STATUSES: AbstractSet[str] = frozenset(
    {
        *("AVAILABLE", "BLOCKED", "CHARGING", "INOPERATIVE", "OUTOFORDER"),
        *("PLANNED", "REMOVED", "RESERVED", "UNKNOWN"),
    }
)
"""Status."""
