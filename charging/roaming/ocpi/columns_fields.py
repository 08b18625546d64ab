"""Which fields of an OCPI CDR become columns, per version: the tables that the scanner walks by.

A field is a number. Containers that must be told apart have marks: numbers, too, that stand where they open.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

# Texts, by their column.
COUNTRY_CODE, PARTY_ID, CDR_ID, SESSION_ID, AUTHORIZATION, EVSE, EVSE_UID, CONNECTOR = range(8)
TOKEN, CONTRACT, CURRENCY, CREDITS, INVOICE, COUNTRY, LATITUDE, LONGITUDE, REMARK = range(8, 17)
TEXTS = 17
# Instants, and numbers, by their column from the first of their kind on.
START, END, LAST_UPDATED = 20, 21, 22
ENERGY, HOURS, PARKING, NET, GROSS = 30, 31, 32, 33, 34
NUMBERS = 5
CREDIT = 40
PART, PART_NET, TAX, TAX_AMOUNT, COORDINATES = 41, 42, 43, 44, 45
PERIODS, PERIOD, PERIOD_START, PERIOD_TARIFF, DIMENSIONS, DIMENSION, DIMENSION_TYPE, VOLUME = range(50, 58)
TARIFF, TARIFF_ID, TARIFF_CURRENCY, EVSES, EVSE_211, CONNECTOR_211 = range(60, 66)
STATUS_CODE, STATUS_MESSAGE, DATA = 80, 81, 82

LEAF, OBJECT, ARRAY = 0, 1, 2
RECORD_NODE = 1
"""The node of a record; the envelope's is 0."""


class Into(NamedTuple):
    """An object, or a list of objects, with the marks of the container and of each element (-1: none)."""

    fields: Mapping[str, "int | Into"]
    is_list: bool = False
    mark: int = -1
    element_mark: int = -1


@dataclass(frozen=True, slots=True)
class Tables:
    """The nodes of a version. Node n's children are `first[n]` to `first[n + 1]`."""

    first: npt.NDArray[np.int32]
    element_mark: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int32]
    target: npt.NDArray[np.int32]
    """The field of a leaf, the node of a container."""
    mark: npt.NDArray[np.int32]
    key_at: npt.NDArray[np.int32]
    """Child c's key is bytes `key_at[c]` to `key_at[c + 1]`."""
    keys: npt.NDArray[np.uint8]
    required: tuple[int, ...]
    """Texts that must be there."""


def _price(net: str, gross: Mapping[str, int | Into]) -> dict[str, int | Into]:
    parts = ("total_fixed_cost", "total_energy_cost", "total_time_cost", "total_parking_cost", "total_reservation_cost")
    price: dict[str, int | Into] = {"total_cost": Into({net: NET, **gross})}
    return price | {name: Into({net: PART_NET}, mark=PART) for name in parts}


_COORDINATES = Into({"latitude": LATITUDE, "longitude": LONGITUDE}, mark=COORDINATES)
_ANY: dict[str, int | Into] = {
    "id": CDR_ID,
    "start_date_time": START,
    "session_id": SESSION_ID,
    "currency": CURRENCY,
    "tariffs": Into({"id": TARIFF_ID, "currency": TARIFF_CURRENCY}, is_list=True, element_mark=TARIFF),
    "charging_periods": Into(
        {
            "start_date_time": PERIOD_START,
            "dimensions": Into(
                {"type": DIMENSION_TYPE, "volume": VOLUME}, is_list=True, mark=DIMENSIONS, element_mark=DIMENSION
            ),
            "tariff_id": PERIOD_TARIFF,
        },
        is_list=True,
        mark=PERIODS,
        element_mark=PERIOD,
    ),
    "total_energy": ENERGY,
    "total_time": HOURS,
    "total_parking_time": PARKING,
    "remark": REMARK,
    "last_updated": LAST_UPDATED,
}
_211: dict[str, int | Into] = _ANY | {
    "stop_date_time": END,
    "auth_id": TOKEN,
    "authorization_id": AUTHORIZATION,
    "location": Into(
        {
            "evses": Into(
                {
                    "uid": EVSE_UID,
                    "evse_id": EVSE,
                    "connectors": Into({"id": CONNECTOR}, is_list=True, element_mark=CONNECTOR_211),
                },
                is_list=True,
                mark=EVSES,
                element_mark=EVSE_211,
            ),
            "country": COUNTRY,
            "coordinates": _COORDINATES,
        }
    ),
    "total_cost": NET,
}
_22: dict[str, int | Into] = _ANY | {
    "country_code": COUNTRY_CODE,
    "party_id": PARTY_ID,
    "end_date_time": END,
    "cdr_token": Into({"uid": TOKEN, "contract_id": CONTRACT}),
    "cdr_location": Into(
        {
            "evse_id": EVSE,
            "evse_uid": EVSE_UID,
            "connector_id": CONNECTOR,
            "country": COUNTRY,
            "coordinates": _COORDINATES,
        }
    ),
    "authorization_reference": AUTHORIZATION,
    "invoice_reference_id": INVOICE,
    "credit": CREDIT,
    "credit_reference_id": CREDITS,
}
_TAXES = Into({"amount": TAX_AMOUNT}, is_list=True, element_mark=TAX)
_BY_VERSION: Mapping[str, dict[str, int | Into]] = {
    "2.1.1": _211,
    "2.2.1": _22 | _price("excl_vat", {"incl_vat": GROSS}),
    "2.3.0": _22 | _price("before_taxes", {"taxes": _TAXES}),
}
_REQUIRED: Mapping[str, tuple[int, ...]] = {
    "2.1.1": (CDR_ID, CURRENCY, TOKEN, EVSE_UID),
    "2.2.1": (CDR_ID, CURRENCY, TOKEN, CONTRACT, EVSE, COUNTRY_CODE, PARTY_ID),
    "2.3.0": (CDR_ID, CURRENCY, TOKEN, CONTRACT, EVSE, COUNTRY_CODE, PARTY_ID),
}


@lru_cache
def tables(version: str) -> Tables:
    """Return the tables of a version."""
    record = Into(_BY_VERSION[version], is_list=True, mark=DATA)
    nodes = [Into({"data": record, "status_code": STATUS_CODE, "status_message": STATUS_MESSAGE})]
    children: list[tuple[str, int, int, int]] = []
    first = [0]
    for node in nodes:  # which grows while its containers are met, breadth first: the record becomes node 1
        for key, into in node.fields.items():
            if isinstance(into, int):
                children.append((key, LEAF, into, -1))
            else:
                children.append((key, ARRAY if into.is_list else OBJECT, len(nodes), into.mark))
                nodes.append(into)
        first.append(len(children))
    ends = np.cumsum([0, *(len(key) for key, *_ in children)])
    return Tables(
        first=np.array(first, np.int32),
        element_mark=np.array([node.element_mark for node in nodes], np.int32),
        kind=np.array([kind for _, kind, _, _ in children], np.int32),
        target=np.array([target for _, _, target, _ in children], np.int32),
        mark=np.array([mark for *_, mark in children], np.int32),
        key_at=ends.astype(np.int32),
        keys=np.frombuffer("".join(key for key, *_ in children).encode(), np.uint8).copy(),
        required=_REQUIRED[version],
    )
