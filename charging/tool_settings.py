"""What is said of a maker's tool: a program that moves stations where OCPP cannot."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Tool(BaseModel):
    """One program. What it is told and what it answers: `rehome recipe tool-schema`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: tuple[str, ...] = Field(min_length=1, description="the program and its arguments; no shell reads them")
    folder: Path | None = Field(default=None, description="where it runs, relative to home; home if not given")
    secrets: dict[str, str] = Field(
        default_factory=dict, description="environment variable of the program = reference to a secret"
    )
    variables: dict[str, str] = Field(default_factory=dict, description="its other environment variables")
