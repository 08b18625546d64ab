"""How people and stations call sockets, cables and currents, in the words of OCPI 2.2.1 (ConnectorType and others)."""

import re
from collections.abc import Mapping

_STANDARDS = (
    *("CHADEMO", "CHAOJI", "DOMESTIC_A", "DOMESTIC_B", "DOMESTIC_C", "DOMESTIC_D", "DOMESTIC_E", "DOMESTIC_F"),
    *("DOMESTIC_G", "DOMESTIC_H", "DOMESTIC_I", "DOMESTIC_J", "DOMESTIC_K", "DOMESTIC_L", "DOMESTIC_M"),
    *("DOMESTIC_N", "DOMESTIC_O", "GBT_AC", "GBT_DC", "IEC_60309_2_single_16", "IEC_60309_2_three_16"),
    *("IEC_60309_2_three_32", "IEC_60309_2_three_64", "IEC_62196_T1", "IEC_62196_T1_COMBO", "IEC_62196_T2"),
    *("IEC_62196_T2_COMBO", "IEC_62196_T3A", "IEC_62196_T3C", "NEMA_5_20", "NEMA_6_30", "NEMA_6_50"),
    *("NEMA_10_30", "NEMA_10_50", "NEMA_14_30", "NEMA_14_50", "PANTOGRAPH_BOTTOM_UP", "PANTOGRAPH_TOP_DOWN"),
    *("TESLA_R", "TESLA_S"),
)
_FORMATS = ("SOCKET", "CABLE")
_POWER_TYPES = ("AC_1_PHASE", "AC_2_PHASE", "AC_2_PHASE_SPLIT", "AC_3_PHASE", "DC")
# The words of OCPP 2.x (ConnectorEnumType: c for a cable, s for a socket) and of people; what could be two is absent.
_SPELLINGS: Mapping[str, Mapping[str, str]] = {
    "standard": {
        **dict.fromkeys(("type1", "ctype1", "j1772", "saej1772", "yazaki"), "IEC_62196_T1"),
        **dict.fromkeys(("type2", "stype2", "ctype2", "mennekes", "iec62196type2"), "IEC_62196_T2"),
        **dict.fromkeys(("ccs1", "cccs1", "combo1", "ccstype1"), "IEC_62196_T1_COMBO"),
        **dict.fromkeys(("ccs2", "cccs2", "combo2", "ccstype2", "type2combo", "type2ccs"), "IEC_62196_T2_COMBO"),
        **dict.fromkeys(("cg105", "jevsg105"), "CHADEMO"),
        "cchaoji": "CHAOJI",
        "s3091p16a": "IEC_60309_2_single_16",
        "s3093p16a": "IEC_60309_2_three_16",
        "s3093p32a": "IEC_60309_2_three_32",
        "schuko": "DOMESTIC_F",
        "type3c": "IEC_62196_T3C",
        "type3a": "IEC_62196_T3A",
    },
    "format": {
        **dict.fromkeys(("attached", "attachedcable", "fixedcable", "tethered", "kabel"), "CABLE"),
        **dict.fromkeys(("outlet", "untethered", "stekker", "contactdoos"), "SOCKET"),
    },
    "power_type": {
        **dict.fromkeys(("ac1", "1phase", "ac1ph", "singlephase", "acsinglephase"), "AC_1_PHASE"),
        **dict.fromkeys(("ac3", "3phase", "ac3ph", "threephase", "acthreephase"), "AC_3_PHASE"),
        "directcurrent": "DC",
    },
}


def _folded(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()


_WORDS: Mapping[str, Mapping[str, str]] = {
    column: {**{_folded(word): word for word in words}, **_SPELLINGS[column]}
    for column, words in (("standard", _STANDARDS), ("format", _FORMATS), ("power_type", _POWER_TYPES))
}
FIELDS = tuple(_WORDS)


def ocpi_word(column: str, text: str) -> str | None:
    """Return OCPI's word for a connector's `standard`, `format` or `power_type`, or None if it is not known."""
    return _WORDS[column].get(_folded(text))
