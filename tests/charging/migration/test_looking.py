"""A station's whole configuration before and after its move: what changed is named, what is silent strands nobody."""

from dataclasses import replace

import pytest

from charging.errors import StationUnreachable
from charging.migration.crossing import Crossing
from charging.migration.cutover import cut_over, roll_back
from charging.migration.lifecycle import Stage
from charging.migration.recipe_files import parse_recipes
from charging.migration.snapshots import Snapshot

SAID = "it serves at the target and has left the legacy"
OTHER = {"HeartbeatInterval": "300"}


class Snapshots:
    """What a back-office is told; `changed` is what else it is told, `silent` who is told nothing."""

    def __init__(self, world, name, *, shared, silent=(), changed=None):
        self.world, self.name, self.shared = world, name, shared
        self.silent, self.changed = silent, changed or {}

    async def take(self, station_id, label):
        if self.name in self.silent:
            raise StationUnreachable(station_id, "it did not answer")
        told = {**self.world.stations[station_id].flash, **OTHER, **self.changed.get(self.name, {})}
        self.shared[station_id, label] = taken = Snapshot(values=told, unanswered=())
        return taken

    async def kept(self, station_id, label):
        return self.shared.get((station_id, label))


@pytest.fixture
def moved(make_world):
    """What moves one station, and with `back` brings it back, under a recipe's rule; returns the world."""

    def play(rule="wished", *, back=False, lie="honest", **how):
        world, shared = make_world([lie]), {}

        def crossing():
            ends = {
                name: replace(end, snapshots=Snapshots(world, name, shared=shared, **how))
                for name, end in world.ends_here().items()
            }
            return Crossing(**ends, journal=world.journal, clock=world.now, pace=world.pace)

        def ruled(engine, **more):
            async def run(moves, *, recipes, crossing):
                those = {name: replace(recipe, snapshot=rule) for name, recipe in recipes.items()}
                return await engine(moves, recipes=those, crossing=crossing, **more)

            return run

        world.crossing = crossing
        engines = [ruled(cut_over)] + ([ruled(roll_back, reason="a test")] if back else [])
        world.run(*engines)
        return world

    return play


def end(world):
    last = world.journal.history[-1]
    return last.after, last.reason, last.evidence


def test_what_the_recipe_changes_is_no_news(moved):
    stage, reason, evidence = end(moved())

    assert (stage, reason) == (Stage.VERIFIED, SAID)
    assert evidence == {"snapshot_after": 4, "configuration_changed": []}


def test_what_it_does_not_change_is_named_and_kept_among_the_evidence(moved):
    stage, reason, evidence = end(moved(changed={"target": {"HeartbeatInterval": "60", "Tariff": "x"}}))

    assert stage is Stage.VERIFIED
    assert reason == f"{SAID}; what its recipe does not change has changed: HeartbeatInterval, Tariff"
    assert evidence["configuration_changed"] == [
        {"key": "HeartbeatInterval", "change": "changed", "before": "300", "after": "60"},
        {"key": "Tariff", "change": "new", "before": None, "after": "x"},
    ]


def test_after_the_return_everything_is_as_it_was_also_the_recipes_own_keys(moved):
    stage, _, evidence = end(moved(back=True))
    _, reason, changed = end(moved(back=True, changed={"target": {}, "legacy": {}}))

    assert stage is Stage.ROLLED_BACK
    assert evidence == {"snapshot_after": 4, "configuration_changed": []} == changed
    assert "has changed" not in reason


@pytest.mark.parametrize("lie", ["accepts and changes nothing", "refuses the second key", "comes back to the legacy"])
def test_a_station_that_was_put_back_is_compared_too(moved, lie):
    stage, reason, evidence = end(moved(lie=lie))

    assert stage is Stage.ROLLED_BACK
    assert evidence == {"snapshot_after": 4, "configuration_changed": []}, reason


def test_where_it_is_required_a_station_that_does_not_tell_it_is_not_begun(moved):
    world = moved("required", silent={"legacy"})
    stage, reason, _ = end(world)

    assert stage is Stage.ROLLED_BACK
    assert "it did not answer" in reason
    assert world.journal.rows["S0"] == {}
    assert world.stations["S0"].is_operative


def test_where_it_is_wished_such_a_station_moves_and_that_it_was_not_taken_is_said(moved):
    world = moved(silent={"legacy"})
    stage, reason, _ = end(world)
    (begun,) = [one for one in world.journal.history if one.after is Stage.DRAINING]

    assert begun.evidence["snapshot_before"].startswith("not taken: ")
    assert (stage, reason) == (
        Stage.VERIFIED,
        f"{SAID}; its configuration cannot be compared: there is no snapshot before",
    )


@pytest.mark.parametrize("rule", ["wished", "required"])
def test_one_that_fails_afterwards_changes_no_stage(moved, rule):
    stage, reason, evidence = end(moved(rule, silent={"target"}))

    assert (stage, reason) == (Stage.VERIFIED, f"{SAID}; its configuration could not be read afterwards")
    assert evidence["snapshot_after"].startswith("not taken: ")


def test_where_it_is_not_wanted_nobody_is_asked(moved):
    assert end(moved("none"))[1:] == (SAID, {})


def test_a_recipe_says_its_rule():
    text = 'recipe="x"\nversion=1\nvendor="v"\nmodels=["*"]\nmethod="config"\nsource="s"\n'
    text += '[[writes]]\nkey="U"\ntemplate="{url}"\n'

    assert parse_recipes({"x.toml": text})[0].snapshot == "wished"
    assert parse_recipes({"x.toml": 'snapshot="required"\n' + text})[0].snapshot == "required"
