"""What a target that is no SteVe is told from outside, by its kind."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KnownConnector(_Table):
    """What the owner says of connectors of which the source says nothing. Every use of it is listed."""

    standard: str = Field(description="OCPI ConnectorType, such as IEC_62196_T2")
    format: Literal["SOCKET", "CABLE"]
    power_type: str = Field(description="OCPI PowerType, such as AC_3_PHASE")
    max_voltage: int = Field(ge=1)
    max_amperage: int = Field(ge=1)


class OcpiReceiver(_Table):
    """A platform that takes locations, tariffs and tokens over OCPI."""

    kind: Literal["ocpi"]
    versions_url: str = Field(description="its versions endpoint")
    token: str = Field(description="reference to the token that it gave us")
    token_encoding: Literal["base64", "raw"] = "base64"  # noqa: S105 - how a token is written, and none
    version: Literal["2.1.1", "2.2.1", "2.3.0"] = "2.2.1"
    party: str = Field(pattern=r"^[A-Z]{2}-[A-Z0-9]{3}$", description="country and party of the receiver, NL-NEW")
    origins: tuple[str, ...] = Field(default=(), description="where else its addresses may lie: https://host:port")
    requests_per_second: float = Field(default=10.0, gt=0, allow_inf_nan=False, description="more are never sent")
    publish: bool = Field(default=False, description="whether new locations may be shown to the public")
    connector: KnownConnector | None = Field(default=None, description="for EVSEs whose connectors nobody has told")


class CitrineOs(_Table):
    """A CitrineOS: by the GraphQL API on its database it is loaded, by its message API its stations are reached."""

    kind: Literal["citrineos"]
    graphql: str = Field(description="address of its GraphQL API, such as http://host:8090/v1/graphql")
    secret: str | None = Field(default=None, description="reference to Hasura's admin secret, where it has one")
    tenant: int = Field(default=1, ge=1, description="id of the tenant that everything belongs to")
    api: str | None = Field(default=None, description="address of its message API, before /ocpp")
    api_token: str | None = Field(default=None, description="reference to the bearer token of that API, if it asks")
    ws: str | None = Field(default=None, description="OCPP address that stations dial, without their identity")
    requests_per_second: float = Field(default=20.0, gt=0, allow_inf_nan=False, description="more are never sent")
    publish: bool = Field(default=False, description="whether it may publish new locations to its partners")


class CsvFolder(_Table):
    """Files for a portal's importer."""

    kind: Literal["csv"]
    folder: Path = Field(default=Path("target"), description="where the files are written, relative to home")
    culture: str = Field(default="plain", description="name of a preset: plain, be-energised, greenflux, monta")
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    decimal: Literal[".", ","] | None = None
    dates: str | None = Field(default=None, description="as strftime writes them, such as %d-%m-%Y %H:%M")
    has_bom: bool | None = None
    max_rows: int | None = Field(default=None, ge=1, description="of one file, its header not counted")
    has_key: bool = Field(
        default=True,
        description="whether the last column is rehome_key; without it rows are found again by the importer's column "
        "of the id, or, where it has none, only as a whole: one that reads otherwise then counts as missing",
    )
    headers: dict[str, str] = Field(default_factory=dict, description="our field = their header; others are left out")


TargetTable = OcpiReceiver | CitrineOs | CsvFolder
