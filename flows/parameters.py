"""What a person fills in to start a flow: each model shows as a form in the Prefect UI."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Form(BaseModel):
    """A form: a key that it does not know is refused."""

    model_config = ConfigDict(extra="forbid")


DESPITE: str = Field(
    default="",
    title="Despite the quarantine",
    description="Where too much stands in quarantine nothing goes on. To go on all the same, say why; it is kept.",
)


class BackOfficeName(StrEnum):
    """Which back-office."""

    LEGACY = "legacy"
    TARGET = "target"


class SourceKind(StrEnum):
    """What is read."""

    STEVE = "steve"
    """A back-office's SteVe, as rehome.toml describes it."""
    SQL = "sql"
    """Any database, by a mapping file."""
    CSV = "csv"
    ZIP = "zip"
    """SteVe's own export, or CSV files."""


class DateOrder(StrEnum):
    """In which order a file writes its dates."""

    DETECTED = "detected"
    DMY = "dmy"
    MDY = "mdy"
    YMD = "ymd"


class DecimalMark(StrEnum):
    """What stands before the decimals of a file."""

    DETECTED = "detected"
    POINT = "."
    COMMA = ","


class Asking(StrEnum):
    """Who answers at a gate."""

    COMMITTEE = "committee"
    """The run is suspended until the form or `rehome gate decide` answers."""
    REHEARSAL = "rehearsal"
    """Answered at once and recorded as automatic: open unless the verdict is closed. For simulated networks only."""


class Extraction(Form):
    """What to extract: a back-office, or any database, CSV file or ZIP that the worker can reach."""

    kind: SourceKind = Field(default=SourceKind.STEVE, title="Kind of source")
    back_office: BackOfficeName = Field(
        default=BackOfficeName.LEGACY,
        title="Back-office",
        description="Of a SteVe: whose database is read; nothing is written to it.",
    )
    path: str = Field(default="", title="File", description="Of a CSV file or a ZIP: where it is.")
    mapping: str = Field(
        default="", title="Mapping file", description="Of a database, or of files whose columns are not known."
    )
    database: str = Field(
        default="",
        title="Database",
        description="A reference to its address, such as env:LEGACY_URL; never a password.",
    )
    time_zone: str = Field(default="", title="Time zone", description="Of a file whose times carry none.")
    date_order: DateOrder = Field(
        default=DateOrder.DETECTED, title="Order of day and month", description="Where a file does not prove it."
    )
    decimal: DecimalMark = Field(
        default=DecimalMark.DETECTED, title="Decimal mark", description="Where a file does not prove it."
    )
    encoding: str = Field(default="", title="Encoding", description="Of a file; empty: detected.")
    delta: bool = Field(
        default=False,
        title="Only what is new",
        description="On: read on from the latest extract that has been cleansed. Off: read everything.",
    )


class Cleansing(Form):
    """Which extract to cleanse."""

    back_office: BackOfficeName = Field(
        default=BackOfficeName.LEGACY, title="Back-office", description="Its latest extract is cleansed."
    )
    source: str = Field(
        default="",
        title="Or another source",
        description="The name of a file, or of a mapping, as its extract has it; then the back-office does not matter.",
    )


class Remapping(Form):
    """How EVSE ids are remapped."""

    approve: bool = Field(
        default=False,
        title="Approve what the rules decide",
        description="Off: proposals are listed only. On: those that need no owner's decision enter the alias ledger.",
    )
    rules: list[str] = Field(
        default_factory=list,
        title="Rules",
        description="Empty: every rule that leaves nothing to the owner. A rule that does (id.din, id.nonconforming) "
        "is approved only where it is named here, and somebody stands for it.",
    )
    by: str = Field(default="", title="Decided by", description="Needed where a rule is named; written down.")
    reason: str = Field(default="", title="Why", description="Written into the history of every EVSE.")

    @model_validator(mode="after")
    def _is_somebodys(self) -> "Remapping":
        if self.rules and not (self.by.strip() and self.reason.strip()):
            raise ValueError("rules that are named are somebody's decision: say by whom, and why")
        return self


class Loading(Form):
    """How the target is loaded."""

    dry_run: bool = Field(
        default=True, title="Dry run", description="On: show what would be created, changed and refused. Off: do it."
    )
    despite: str = DESPITE


class Planning(Form):
    """How waves are planned."""

    pilot: Annotated[int, Field(ge=1, le=20)] = Field(
        default=3, title="Pilot size", description="Stations of each type and firmware that go first."
    )
    largest_wave: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=200, title="Largest wave", description="No wave holds more stations than this."
    )
    despite: str = DESPITE


class Answer(StrEnum):
    """What is decided on what stands in quarantine."""

    SHOW = "show"
    """Nothing: only show what waits, and for whom."""
    RELEASE = "release"
    DISCARD = "discard"


class Answering(Form):
    """What is answered about rows in quarantine: a decision on those that are meant, or a list that came back."""

    decision: Answer = Field(
        default=Answer.SHOW, title="Decision", description="Release lets rows rejoin, discard leaves them out for good."
    )
    key: str = Field(default="", title="Case", description="One case, as the work list names it (Q-…).")
    owner: str = Field(default="", title="Whose turn", description="Or all that wait for this party.")
    entity: str = Field(default="", title="Entity", description="Or all of this entity.")
    rule: str = Field(default="", title="Rule", description="Or all that this rule set aside.")
    corrected: list[str] = Field(
        default_factory=list, title="Corrected values", description="Values that the owner gave, each as field=value."
    )
    file: str = Field(
        default="", title="Answered list", description="Or the path of a list (.xlsx, .csv) that a party has answered."
    )
    only_good: bool = Field(
        default=False, title="Only the good lines", description="Off: one bad line keeps all of the list out."
    )
    by: str = Field(default="", title="Decided by", description="Needed with a decision; written down.")
    reason: str = Field(default="", title="Why", description="Needed with a decision; written down.")
    dry_run: bool = Field(default=True, title="Dry run", description="On: show what would become of each row.")


class CutOver(Form):
    """Which waves to cut over."""

    plan_id: str = Field(default="", title="Plan", description="Empty: the latest plan.")
    waves: list[int] = Field(default_factory=list, title="Waves", description="Empty: every wave, in order.")
    asking: Asking = Field(default=Asking.COMMITTEE, title="Who answers at the gates")
    requester: str = Field(default="", title="Requested by", description="Who asks may not be who approves.")
    dry_run: bool = Field(
        default=True, title="Dry run", description="On: gates are judged and nothing is sent to any station."
    )


class RollBack(Form):
    """Which stations go back to the legacy."""

    plan_id: str = Field(default="", title="Plan", description="Empty: the latest plan.")
    wave: int | None = Field(default=None, title="Wave", description="Every station of this wave that has moved.")
    stations: list[str] = Field(default_factory=list, title="Stations", description="Or these stations alone.")
    reason: str = Field(default="", title="Why", description="Written into every station's history.")
    dry_run: bool = Field(default=True, title="Dry run", description="On: show which stations would go back.")


class FirmwareCampaign(Form):
    """Which image is fetched by whom, how fast, and how far a run goes."""

    campaign: str = Field(
        default="", title="Campaign", description="Its name; started again under it, a campaign goes on. Empty: made."
    )
    vendor: str = Field(title="Maker", description="As in a recipe: a pattern such as “Supplier F*”.")
    models: list[str] = Field(min_length=1, title="Models", description="Patterns: one image is for these models.")
    version: str = Field(min_length=1, title="Version", description="As a station that has it says it when it boots.")
    size_bytes: Annotated[int, Field(ge=1)] = Field(title="Size of the image", description="In bytes.")
    location: str = Field(
        min_length=1,
        title="Where the image is",
        description="A URL that stations reach, or a reference such as env:IMAGE_URL where a password is in it.",
    )
    signature: str = Field(default="", title="Signature", description="Base64, where the maker signs its images.")
    signing_certificate: str = Field(default="", title="Signing certificate", description="PEM; with a signature.")
    via: BackOfficeName = Field(
        default=BackOfficeName.LEGACY,
        title="Back-office",
        description="To which the gateway leads the stations that take part: firmware goes before the move.",
    )
    air: Annotated[int, Field(ge=1)] = Field(default=40, title="On the air", description="kbit/s of one station.")
    wire: Annotated[int, Field(ge=1)] = Field(default=5_000, title="On a wire", description="kbit/s of one station.")
    cell: Annotated[int, Field(ge=1)] = Field(
        default=200, title="Cell", description="kbit/s that the stations of one location have together."
    )
    carriers: list[str] = Field(
        default_factory=list, title="Carriers", description="Each as IMSI5=kbit/s, such as 20408=2000."
    )
    server: Annotated[int, Field(ge=1)] = Field(default=50_000, title="Server", description="kbit/s that it gives.")
    pilots: Annotated[int, Field(ge=0)] = Field(
        default=3, title="Pilots", description="So many of each present version go first, and all others wait for them."
    )
    most_wrong: Annotated[int, Field(ge=0)] = Field(
        default=0, title="Most that may go wrong", description="With more than these nobody else is ordered."
    )
    needs_snapshot: bool = Field(
        default=True,
        title="Only with a snapshot",
        description="On: a station whose configuration cannot be read before is left as it is.",
    )
    minutes: Annotated[int, Field(ge=1, le=2_880)] = Field(
        default=240, title="How long this run goes on", description="In minutes; the next run goes on from there."
    )
    by: str = Field(default="", title="Ordered by", description="Needed unless it is a dry run; written down.")
    reason: str = Field(default="", title="Why", description="Needed unless it is a dry run; written down.")
    dry_run: bool = Field(default=True, title="Dry run", description="On: show who would fetch when. Nothing is sent.")

    @model_validator(mode="after")
    def _is_somebodys(self) -> "FirmwareCampaign":
        if not self.dry_run and not (self.by.strip() and self.reason.strip()):
            raise ValueError("an image that is ordered is somebody's decision: say by whom, and why")
        if bool(self.signature) != bool(self.signing_certificate):
            raise ValueError("a signature and its certificate go together: give both, or neither")
        return self


class JudgedOn(StrEnum):
    """Who judges a night."""

    THIS_PROCESS = "this process"
    """One part of it after the other."""
    DASK = "a Dask cluster"
    """All parts at once, as far as workers are free. Needs rehome[dask]."""


class Judged(Form):
    """Where a night is judged: nothing of its outcome depends on it."""

    judged_on: JudgedOn = Field(
        default=JudgedOn.THIS_PROCESS,
        title="Who judges a night",
        description="A large night is cut into parts that nothing connects. This process takes one after the other; "
        "the workers of a Dask cluster, which must see the home folder, take them at once.",
    )
    scheduler: str = Field(
        default="",
        title="Address of the Dask scheduler",
        description="Such as tcp://dask:8786. Empty: as many workers on this machine as it has cores.",
    )
    parts: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=0, title="Parts", description="Into how many a night is cut. 0: as many as its size asks for."
    )

    @property
    def place(self) -> dict[str, Any]:
        """Where it is judged, as the task takes it."""
        return {"judged_on": str(self.judged_on), "scheduler": self.scheduler, "parts": self.parts}


class Night(Judged):
    """Which night to reconcile, and with whom."""

    partners: list[str] = Field(default_factory=list, title="Partners", description="Empty: every partner with a file.")
    day: date | None = Field(
        default=None, title="Day", description="In the settings' time zone. Empty: the day that ended last."
    )
    days: Annotated[int, Field(ge=1, le=92)] = Field(
        default=1, title="Days", description="How many days up to and with that day are looked at together."
    )
    spread: bool = Field(
        default=False,
        title="A run for each partner",
        description="On: each partner's night is a run of its own on the work pool. Off: all of them in this one.",
    )


class PartnerNight(Judged):
    """Which partner's night to reconcile."""

    partner: str = Field(title="Partner", description="As its file is named.")
    day: date = Field(title="Day", description="In the settings' time zone.")
    days: Annotated[int, Field(ge=1, le=92)] = Field(default=1, title="Days")


class FollowUp(Form):
    """Which partners' cases to follow up."""

    partners: list[str] = Field(default_factory=list, title="Partners", description="Empty: every partner with a file.")
    tolerance: Annotated[Decimal, Field(ge=0)] = Field(
        default=Decimal(0), title="Tolerance", description="A remainder of an invoice up to this amount is not named."
    )


class Watching(Form):
    """How far back recorded traffic is compared with what is kept of each type of station."""

    days: Annotated[int, Field(ge=1, le=92)] = Field(
        default=14, title="Days", description="Only what was recorded after the flavours were learnt counts."
    )


class Publishing(Form):
    """Which reports to publish."""

    plan_id: str = Field(default="", title="Plan", description="Empty: the latest plan.")
