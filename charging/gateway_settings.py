"""What the gateway is told from outside: where stations reach it, and how long things are kept."""

import re
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_OLD_ADDRESS = re.compile(r"([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*)?/[!-~]*")


class Gateway(BaseModel):
    """The table [gateway] of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
        description="name of this gateway among those of the fleet; the machine's if absent",
    )
    host: str = Field(default="127.0.0.1", description="address on which stations are listened to over TLS")
    port: int = Field(default=8887, ge=1, le=65_535, description="port on which stations are listened to over TLS")
    certificate: Path | None = Field(default=None, description="certificate chain for TLS, PEM, relative to home")
    key: Path | None = Field(default=None, description="its private key, PEM, relative to home")
    client_ca: Path | None = Field(
        default=None, description="certificates that stations' own are signed by, PEM, relative to home"
    )
    plain_text_apn: str | None = Field(
        default=None, description="ADDRESS:PORT of a listener without TLS, for a private APN alone"
    )
    endpoint: str = Field(default="/ocpp", pattern=r"^/[!-~]*$", description="path before a station's identity")
    old_addresses: tuple[str, ...] = Field(
        default=(),
        description="HOST/PATH or /PATH by which stations called the legacy, and which lead here by now: who still "
        "calls there is let in as everybody, and listed (rehome alarms --kind old_address)",
    )
    metrics_port: int = Field(
        default=8888, ge=0, le=65_535, description="port on 127.0.0.1 of /metrics, /healthz and /readyz; 0 for any"
    )
    journal: Path = Field(default=Path("gateway"), description="folder of the journals, relative to home")
    frames_days: int = Field(default=30, ge=1, le=3_650, description="for how many days frames are kept")
    alarms_days: int = Field(default=365, ge=1, le=3_650, description="for how many days alarms are kept")
    drain_seconds: float = Field(
        default=30.0, ge=0, le=3_600, allow_inf_nan=False, description="how long open calls may finish when it stops"
    )
    ping_seconds: float = Field(
        default=60.0, ge=1, le=3_600, allow_inf_nan=False, description="how long a silent link is left unpinged"
    )
    pong_seconds: float = Field(
        default=20.0, ge=1, le=3_600, allow_inf_nan=False, description="how long the answer to a ping may take"
    )
    flavours: Path | None = Field(
        default=None, description="file of the flavours of types of stations, TOML, relative to home"
    )
    move_hours: float = Field(
        default=4.0, gt=0, le=168, allow_inf_nan=False, description="how long a move waits for an idle moment"
    )

    @model_validator(mode="after")
    def _tells_old_from_new(self) -> Self:
        """A path of ours without a host is no old one: everybody would be listed."""
        for old in self.old_addresses:
            if not _OLD_ADDRESS.fullmatch(old):
                raise ValueError(f"old_addresses names {old!r}: write HOST/PATH without wss://, or /PATH")
        same = [old for old in self.old_addresses if old.rstrip("/") == self.endpoint.rstrip("/")]
        if same:
            raise ValueError(
                f"old_addresses names {same[0]}, which is the endpoint itself; name the old host before it"
            )
        return self
