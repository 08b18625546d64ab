"""The check digits of contract ids: ISO 15118's over two small fields, and DIN SPEC 91286's modulo 11."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ISO_LENGTH = 14

_Vector = tuple[int, int]
_Matrix = tuple[_Vector, _Vector]


def _add(one: _Vector, other: _Vector, modulus: int) -> _Vector:
    return (one[0] + other[0]) % modulus, (one[1] + other[1]) % modulus


def _times(row: _Vector, matrix: _Matrix) -> _Vector:
    return row[0] * matrix[0][0] + row[1] * matrix[1][0], row[0] * matrix[0][1] + row[1] * matrix[1][1]


def _product(one: _Matrix, other: _Matrix, modulus: int) -> _Matrix:
    first, second = (_add((0, 0), _times(row, other), modulus) for row in one)
    return first, second


def _powers(matrix: _Matrix, modulus: int) -> tuple[_Matrix, ...]:
    powers = [matrix]
    while len(powers) < _ISO_LENGTH:
        powers.append(_product(powers[-1], matrix, modulus))
    return tuple(powers)


_POWERS_OF_P = _powers(((0, 1), (1, 1)), 2)
_POWERS_OF_Q = _powers(((0, 1), (1, 2)), 3)


def iso_check_digit(compact_id: str) -> str:
    """Compute the check digit of ISO 15118 over 14 letters and digits.

    Each character is a value `9q + r`; `q` is two bits and `r` two trits, and position i adds them times the i-th
    power of a matrix. The fifteenth character is the one that makes both sums vanish.
    """
    t, u = (0, 0), (0, 0)
    for character, p, q in zip(compact_id.upper(), _POWERS_OF_P, _POWERS_OF_Q, strict=True):
        high, low = divmod(_ALPHABET.index(character), 9)
        t = _add(t, _times(divmod(high, 2), p), 2)
        u = _add(u, _times(divmod(low, 3), q), 3)
    trits = (-u[1] % 3, (u[1] - u[0]) % 3)  # the 15th power of Q is its 7th, inverted here; P's is the identity
    return _ALPHABET[(2 * t[0] + t[1]) * 9 + 3 * trits[0] + trits[1]]


def din_check_digit(compact_id: str) -> str:
    """Compute the check digit of DIN SPEC 91286 over 11 letters and digits: a sum of powers of two, modulo 11."""
    digits = "".join(str(_ALPHABET.index(character)) for character in compact_id.upper())
    remainder = sum(int(digit) << exponent for exponent, digit in enumerate(digits)) % 11
    return "X" if remainder == 10 else str(remainder)
