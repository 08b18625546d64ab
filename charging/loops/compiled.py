"""How a loop is compiled: at its first call, for the types that it is called with."""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

from charging.loops.kept import Kept

Loop = TypeVar("Loop", bound=Callable[..., Any])
_njit: Any = numba.njit
"""Its stated types know of no wrappers that are left out: a loop needs none for C, and an inner one none for Python."""
ENTRIES: list[Any] = []
"""Every loop that Python calls, as far as its module has been imported."""


def compiled(loop: Loop) -> Loop:
    """Compile a loop that Python calls, with all that it calls itself; what was compiled is kept (`kept`)."""
    entry = _njit(nogil=True, no_cfunc_wrapper=True)(loop)
    entry._cache = Kept(loop)  # noqa: SLF001 - numba can only be told to keep it by the date of one file
    ENTRIES.append(entry)
    return entry  # type: ignore[no-any-return]


def inner(loop: Loop) -> Loop:
    """Compile a loop that other loops alone call: it is kept within each of them, and Python cannot call it."""
    return _njit(nogil=True, no_cfunc_wrapper=True, no_cpython_wrapper=True)(loop)  # type: ignore[no-any-return]
