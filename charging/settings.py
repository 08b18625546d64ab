"""All settings, in one frozen value that is built when it is needed and never at import.

A file `rehome.toml` in the home folder holds them; environment variables (`REHOME_…`) go before it. Secrets are
references (`env:NAME`, `file:PATH`), never values.
"""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AwareDatetime, BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, field_validator
from pydantic_core import ErrorDetails
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from charging import secret, settings_words
from charging.back_office_settings import BackOffice
from charging.diagnostics_settings import Diagnostics
from charging.errors import SettingsError
from charging.gateway_settings import Gateway
from charging.identifier_settings import Impact, Remap
from charging.receiver_settings import Receiver
from charging.secret import Secret
from charging.target_settings import CitrineOs, CsvFolder, OcpiReceiver, TargetTable
from charging.tool_settings import Tool

FILE = "rehome.toml"
PREFIX = "REHOME_"
_COUNT = re.compile(r"[+-]?[0-9.]+(?:[eE][0-9]+)?")


class Section(BaseModel):
    """A table of the settings file: frozen, and an unknown key in it is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _kind(table: object) -> str:
    """Return which kind of target a table describes: SteVe's, unless it says otherwise."""
    return str(table.get("kind", "steve") if isinstance(table, Mapping) else getattr(table, "kind", "steve"))


_Target = Annotated[
    Annotated[BackOffice, Tag("steve")]
    | Annotated[OcpiReceiver, Tag("ocpi")]
    | Annotated[CitrineOs, Tag("citrineos")]
    | Annotated[CsvFolder, Tag("csv")],
    Discriminator(_kind),
]
_TARGETS: Mapping[str | int, type[BaseModel]] = {
    "steve": BackOffice,
    "ocpi": OcpiReceiver,
    "citrineos": CitrineOs,
    "csv": CsvFolder,
}


class Pace(Section):
    """How fast stations are cut over, and how long is waited for them."""

    concurrency: int = Field(default=50, ge=1, le=1000, description="stations in hand at the same time")
    starts_per_second: float = Field(
        default=1.0, allow_inf_nan=False, gt=0, description="so that neither ingress nor cell is stampeded"
    )
    poll_seconds: float = Field(
        default=5.0, allow_inf_nan=False, gt=0, description="how often a back-office is asked what it has seen"
    )
    settle_seconds: float = Field(
        default=60.0, allow_inf_nan=False, ge=0, description="how long a station is left alone before a doubt"
    )
    time_scale: float = Field(
        default=1.0, gt=0, allow_inf_nan=False, description="factor on every recipe's waiting time; 1 outside of tests"
    )


class Settings(Section):
    """What the whole system is told from outside."""

    home: Path
    database: str | None = Field(default=None, description="reference to PostgreSQL's address; embedded if absent")
    time_zone: str = Field(default="Europe/Amsterdam", description="IANA zone of the nights and of times in reports")
    operator: str = Field(
        default="NL*EVN", pattern=r"^[A-Z]{2}\*[A-Z0-9]{3}$", description="country and operator code of our EVSE ids"
    )
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$", description="ISO 4217 code of our prices")
    legacy: BackOffice | None = None
    target: _Target | None = None
    partners: Path = Field(default=Path("partners"), description="folder of partner files, relative to home")
    recipes: Path | None = Field(
        default=None, description="folder of recipe files beside those that ship, relative to home"
    )
    reports: Path = Field(default=Path("reports"), description="folder where reports are published, relative to home")
    data_docs_runs: int = Field(default=400, ge=1, description="of how many of the latest runs Data Docs have pages")
    pseudonym_key: str | None = Field(
        default=None, description="reference to the key of the pseudonyms in partners' reports; none are shown without"
    )
    freeze_from: AwareDatetime | None = Field(
        default=None, description="instant, with its zone, from which the legacy must not change its master data"
    )
    tools: dict[str, Tool] = Field(default_factory=dict, description="makers' tools, by the name that recipes use")
    pace: Pace = Pace()
    remap: Remap = Remap()
    impact: Impact = Impact()
    receiver: Receiver = Receiver()
    gateway: Gateway = Gateway()
    diagnostics: Diagnostics = Diagnostics()

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder's name, such as Europe
            raise ValueError(f"{name!r} is no IANA time zone such as Europe/Amsterdam") from None
        return name

    @field_validator("freeze_from", mode="before")
    @classmethod
    def _is_no_count(cls, instant: object) -> object:
        """A number would be taken for seconds since 1970."""
        is_count = isinstance(instant, int | float) or (isinstance(instant, str) and _COUNT.fullmatch(instant.strip()))
        if is_count and not isinstance(instant, bool):
            raise ValueError(f"{instant!r} is no {settings_words.INSTANT}")
        return instant

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def back_office(self, name: str) -> BackOffice:
        """Return the settings of `legacy` or `target`.

        Raises:
            SettingsError: if the file does not describe it.
        """
        found = {"legacy": self.legacy, "target": self.target}.get(name)
        if found is None:
            raise SettingsError(name, "is not described", f"add a table [{name}] to {self.home / FILE}")
        if not isinstance(found, BackOffice):
            raise SettingsError(name, f"is of kind {found.kind}, which no station can dial", "describe a back-office")
        return found

    def target_table(self) -> BackOffice | TargetTable:
        """Return what is said of the target, whatever its kind.

        Raises:
            SettingsError: if nothing is.
        """
        if self.target is None:
            raise SettingsError("target", "is not described", f"add a table [target] to {self.home / FILE}")
        return self.target


def home_folder() -> Path:
    """Return the folder that holds everything rehome keeps: `REHOME_HOME`, or `.rehome` where it is called."""
    return Path(os.environ.get("REHOME_HOME", ".rehome")).resolve()


def load(home: Path | None = None) -> Settings:
    """Build the settings from the file in `home` and the environment.

    Raises:
        SettingsError: naming the key, where it was set, and what would be right.
    """
    home = home or home_folder()
    file = home / FILE
    values: dict[str, object] = {}
    if file.exists():
        try:
            values = tomllib.loads(file.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(str(file), "is not TOML", f"mend it there: {error}") from None
        except OSError as error:
            raise SettingsError(str(file), f"cannot be read: {error.strerror}", "make a readable file of it") from None
    if os.environ.get("DATABASE_URL"):
        values.setdefault("database", "env:DATABASE_URL")
    if "home" in values:
        raise SettingsError(f"home in {file}", "cannot be set there", "name the folder in REHOME_HOME")
    told = _from_environment(os.environ)
    try:
        return Settings.model_validate({"home": home} | values | told)
    except ValidationError as error:
        raise _not_right(error.errors()[0], file=file, told=told) from None


def database_address(reference: str, *, setting: str) -> Secret:
    """Resolve a database reference and write its address so that SQLAlchemy uses psycopg 3.

    Raises:
        SettingsError: if it is no database address.
    """
    value = secret.resolve(reference, setting=setting).reveal()
    return Secret(with_driver(value, setting=f"{setting} ({reference})"))


def with_driver(address: str, *, setting: str) -> str:
    """Write every PostgreSQL address as `postgresql+psycopg://`, and MariaDB's and MySQL's with the driver we bring.

    Raises:
        SettingsError: if it is no database address.
    """
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number; its text may be part of a password
        raise SettingsError(setting, "is no database address", "write postgresql://user:password@host/name") from None
    if url.drivername == "postgres" or url.get_backend_name() == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    elif url.drivername in {"mysql", "mariadb"}:
        url = url.set(drivername=f"{url.drivername}+pymysql")
    return url.render_as_string(hide_password=False)


def shown(address: str | URL) -> str:
    """Return a database address as people may see it: without its password, and without options, which may hold one."""
    return make_url(address).set(query={}).render_as_string(hide_password=True)


def _from_environment(environment: Mapping[str, str]) -> dict[str, object]:
    names = (
        *("time_zone", "operator", "currency", "database", "partners", "recipes", "reports"),
        *("freeze_from", "pseudonym_key"),
    )
    found: dict[str, object] = {
        name: environment[PREFIX + name.upper()] for name in names if environment.get(PREFIX + name.upper())
    }
    return found


def _not_right(found: ErrorDetails, *, file: Path, told: Mapping[str, object]) -> SettingsError:
    """Return the sentence about a setting. What may hold a password, also in the wrong place, is not repeated."""
    place = [
        part for number, part in enumerate(found["loc"]) if part != "[key]" and (number != 1 or part not in _TARGETS)
    ]
    key = ".".join(map(str, place))
    where = f"{PREFIX}{key.upper()}" if key in told else f"{key} in {file}"
    match found["type"]:
        case "extra_forbidden":
            return SettingsError(where, "is unknown", f"known are {', '.join(_known(found['loc'][:-1]))}")
        case "missing":
            return SettingsError(where, "is missing", "write it there")
        case "union_tag_invalid":
            return SettingsError(f"{key}.kind in {file}", "is unknown", f"known are {', '.join(map(str, _TARGETS))}")
        case _:
            value = settings_words.shown(found)
            problem = f"is {value}, which is not right" if value else "is not right"
            return SettingsError(where, problem, settings_words.mend(found))


def _known(table: Sequence[str | int]) -> list[str]:
    """Return the names of the keys that a table of the file may have; no table is the file itself."""
    sections: Mapping[str | int, type[BaseModel]] = {
        "legacy": BackOffice,
        "target": BackOffice,
        "tools": Tool,
        "pace": Pace,
        "remap": Remap,
        "impact": Impact,
        "receiver": Receiver,
        "gateway": Gateway,
    }
    section = sections[table[0]] if table else Settings
    if len(table) > 1:
        section = _TARGETS.get(table[1], section)
    return [name for name in section.model_fields if name != "home"]
