"""Every error that rehome raises on purpose.

A *no* (a closed gate, a discrepancy, a quarantined row) is a value, not an error. An error means that a question could
not be answered, or that a caller went on against a no. Each carries its facts as attributes and says in one sentence
what is wrong and what to do about it.

    RehomeError
    ├── UserError                 the person who called can mend it; shown as one sentence, exit status 2
    │   ├── SettingsError         a setting is missing or cannot be understood
    │   ├── SourceError           a legacy source cannot be read
    │   │   ├── SourceNotFound
    │   │   ├── UnreadableSource  encoding, truncation, not a table
    │   │   └── MissingColumns
    │   ├── PartnerFileError      a partner file is not valid
    │   ├── RecipeError           a recipe file is not valid
    │   ├── RouteRefused          a back-office, route or secret of the gateway cannot be set like this
    │   ├── AnswerRefused         a case in quarantine cannot be decided like this
    │   └── UnknownThing          no such plan, wave, gate, station, partner
    ├── MachineError              the machine does not allow it; exit status 2
    │   ├── DatabaseUnavailable
    │   ├── ServerNotStarted      a part of the stack did not come up
    │   ├── PortInUse
    │   └── DiskFull
    ├── RemoteError               another party's system did not do its part
    │   ├── BackOfficeUnavailable
    │   ├── StationUnreachable
    │   ├── PartnerRefused        401 or an OCPI error status
    │   └── PartnerUnavailable    no answer, or one that cannot be understood
    └── Refused                   a caller went on against a no; exit status 4
        ├── GateClosed
        ├── GateDecided           a decision came too late, or on evidence that has changed
        ├── QualityBlocked        an expectation whose consequence is "block" failed
        ├── CountsDisagree        rows in are not rows loaded plus rows quarantined
        ├── IllegalTransition     a station was asked to skip a stage
        ├── IllegalStep           a followed case was asked for what cannot happen to it now
        ├── GatewayRuns           another process is this gateway
        ├── PlanInUse             another process acts on the same stations
        └── AnotherRehearsal      one is running, or another one was begun
"""

from collections.abc import Collection, Sequence


class RehomeError(Exception):
    """The root of all errors that rehome raises on purpose."""


class UserError(RehomeError):
    """Something that the caller can mend."""


class SettingsError(UserError):
    """A setting is missing or cannot be understood."""

    def __init__(self, setting: str, problem: str, mend: str) -> None:
        self.setting, self.problem, self.mend = setting, problem, mend
        super().__init__(f"setting {setting} {problem}: {mend}")


class SourceError(UserError):
    """A legacy source cannot be read."""


class SourceNotFound(SourceError):
    """The named file, table or database is not there."""

    def __init__(self, source: str, mend: str = "check the name and that you may read it") -> None:
        self.source, self.mend = source, mend
        super().__init__(f"there is no source {source!r}: {mend}")


class UnreadableSource(SourceError):
    """The source is there, but it is not what it says it is."""

    def __init__(self, source: str, problem: str, mend: str) -> None:
        self.source, self.problem, self.mend = source, problem, mend
        super().__init__(f"{source} cannot be read: {problem}; {mend}")


class MissingColumns(SourceError):
    """A table lacks columns that the entity needs."""

    def __init__(self, source: str, missing: Collection[str], available: Collection[str]) -> None:
        self.source, self.missing, self.available = source, tuple(missing), tuple(available)
        super().__init__(
            f"{source} has no column for {', '.join(self.missing)}: it has {', '.join(self.available)}; "
            "name the right ones in a mapping file (--mapping)"
        )


class PartnerFileError(UserError):
    """A partner file is not valid. `key` is which one, where it is one."""

    def __init__(self, file: str, problem: str, mend: str, *, key: str = "") -> None:
        self.file, self.problem, self.mend, self.key = file, problem, mend, key
        super().__init__(f"partner file {file}: {problem}; {mend}")


class RecipeError(UserError):
    """A recipe file is not valid."""

    def __init__(self, file: str, problem: str, mend: str) -> None:
        self.file, self.problem, self.mend = file, problem, mend
        super().__init__(f"recipe {file}: {problem}; {mend}")


class RouteRefused(UserError):
    """A back-office, a route or a credential of the gateway cannot be set like this."""

    def __init__(self, name: str, problem: str, mend: str) -> None:
        self.name, self.problem, self.mend = name, problem, mend
        super().__init__(f"{name} is left as it is: {problem}; {mend}")


class UnknownThing(UserError):
    """There is no plan, wave, gate, station or partner of that name."""

    def __init__(self, kind: str, name: str, mend: str) -> None:
        self.kind, self.name, self.mend = kind, name, mend
        super().__init__(f"there is no {kind} {name!r}: {mend}")


class AnswerRefused(UserError):
    """A case in quarantine cannot be decided like this."""

    def __init__(self, case: str, problem: str, mend: str) -> None:
        self.case, self.problem, self.mend = case, problem, mend
        super().__init__(f"{case} is not decided: {problem}; {mend}")


class SeveralPartners(UserError):
    """A work list would tell a roaming partner what is another party's."""

    def __init__(self, partners: Sequence[str]) -> None:
        self.partners = partners
        super().__init__(
            f"this list would hold what waits for {', '.join(partners)} beside what is another party's: "
            "say for whom it is, with --owner, and for a roaming partner with --partner"
        )


class MachineError(RehomeError):
    """The machine does not allow what was asked."""


class DatabaseUnavailable(MachineError):
    """PostgreSQL cannot be reached or refuses us. `address` never contains a password."""

    def __init__(self, address: str, problem: str, mend: str) -> None:
        self.address, self.problem, self.mend = address, problem, mend
        super().__init__(f"the database at {address} cannot be used: {problem}; {mend}")


class ServerNotStarted(MachineError):
    """A part of the stack did not come up."""

    def __init__(self, part: str, problem: str, mend: str) -> None:
        self.part, self.problem, self.mend = part, problem, mend
        super().__init__(f"{part} did not start: {problem}; {mend}")


class PortInUse(MachineError):
    """Another program holds the port that a part was told to use."""

    def __init__(self, part: str, port: int, mend: str) -> None:
        self.part, self.port, self.mend = part, port, mend
        super().__init__(f"port {port} for {part} is in use by another program: {mend}")


class DiskFull(MachineError):
    """There is not enough room left to go on safely."""

    def __init__(self, folder: str, free_mb: int, needed_mb: int) -> None:
        self.folder, self.free_mb, self.needed_mb = folder, free_mb, needed_mb
        super().__init__(f"{folder} has {free_mb} MB free and {needed_mb} MB are needed: make room, then run it again")


class RemoteError(RehomeError):
    """Another party's system did not do its part."""


class BackOfficeUnavailable(RemoteError):
    """A back-office's API does not answer, or not as it should."""

    def __init__(
        self, back_office: str, problem: str, mend: str = "see whether it is up, then run the flow again"
    ) -> None:
        self.back_office, self.problem, self.mend = back_office, problem, mend
        super().__init__(f"the {back_office} back-office did not do it: {problem}; {mend}")


class StationUnreachable(RemoteError):
    """A back-office has no live connection to the station, or the station did not answer in time."""

    def __init__(self, station_id: str, problem: str) -> None:
        self.station_id, self.problem = station_id, problem
        super().__init__(f"station {station_id} cannot be reached: {problem}")


class PartnerRefused(RemoteError):
    """A partner answered, and the answer was no: `status` is HTTP's, `code` is OCPI's, where they are known."""

    def __init__(
        self, partner: str, problem: str, mend: str, *, status: int | None = None, code: int | None = None
    ) -> None:
        self.partner, self.problem, self.mend, self.status, self.code = partner, problem, mend, status, code
        super().__init__(f"partner {partner} refused: {problem}; {mend}")


class PartnerUnavailable(RemoteError):
    """A partner does not answer, or with something that cannot be understood."""

    def __init__(self, partner: str, problem: str, mend: str) -> None:
        self.partner, self.problem, self.mend = partner, problem, mend
        super().__init__(f"partner {partner} is unavailable: {problem}; {mend}")


class Refused(RehomeError):
    """A caller went on against a no."""


class GateClosed(Refused):
    """A gate said no; nothing after it has run."""

    def __init__(self, gate: str, reasons: Collection[str]) -> None:
        self.gate, self.reasons = gate, tuple(reasons)
        super().__init__(f"gate {gate} is closed: {'; '.join(self.reasons)}")


class GateDecided(Refused):
    """A decision came after another one, or on evidence that has changed since."""

    def __init__(self, plan_id: str, wave: int, problem: str) -> None:
        self.plan_id, self.wave, self.problem = plan_id, wave, problem
        super().__init__(f"the gate before wave {wave} of {plan_id} takes no decision now: {problem}")


class QualityBlocked(Refused):
    """An expectation whose consequence is "block" failed; nothing of the table was loaded."""

    def __init__(self, suite: str, failures: Collection[str]) -> None:
        self.suite, self.failures = suite, tuple(failures)
        why = "; ".join(failure.rstrip(".") for failure in self.failures)
        super().__init__(f"suite {suite} blocks: {why}; mend the source and extract it again")


class CountsDisagree(Refused):
    """A step cannot account for every row that went in."""

    def __init__(self, what: str, *, rows_in: int, loaded: int, quarantined: int) -> None:
        self.what, self.rows_in, self.loaded, self.quarantined = what, rows_in, loaded, quarantined
        super().__init__(
            f"{what}: {rows_in} rows went in, but {loaded} loaded and {quarantined} quarantined make "
            f"{loaded + quarantined}; nothing was kept of this step"
        )


class IllegalTransition(Refused):
    """A station was asked to go from one stage to another that does not follow it."""

    def __init__(self, station_id: str, before: str, after: str) -> None:
        self.station_id, self.before, self.after = station_id, before, after
        super().__init__(f"station {station_id} cannot go from {before} to {after}")


class IllegalStep(Refused):
    """A followed case was asked for what cannot happen to it in its state."""

    def __init__(self, case: str, state: str, step: str, possible: Sequence[str]) -> None:
        self.case, self.state, self.step, self.possible = case, state, step, tuple(possible)
        super().__init__(f"{case} is {state} and cannot be {step}: possible now are {', '.join(self.possible)}")


class PlanInUse(Refused):
    """Another process acts on the stations of this plan."""

    def __init__(self, plan_id: str) -> None:
        self.plan_id = plan_id
        super().__init__(f"plan {plan_id} is being carried out by another run: wait for it, or stop it first")


class GatewayRuns(Refused):
    """Another process is the gateway of this name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"the gateway {name} runs already: stop it, or give this one another name (--name)")


class InRehearsal(Refused):
    """Real data would go where a rehearsal is kept: the two are never mixed."""

    def __init__(self, purpose: str, home: str, mend: str) -> None:
        self.purpose, self.home, self.mend = purpose, home, mend
        super().__init__(f"{purpose} was not begun: a rehearsal is kept in {home}; {mend}")


class AnotherRehearsal(Refused):
    """A rehearsal is running here, or a different one was begun here: two are never mixed."""

    def __init__(self, problem: str, mend: str) -> None:
        self.problem, self.mend = problem, mend
        super().__init__(f"no rehearsal was started: {problem}; {mend}")
