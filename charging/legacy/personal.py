"""Which columns tell who somebody is: a sample that is shown to people has them masked."""

from collections.abc import Mapping

from charging.legacy.source import AS_EXTRACTED

_PERSONAL: Mapping[str, frozenset[str]] = {
    "customer": frozenset({"customer_id", "name", "email", "phone", "note"}),
    "contract": frozenset({"contract_id", "customer_id"}),
    "token": frozenset({"token_uid", "parent_uid", "contract_id", "note", "customer_id"}),
    "session": frozenset({"token_uid"}),
    "reservation": frozenset({"token_uid"}),
    "meter_value": frozenset({"value"}),  # what a meter signed holds the driver's token
}
_LONGEST = 60


def masked(entity: str, values: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return a row as people may see it: of a personal value its length at most, of a long one its beginning."""
    personal = _PERSONAL.get(entity, frozenset())
    return {
        column: _masked(value, is_personal=column.removesuffix(AS_EXTRACTED) in personal)
        for column, value in values.items()
    }


def _masked(value: str | None, *, is_personal: bool) -> str | None:
    if value is None:
        return None
    if is_personal:
        return f"**** ({len(value)} characters)"
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}… ({len(value)} characters)"
