"""What must never be, whatever goes wrong: looked at as it happens, and once more when all is quiet again."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from charging.migration.crossing import Pace
from charging.migration.cutover import Outcome
from charging.migration.journey import TAKEN
from charging.migration.lifecycle import DEADLINES, FINAL, Stage
from charging.migration.ports import Effect, Transition
from charging.migration.recipes import Recipe
from rehearsal.simulation.chance import Diary, Fault
from rehearsal.simulation.journal import Books
from rehearsal.simulation.station import NEVER_MOVED, Lie, Station, switch

GRACE = timedelta(minutes=12)
"""A deadline is asked about after a last look at the world, and each question may take its time."""
_WORDS = {"write": "write", "availability": "operative", "reset": "reset", "trigger": "trigger"}


class Watched(Protocol):
    """What the referee may look at: the truth, not what the engine believes."""

    diary: Diary
    books: Books
    stations: dict[str, Station]
    recipes: Mapping[str, Recipe]
    pace: Pace
    lives: int
    """How often the engine was started so far."""
    journal_outage: float
    """For how many seconds the journal was away so far."""

    def elapsed(self) -> float:
        """Return the seconds since the beginning."""
        ...

    def awake(self) -> float:
        """Return for how many of them an engine was running."""
        ...


@dataclass(slots=True, kw_only=True)
class _Sent:
    """An order of the engine, and what became of it."""

    at: float
    is_taken: bool = False


@dataclass(slots=True, kw_only=True)
class _Entered:
    """When a station came into its present stage."""

    awake: float
    lives: int
    jumps: int
    outage: float
    promised: timedelta


@dataclass(slots=True)
class Referee:
    """Knows the truth of the virtual world and judges the engine by it."""

    world: Watched
    breaks: list[str] = field(default_factory=list)
    _sent: dict[tuple[object, ...], list[_Sent]] = field(default_factory=lambda: defaultdict(list))
    _read: dict[tuple[str, str, str], float] = field(default_factory=dict)
    _entered: dict[str, _Entered] = field(default_factory=dict)
    _were_at: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def broken(self, station_id: str, what: str) -> None:
        """Take note of what must never be."""
        self.breaks.append(f"{self.world.elapsed():.3f} {station_id}: {what}")
        self.world.diary.note("BROKEN", station_id, what)

    def connected(self, station_id: str, office: str) -> None:
        """Know where a station really is."""
        self._were_at[station_id].add(office)

    def reads(self, station_id: str, office: str, key: str) -> None:
        """Know that the engine has seen a key's value."""
        self._read[station_id, office, key] = self.world.elapsed()

    def sends(self, station_id: str, office: str, action: str, subject: str) -> Callable[[str], None]:
        """Judge an order that is sent now: its intent is stored, and it is not a second one."""
        entry, now = self.world.books.entries[station_id], self.world.elapsed()
        open_steps = [
            step
            for step, effect in entry.present.items()
            if effect.response is None and _is_for(step, effect, office=office, action=action, subject=subject)
        ]
        if not open_steps:
            self.broken(station_id, f"{action} {subject} by the {office} without an open intent")
        step = open_steps[-1] if open_steps else action  # the way back is intended after the way there
        earlier = self._sent[station_id, entry.attempt, step]
        if earlier and action in {"reset", "write"}:
            self._judge_again(station_id, office, action, subject, step=step, earlier=earlier)
        earlier.append(_Sent(at=now))
        return self._taking(station_id, action, subject, sent=earlier[-1])

    def intended(self, station_id: str, step: str, request: Mapping[str, object]) -> None:
        """Judge an intent: where a key is about to change, the way back is in it."""
        if not step.startswith("write:"):
            return
        station, key = self.world.stations[station_id], step.removeprefix("write:")
        if request.get("before") != station.factory.get(key):
            self.broken(station_id, f"the way back of {key} is not known: {request.get('before')!r}")

    def entered(self, transition: Transition) -> None:
        """Judge a transition by the truth, and the stage that ends by the time that it took."""
        name, after = transition.station_id, transition.after
        self._judge_time(name, left=transition.before)
        if transition.deadline_at is not None:
            self._promise(transition)
        if after is Stage.CUT_OVER:
            self._were_at[name] = set(self.world.stations[name].links)
        if after in {Stage.ARRIVED, Stage.VERIFIED} and "target" not in self._were_at[name]:
            self.broken(name, f"{after}, and it never was at the target")
        if after is Stage.VERIFIED:
            self._judge_verified(name)
        if not transition.reason:
            self.broken(name, f"{after} without a reason")

    def ended(self, outcomes: list[Outcome]) -> None:
        """Judge what an engine says at its end."""
        for outcome in outcomes:
            entry = self.world.books.entries[outcome.station_id]
            if (entry.stage, entry.attempt) != (outcome.stage, outcome.attempt):
                self.broken(outcome.station_id, f"said to be {outcome.stage}, and stored is {entry.stage}")

    def quiet(self) -> None:
        """Judge the end of it all: every station has been switched off and on again, and nothing is under way."""
        for name, entry in self.world.books.entries.items():
            station = self.world.stations[name]
            if entry.stage not in FINAL and entry.stage is not Stage.PLANNED:
                self.broken(name, f"still {entry.stage} at the end")
            if station.is_gone:
                continue
            if entry.stage is Stage.VERIFIED:
                self._expect(station, "target", of=entry.stage)
            if entry.stage in {Stage.ROLLED_BACK, Stage.PLANNED} and station.lie is not Lie.AT_BOTH:
                self._expect(station, "legacy", of=entry.stage)
                if changed := [key for key, value in station.factory.items() if station.flash[key] != value]:
                    self.broken(name, f"{entry.stage}, and {', '.join(changed)} is not as it was")

    def _expect(self, station: Station, office: str, *, of: Stage) -> None:
        if station.links != {office}:
            self.broken(station.station_id, f"{of}, and it is at {sorted(station.links) or 'neither'}")
        if not station.is_operative:
            self.broken(station.station_id, f"{of}, and it is out of service")

    def _judge_again(
        self, station_id: str, office: str, action: str, subject: str, *, step: str, earlier: list[_Sent]
    ) -> None:
        last = earlier[-1]
        is_too_soon = self.world.elapsed() < last.at + self.world.pace.settle_seconds - 1
        is_switch = subject == switch(self.world.stations[station_id].recipe) and self._leaves_at_once(station_id)
        if action == "reset" or (is_switch and not step.startswith("undo.")):
            if any(sent.is_taken for sent in earlier):
                self.broken(station_id, f"{action} {subject} again: the first was obeyed")
            elif is_too_soon:
                self.broken(station_id, f"{action} {subject} again while the first may be on its way")
        elif self._read.get((station_id, office, subject), -1.0) < last.at:
            self.broken(station_id, f"{action} {subject} again, and nobody has looked")

    def _leaves_at_once(self, station_id: str) -> bool:
        return self.world.recipes[self.world.stations[station_id].recipe].reset == "none"

    def _taking(self, station_id: str, action: str, subject: str, *, sent: _Sent) -> Callable[[str], None]:
        station = self.world.stations[station_id]
        cut_before = station.charges_cut

        def taken(status: str) -> None:
            sent.is_taken = sent.is_taken or (status in TAKEN and station.lie is not Lie.NO_RESET)
            is_drained = self.world.recipes[station.recipe].drain == "active"
            goes = action == "write" and subject == switch(station.recipe) and self._leaves_at_once(station_id)
            straddles = goes and station.charges_at not in {None, station.destinations()[0]}
            if is_drained and (station.charges_cut > cut_before or straddles):
                self.broken(station_id, f"{action} {subject} under a running charge")

        return taken

    def _judge_verified(self, name: str) -> None:
        station, entry = self.world.stations[name], self.world.books.entries[name]
        if station.lie in NEVER_MOVED:
            self.broken(name, f"verified, and it {station.lie}")
        if "legacy" in station.links:
            self.broken(name, "verified, and it is connected to the legacy")
        unknown = [step for step, effect in entry.present.items() if effect.response is None and "trigger" not in step]
        if unknown:
            self.broken(name, f"verified, and {', '.join(unknown)} was never concluded")
        told = [
            effect for step, effect in entry.present.items() if step in {"reset", f"write:{switch(station.recipe)}"}
        ]
        if not any(effect.response and effect.response["status"] in TAKEN for effect in told):
            self.broken(name, "verified, and nothing on record told it to go")

    def _promise(self, transition: Transition) -> None:
        if transition.deadline_at is None:
            return
        promised = transition.deadline_at - transition.at
        longest = max(DEADLINES.values()) if transition.after is Stage.PLANNED else timedelta(hours=5)
        if not timedelta() < promised <= longest:
            self.broken(transition.station_id, f"{transition.after} for {promised}")
        self._entered[transition.station_id] = _Entered(
            awake=self.world.awake(),
            lives=self.world.lives,
            jumps=self._jumps(),
            outage=self.world.journal_outage,
            promised=promised,
        )

    def _judge_time(self, name: str, *, left: Stage) -> None:
        entered = self._entered.pop(name, None)
        if entered is None or left is Stage.PLANNED:
            return
        lives = self.world.lives - entered.lives + 1
        # An engine that starts anew knows of the time before only from a clock, and that may have been set back.
        again = lives if self._jumps() > entered.jumps else 1
        outage = timedelta(seconds=self.world.journal_outage - entered.outage)
        allowed = entered.promised * again + GRACE * lives + outage
        took = timedelta(seconds=self.world.awake() - entered.awake)
        if took > allowed:
            self.broken(name, f"{left} for {took}, and {entered.promised} was promised")

    def _jumps(self) -> int:
        return self.world.diary.counts[Fault.CLOCK_JUMP]


def _is_for(step: str, effect: Effect, *, office: str, action: str, subject: str) -> bool:
    named = str(effect.request.get("key", effect.request.get("kind", effect.request.get("message", ""))))
    return _WORDS[action] in step and effect.request.get("via") == office and named in {subject, ""}
