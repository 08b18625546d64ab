"""Where compiled loops are kept: one file each, named after all that it depends on, so that none is ever out of date.

They stand beside this file, or, where the installation may not be written to, in the user's cache; a process reads
both. Where neither can be written to, each process compiles for itself. `NUMBA_CACHE_DIR` names another place.
"""

import os
import pickle
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba.core import config, types
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from charging.loops.fingerprint import fingerprint

_rebuilt: Any = CompileResult._rebuild  # noqa: SLF001 - as numba's own cache does
_dumps: Any = dumps
_BESIDE = Path(__file__).parent / "__pycache__"
_DIGEST = 32
_SHORT = 16


class Kept(_Cache):
    """What one loop was compiled to, by the types of its arguments: numba asks it before it compiles, and after."""

    def __init__(self, loop: Any) -> None:
        self._loop = loop
        self._fingerprint = ""

    @property
    def cache_path(self) -> str:
        """Where this loop would be written to first."""
        return str(next(_folders()))

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what was compiled for these types, if it is kept and whole."""
        target_context.refresh()
        name = self._name(sig, target_context.codegen())
        for folder in _folders():
            found = _read(folder / name)
            if found is not None:
                return _rebuilt(target_context, *pickle.loads(found))  # noqa: S301 - our own file
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled, where that is possible; what the loop was before goes."""
        name = self._name(sig, data.codegen)
        kept = _dumps(data._reduce())  # noqa: SLF001 - as numba's own cache does
        for folder in _folders():
            if _write(folder / name, kept):
                self._forget_former(folder)
                return

    def enable(self) -> None:
        """Nothing: what is compiled is always kept."""

    def disable(self) -> None:
        """Nothing: what is compiled is always kept."""

    def flush(self) -> None:
        """Nothing: what is out of date is never read."""

    def _name(self, sig: Any, codegen: Any) -> str:
        """Return the file's name: numba compiles for each set of types and each processor apart."""
        arguments = sig.args if hasattr(sig, "args") else sig
        stated = repr(([*_told(arguments)], codegen.magic_tuple()))
        return f"{self._stem()}{self._made_of()}-{sha256(stated.encode()).hexdigest()[:_SHORT]}.loop"

    def _stem(self) -> str:
        return f"{self._loop.__module__}.{self._loop.__qualname__}-"

    def _made_of(self) -> str:
        # Not before the first call: a loop may call one that stands below it.
        self._fingerprint = self._fingerprint or fingerprint(self._loop)[:_SHORT]
        return self._fingerprint

    def _forget_former(self, folder: Path) -> None:
        for former in folder.glob(f"{self._stem()}*.loop"):
            if not former.name.startswith(self._stem() + self._made_of()):
                former.unlink(missing_ok=True)


def _told(arguments: Any) -> Iterator[str]:
    """Yield the types, and the fields of named tuples: their type's own name does not say them."""
    for each in arguments:
        yield str(each)
        if isinstance(each, types.BaseTuple):
            yield repr(getattr(getattr(each, "instance_class", None), "_fields", None))
            yield from _told(each)


def _folders() -> Iterator[Path]:
    named = getattr(config, "CACHE_DIR", "")
    if named:
        yield Path(named)
        return
    yield _BESIDE
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - Path's raises without one
    if os.path.isabs(home):  # noqa: PTH117 - of a text
        installation = sha256(str(_BESIDE).encode()).hexdigest()[:_SHORT]
        yield Path(home, "rehome", f"loops-{installation}")


def _read(path: Path) -> bytes | None:
    try:
        kept = path.read_bytes()
    except OSError:
        return None
    digest, found = kept[:_DIGEST], kept[_DIGEST:]
    return found if sha256(found).digest() == digest else None


def _write(path: Path, found: bytes) -> bool:
    """Write a file whole or not at all; say whether that was possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as draft:
            try:
                draft.write(sha256(found).digest() + found)
                draft.close()
                Path(draft.name).chmod(0o644)
                Path(draft.name).replace(path)
            except OSError:
                Path(draft.name).unlink(missing_ok=True)
                return False
    except OSError:
        return False
    return True
