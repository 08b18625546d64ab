"""How a back-office is reached, and what is said where it is needed and not told."""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from charging.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class RestApi:
    """Where a back-office's REST API is, and who asks there."""

    address: str
    user: str
    password: str
    """Reference to that user's password."""


class BackOffice(BaseModel):
    """How one back-office is reached: its database, its operations API, and the address that stations dial."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database: str = Field(description="reference to the SQLAlchemy address of its database, password included")
    rest: str | None = Field(default=None, description="address of its REST API, without /api/v1")
    user: str | None = Field(default=None, description="user of the REST API")
    password: str | None = Field(default=None, description="reference to that user's password")
    ws: str | None = Field(default=None, description="OCPP address that stations dial, without their identity")
    kind: Literal["steve"] = Field(default="steve", description="steve, or for a target: ocpi, citrineos, csv")
    tags: Literal["sql", "rest"] = Field(default="sql", description="by which way a target takes tokens")

    def rest_api(self, name: str) -> RestApi:
        """Return how its REST API is reached; what only reads the database needs none. `name` is the table's own.

        Raises:
            SettingsError: if the file does not say it.
        """
        return RestApi(
            address=self._needed(self.rest, name, "rest"),
            user=self._needed(self.user, name, "user"),
            password=self._needed(self.password, name, "password"),
        )

    def dialled(self, name: str) -> str:
        """Return the address that stations dial.

        Raises:
            SettingsError: if the file does not say it.
        """
        return self._needed(self.ws, name, "ws")

    def _needed(self, value: str | None, name: str, key: str) -> str:
        if value is None:
            what = type(self).model_fields[key].description
            raise SettingsError(f"{name}.{key}", "is missing, and needed for this", f"write it under [{name}]: {what}")
        return value
