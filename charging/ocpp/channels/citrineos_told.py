"""What the frames and rows of a CitrineOS say, each by itself. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from charging.migration.firmware.status import Happened
from charging.migration.ports import Sighting
from charging.ocpp.channels.calls import Payload
from charging.ocpp.frames import CallError


def answer_to(number: str, frames: Sequence[tuple[str, list[Any]]]) -> Payload | CallError | None:
    """Return the answer to a call of this number, None while there is none."""
    for frame in frames:
        match frame:
            case ("cs", [3, str(answered), dict(payload), *_]) if answered == number:
                return payload
            case ("cs", [4, str(answered), str(code), *rest]) if answered == number:
                description, details = (*rest, "", {})[:2]
                return CallError(unique_id=number, code=code, description=str(description), details=dict(details or {}))
    return None


def nothing(station_id: str) -> Sighting:
    """Return what is known of a station that nothing has been read of yet."""
    return Sighting(
        station_id=station_id, is_connected=None, booted_at=None, heard_at=None, firmware=None, open_transactions=0
    )


def said(payload: Payload, *, at: datetime) -> Happened:
    """Return what a FirmwareStatusNotification or a BootNotification says, in either generation's words."""
    box = payload.get("chargingStation", payload)
    number = payload.get("requestId")
    return Happened(
        at=at,
        said=payload.get("status"),
        booted_with=None if "status" in payload else box.get("firmwareVersion"),
        request_id=number if isinstance(number, int) else None,
    )


def instant(text: str) -> datetime:
    """Return an instant that CitrineOS has written down; one without its zone is UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
