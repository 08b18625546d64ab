"""Why a session has no price, or only an approximate one: the same sentence, however it was worked out."""

NO_PERIODS = "it has no charging periods"
NOT_IN_ORDER = "the charging periods are not in order of time"
NONE_AGREED = "it names no tariff and none is agreed"
SEVERAL_CURRENCIES = "its periods are priced in several currencies"
SEVERAL_LIMITS = "its periods are priced by tariffs with different limits for the whole session"
TELLS_NOTHING = "the tariff tells the amount neither with nor without VAT"
TOO_GREAT = "its price is too great a number"
NOT_EXACT = "its numbers do not fit into columns: it must be priced from its CDR"


def not_known(tariff_id: str) -> str:
    """Say that a period names a tariff that is not there."""
    return f"the tariff {tariff_id!r} is not known"


def negative(period: int, dimension: str) -> str:
    """Say that something was measured backwards."""
    return f"period {period} measures a negative {dimension}"


def no_current(period: int) -> str:
    """Say that a restriction cannot be tested."""
    return f"the tariff depends on the current, which period {period} does not state"


def average_power(period: int) -> str:
    """Say that a restriction was tested on an average."""
    return f"period {period} does not state its power; the average was taken"


def changes_within(period: int) -> str:
    """Say that a period crosses a boundary of the tariff."""
    return f"the tariff changes within period {period}; the price at its beginning was taken"
