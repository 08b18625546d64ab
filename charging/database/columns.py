"""Column types for text that others wrote: it may hold what PostgreSQL cannot, and must not stop what it is part of.

A station's answer, a partner's CDR, a legacy's note: any of them can hold a NUL or half a surrogate pair. PostgreSQL
takes neither, in `text` and in `jsonb`; there they become U+FFFD. `landing` keeps them: `json` holds what was escaped.
"""

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Words(sa.types.TypeDecorator[str]):
    """`text`."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's own signature
        """Return the text as PostgreSQL takes it."""
        return None if value is None else storable(value)


class Document(sa.types.TypeDecorator[Any]):
    """`jsonb`."""

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: object, dialect: sa.Dialect) -> object:  # noqa: ARG002 - SQLAlchemy's own signature
        """Return the document as PostgreSQL takes it."""
        return storable_document(value)


def storable(text: str) -> str:
    """Return a text with U+FFFD for every character that PostgreSQL cannot hold."""
    return text if _is_plain(text) else _UNSTORABLE.sub("\ufffd", text)


def storable_values(values: Mapping[str, str | None]) -> Mapping[str, str | None]:
    """Return the values of a row, each as PostgreSQL can hold it. Nearly every row is as it should be."""
    together = "".join(filter(None, values.values()))
    if _is_plain(together) or _UNSTORABLE.search(together) is None:
        return values
    return {name: None if text is None else storable(text) for name, text in values.items()}


def _is_plain(text: str) -> bool:
    """Whether a look is enough to see that a text can be held: far quicker than to search it."""
    return text.isascii() and "\0" not in text


def storable_document(value: object) -> object:
    """Return a document with U+FFFD for every character that PostgreSQL cannot hold, in its keys as well."""
    match value:
        case str():
            return storable(value)
        case dict():
            return {storable_document(key): storable_document(entry) for key, entry in value.items()}
        case list() | tuple():
            return [storable_document(entry) for entry in value]
        case _:
            return value
