"""What a compiled loop was made of: its code, that of the loops it calls, and each constant that one of them reads."""

import dis
import sys
from collections.abc import Iterator, Mapping
from enum import EnumMeta
from hashlib import sha256
from importlib.metadata import version
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

_PLAIN = (type(None), bool, int, float, str, bytes, np.generic)
_OURS = __name__.partition(".")[0]


def fingerprint(loop: FunctionType) -> str:
    """Return a digest that changes with anything a compiled loop depends on, and with nothing else.

    Comments, docstrings and lines that move change nothing.

    Raises:
        TypeError: if the loop reads something of which nobody can tell whether it changed.
    """
    made_by = (sys.implementation.cache_tag, *(version(name) for name in ("numba", "llvmlite", "numpy")))
    digest = sha256(repr(made_by).encode())
    for line in _of_loop(loop, set()):
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()


def _of_loop(loop: FunctionType, told: set[FunctionType]) -> Iterator[str]:
    name = f"{loop.__module__}.{loop.__qualname__}"
    yield name
    if loop in told:
        return
    told.add(loop)
    yield repr(loop.__defaults__)
    for code in _codes(loop.__code__):
        yield code.co_code.hex()
        yield repr((code.co_argcount, code.co_names, code.co_varnames, code.co_freevars))
        yield from (repr(each) for each in code.co_consts if not isinstance(each, CodeType) and each != loop.__doc__)
        for read in dis.get_instructions(code):
            if read.opname == "LOAD_GLOBAL" and read.argval in loop.__globals__:
                yield read.argval
                yield from _of_value(loop.__globals__[read.argval], told, f"{name}: {read.argval}")


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes(each)


def _of_value(value: Any, told: set[FunctionType], where: str) -> Iterator[str]:
    if hasattr(value, "py_func"):
        yield repr(sorted(value.targetoptions.items()))
        yield from _of_loop(value.py_func, told)
    elif isinstance(value, _PLAIN):
        yield f"{type(value)} {value!r}"
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype} {value.shape} {value.tobytes().hex()}"
    elif isinstance(value, tuple):
        for each in value:
            yield from _of_value(each, told, where)
    elif isinstance(value, EnumMeta):
        members: Mapping[str, Any] = value.__members__
        yield repr([(name, member.value) for name, member in members.items()])
    elif isinstance(value, type) and issubclass(value, tuple) and hasattr(value, "_fields"):
        yield repr((value.__module__, value.__qualname__, value._fields))
    elif _is_of_others(value):
        yield repr(getattr(value, "__qualname__", value.__name__))
    else:
        raise TypeError(f"{where} is a {type(value).__name__}: a compiled loop reads constants, loops and named tuples")


def _is_of_others(value: Any) -> bool:
    """Whether a module, class or function is of Python or a library: it changes with a version only."""
    module = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return isinstance(module, str) and hasattr(value, "__name__") and module.partition(".")[0] != _OURS
