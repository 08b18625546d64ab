"""The folder that tokens are kept in, readable by nobody else: each written whole and on the disk, or not at all."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from charging.errors import SettingsError
from charging.secret import Secret

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class SecretsFolder:
    """Files of mode 0600 in a folder of mode 0700."""

    folder: Path

    def reference(self, name: str) -> str:
        """Return what stands for a secret in a partner file: `file:PATH`."""
        return f"file:{self._path(name)}"

    def write(self, name: str, secret: Secret) -> str:
        """Keep a secret in place of the one of that name, and return the reference to it.

        Raises:
            OSError: if it cannot be written.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(name)
        unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secret.reveal())
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        self._sync()
        return self.reference(name)

    def read(self, name: str) -> Secret | None:
        """Return a secret, or None if there is none of that name.

        Raises:
            SettingsError: if it is there and cannot be read.
        """
        try:
            return Secret(self._path(name).read_text("utf-8").strip())
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as problem:
            raise SettingsError(str(self._path(name)), "cannot be read", "see that you may read it") from problem

    def remove(self, name: str) -> None:
        """Forget a secret; one that is not there is forgotten already."""
        self._path(name).unlink(missing_ok=True)
        if self.folder.is_dir():
            self._sync()

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a secret")
        return self.folder / name

    def _sync(self) -> None:
        """See that the folder itself knows the name, should the power fail."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
