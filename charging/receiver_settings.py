"""What our own OCPI receiver is told from outside: where it listens, and how partners reach it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Receiver(BaseModel):
    """The table [receiver] of the settings. Without TLS it belongs behind a proxy, hence the loopback address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = Field(
        default=None, description="address by which partners reach it, up to and with /ocpi: https://us.example/ocpi"
    )
    business_name: str = Field(
        default="rehome", min_length=1, max_length=100, description="our name, as partners read it"
    )
    host: str = Field(default="127.0.0.1", description="address that it listens on")
    port: int = Field(default=8095, ge=1, le=65_535, description="port that it listens on")
    certificate: Path | None = Field(default=None, description="certificate chain for TLS, PEM, relative to home")
    key: Path | None = Field(default=None, description="its private key, PEM, relative to home")
    max_body_bytes: int = Field(default=5_000_000, ge=1_000, description="the largest body that is taken")
    failures_per_minute: int = Field(default=30, ge=1, description="unknown tokens taken of one address, then HTTP 429")
