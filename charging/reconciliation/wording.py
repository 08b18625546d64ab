"""Numbers as an explanation says them: the same words for the same number, however many zeros were stated."""

from decimal import Decimal

_DECIMALS = 2


def number(stated: Decimal) -> str:
    """Return a number without needless zeros, but with two decimals at least: `4.50`, `0.001`."""
    whole, _, decimals = f"{stated:f}".partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<{_DECIMALS}}"
