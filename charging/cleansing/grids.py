"""The Dutch grid RD New (EPSG:28992), and the point on the globe of its coordinates, good to a metre.

The series are those of Schreutelkamp and Strang van Hees (2001), in seconds of arc per 100 km from Amersfoort.
"""

from decimal import Decimal

_ORIGIN_X, _ORIGIN_Y = Decimal(155_000), Decimal(463_000)
_ORIGIN_LATITUDE, _ORIGIN_LONGITUDE = Decimal("52.15517440"), Decimal("5.38720621")
_WEST, _EAST, _SOUTH, _NORTH = 0, 300_000, 300_000, 630_000
_LATITUDE = (
    (0, 1, "3235.65389"),
    (2, 0, "-32.58297"),
    (0, 2, "-0.24750"),
    (2, 1, "-0.84978"),
    (0, 3, "-0.06550"),
    (2, 2, "-0.01709"),
    (1, 0, "-0.00738"),
    (4, 0, "0.00530"),
    (2, 3, "-0.00039"),
    (4, 1, "0.00033"),
    (1, 1, "-0.00012"),
)
_LONGITUDE = (
    (1, 0, "5260.52916"),
    (1, 1, "105.94684"),
    (1, 2, "2.45656"),
    (3, 0, "-0.81885"),
    (1, 3, "0.05594"),
    (3, 1, "-0.05607"),
    (0, 1, "0.01199"),
    (3, 2, "-0.00256"),
    (1, 4, "0.00128"),
    (0, 2, "0.00022"),
    (2, 0, "-0.00022"),
    (5, 0, "0.00026"),
)


def from_rd(x: Decimal, y: Decimal) -> tuple[Decimal, Decimal] | None:
    """Return latitude and longitude of a point of the grid, or None if it lies beside the grid."""
    if not (_WEST <= x <= _EAST and _SOUTH <= y <= _NORTH):
        return None
    dx, dy = (x - _ORIGIN_X) / 100_000, (y - _ORIGIN_Y) / 100_000
    return (
        _ORIGIN_LATITUDE + _series(_LATITUDE, dx, dy) / 3600,
        _ORIGIN_LONGITUDE + _series(_LONGITUDE, dx, dy) / 3600,
    )


def _series(terms: tuple[tuple[int, int, str], ...], dx: Decimal, dy: Decimal) -> Decimal:
    return sum((Decimal(factor) * _power(dx, p) * _power(dy, q) for p, q, factor in terms), Decimal(0))


def _power(base: Decimal, exponent: int) -> Decimal:
    return Decimal(1) if exponent == 0 else base**exponent
