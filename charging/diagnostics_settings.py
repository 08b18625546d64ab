"""Where stations put their logs when something went wrong."""

from pydantic import BaseModel, ConfigDict, Field


class Diagnostics(BaseModel):
    """The table [diagnostics] of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    location: str | None = Field(
        default=None,
        description="reference to the URL of the folder that stations upload their logs to, with user and password; "
        "where it is given, a station that a wave could not move is asked for its log",
    )
