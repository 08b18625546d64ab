"""The journal commits what arrives together, together; refuses what does not follow; and is there after any kill."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import sqlalchemy as sa

from charging.database import hold, journal, tables
from charging.database.operations import moves as write
from charging.database.operations import visits
from charging.database.queries import moves as read
from charging.errors import CountsDisagree, DatabaseUnavailable, IllegalTransition, PlanInUse
from charging.migration.lifecycle import Stage
from charging.migration.ports import Effect, Transition
from charging.migration.visits import Outcome, Report, Ruling, State

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PLAN = "plan-1"
STATIONS = ("CS-1", "CS-2", "CS-3")


@pytest.fixture
def planned(engine):
    """A plan of three stations in one wave, all of them ready."""
    with engine.begin() as connection:
        write.store_plan(
            connection,
            plan_id=PLAN,
            parameters={},
            content_sha256="0",
            moves=[
                {
                    "station_id": station_id,
                    "wave": 0,
                    "lane": "live",
                    "recipe": "supplier-a",
                    "stage": Stage.READY,
                    "attempt": 1,
                    "deadline_at": None,
                    "reason": "",
                }
                for station_id in STATIONS
            ],
            at=AT,
        )
    return engine


def _transition(station_id="CS-1", *, before=Stage.READY, after=Stage.DRAINING, reason="", evidence=None):
    return Transition(
        station_id=station_id,
        attempt=1,
        before=before,
        after=after,
        reason=reason,
        evidence=evidence or {},
        deadline_at=AT + timedelta(hours=4),
        at=AT,
    )


def _run(engine, act):
    async def opened():
        async with journal.opened(engine, PLAN) as kept:
            return await act(kept)

    return asyncio.run(asyncio.wait_for(opened(), timeout=60))


def _moves(engine):
    with engine.connect() as connection:
        return {move.station_id: move for move in read.moves(connection, PLAN)}


def _count(engine, table):
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table))


def test_keeps_a_transition_with_its_history(planned):
    _run(planned, lambda kept: kept.enter(_transition(reason="its turn has come", evidence={"open": 0})))

    move = _moves(planned)["CS-1"]
    assert (move.stage, move.reason, move.deadline_at) == (
        Stage.DRAINING,
        "its turn has come",
        AT + timedelta(hours=4),
    )
    with planned.connect() as connection:
        (row,) = connection.execute(sa.select(tables.transition)).mappings()
    assert (row["station_id"], row["before"], row["after"], row["evidence"], row["at"]) == (
        "CS-1",
        "ready",
        "draining",
        {"open": 0},
        AT,
    )


def test_commits_together_what_arrives_together(planned):
    begun = []
    sa.event.listen(planned, "begin", begun.append)

    async def all_at_once(kept):
        intents = [
            kept.intend(station_id, attempt=1, step=f"write:{key}", request={"key": key}, at=AT)
            for station_id in STATIONS
            for key in ("a", "b", "c")
        ]
        await asyncio.gather(*intents)

    _run(planned, all_at_once)

    assert len(begun) == 1
    assert _count(planned, tables.effect) == 9


def test_returns_only_once_it_is_committed(planned):
    async def look_after(kept):
        await kept.intend("CS-1", attempt=1, step="reset", request={"kind": "Soft"}, at=AT)
        return await asyncio.to_thread(_count, planned, tables.effect)

    assert _run(planned, look_after) == 1


def test_refuses_a_stage_that_is_not_the_expected_one_and_keeps_nothing_of_that_batch(planned):
    async def one_is_wrong(kept):
        return await asyncio.gather(
            kept.intend("CS-1", attempt=1, step="drain", request={}, at=AT),
            kept.enter(_transition("CS-1")),
            kept.enter(_transition("CS-2", before=Stage.CUT_OVER, after=Stage.ARRIVED)),
            return_exceptions=True,
        )

    told = _run(planned, one_is_wrong)

    assert [type(one) for one in told] == [IllegalTransition] * 3
    assert str(told[0]) == "station CS-2 cannot go from cut_over to arrived"
    assert {move.stage for move in _moves(planned).values()} == {Stage.READY}
    assert _count(planned, tables.effect) == _count(planned, tables.transition) == 0


def test_goes_on_after_a_refusal(planned):
    async def wrong_then_right(kept):
        with pytest.raises(IllegalTransition):
            await kept.enter(_transition("CS-2", before=Stage.ARRIVED, after=Stage.VERIFIED))
        await kept.enter(_transition("CS-2"))

    _run(planned, wrong_then_right)

    assert _moves(planned)["CS-2"].stage is Stage.DRAINING


def test_refuses_a_station_that_is_in_no_plan(planned):
    with pytest.raises(IllegalTransition, match="CS-9"):
        _run(planned, lambda kept: kept.enter(_transition("CS-9")))


def test_keeps_the_first_of_two_intents(planned):
    async def twice(kept):
        await kept.intend("CS-1", attempt=1, step="reset", request={"kind": "Soft"}, at=AT)
        await kept.intend("CS-1", attempt=1, step="reset", request={"kind": "Hard"}, at=AT + timedelta(minutes=1))

    _run(planned, twice)

    assert _moves(planned)["CS-1"].effects == {"reset": Effect(request={"kind": "Soft"}, response=None, intended_at=AT)}


def test_shows_the_effects_of_the_present_attempt_only(planned):
    async def two_attempts(kept):
        await kept.intend("CS-1", attempt=1, step="reset", request={"kind": "Soft"}, at=AT)
        await kept.conclude("CS-1", attempt=1, step="reset", response={"status": "Accepted"}, at=AT)
        await kept.intend("CS-1", attempt=2, step="drain", request={}, at=AT)

    _run(planned, two_attempts)

    assert _moves(planned)["CS-1"].effects["reset"].response == {"status": "Accepted"}
    assert set(_moves(planned)["CS-1"].effects) == {"reset"}


def test_does_not_conclude_what_was_never_begun(planned):
    with pytest.raises(CountsDisagree, match="never begun"):
        _run(planned, lambda kept: kept.conclude("CS-1", attempt=1, step="reset", response={}, at=AT))


def test_writes_the_work_order_with_the_stage_that_needs_one(planned):
    async def to_site(kept):
        await kept.enter(_transition("CS-1"))
        await kept.enter(_transition("CS-1", before=Stage.DRAINING, after=Stage.ROLLING_BACK))
        await kept.enter(
            _transition("CS-1", before=Stage.ROLLING_BACK, after=Stage.TO_SITE, reason="heard at neither end")
        )

    _run(planned, to_site)

    with planned.connect() as connection:
        (order,) = read.work_orders(connection, PLAN)
    assert (order["station_id"], order["reason"], order["owner"], order["state"], order["opened_at"]) == (
        "CS-1",
        "heard at neither end",
        "maintenance",
        "open",
        AT,
    )


@pytest.mark.parametrize("answer", ["a\0b", "a\ud800b", "\udfff"], ids=["NUL", "half a pair", "the other half"])
def test_is_stopped_by_nothing_that_a_station_answers(planned, answer):
    async def hostile(kept):
        await kept.intend("CS-1", attempt=1, step="write", request={answer: [answer]}, at=AT)
        await kept.conclude("CS-1", attempt=1, step="write", response={"status": answer}, at=AT)
        await kept.enter(_transition("CS-1", reason=answer, evidence={"heard": answer}))

    _run(planned, hostile)

    move = _moves(planned)["CS-1"]
    assert move.stage is Stage.DRAINING
    assert move.effects["write"].response["status"].isprintable()
    assert "\ufffd" in move.reason


def test_tells_everybody_who_waits_when_the_database_goes_away(planned, server_url):
    async def cut_off(kept):
        await asyncio.to_thread(_shut, server_url, planned.url.database)
        return await asyncio.gather(
            *(kept.enter(_transition(station_id)) for station_id in STATIONS), return_exceptions=True
        )

    told = _run(planned, cut_off)

    assert [type(one) for one in told] == [DatabaseUnavailable] * 3


def test_tells_everybody_who_waits_of_what_nobody_foresaw(planned):
    async def unheard_of(kept):
        return await asyncio.gather(
            kept.enter(_transition("CS-1")),
            kept.intend("CS-2", attempt=1, step="write", request={"when": object()}, at=AT),
            return_exceptions=True,
        )

    told = _run(planned, unheard_of)

    assert [isinstance(one, Exception) for one in told] == [True, True]
    assert _moves(planned)["CS-1"].stage is Stage.READY


def test_can_be_read_after_a_kill_between_intent_and_conclusion(planned):
    script = f"""
import asyncio, os, signal, sys
from datetime import datetime, UTC
from charging.database import connection, journal
from charging.secret import Secret

async def act():
    async with journal.opened(connection.connect(Secret(sys.argv[1])), {PLAN!r}) as kept:
        await kept.intend("CS-1", attempt=1, step="reset", request={{"kind": "Soft"}}, at=datetime.now(UTC))
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(act())
"""
    ended = subprocess.run([sys.executable, "-c", script, _url(planned)], check=False)

    assert ended.returncode == -signal.SIGKILL
    effect = _moves(planned)["CS-1"].effects["reset"]
    assert (effect.request, effect.response) == ({"kind": "Soft"}, None)


def test_lets_one_process_act_on_a_plan(planned):
    with hold.alone(planned, PLAN):
        with (
            pytest.raises(PlanInUse, match=f"plan {PLAN} is being carried out by another run"),
            hold.alone(planned, PLAN),
        ):
            pass
        with hold.alone(planned, "another plan"):
            pass
    with hold.alone(planned, PLAN):
        pass


def test_keeps_no_transaction_open_while_a_plan_is_acted_on(planned):
    with hold.alone(planned, PLAN), planned.connect() as connection:
        idle = connection.scalar(sa.text("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"))

    assert idle == 0


def test_gives_the_plan_back_when_acting_failed(planned):
    with suppress(IllegalTransition), hold.alone(planned, PLAN):
        raise IllegalTransition("CS-1", "ready", "verified")

    with hold.alone(planned, PLAN):
        pass


def test_gives_the_plan_back_when_its_holder_is_killed(planned):
    script = f"""
import sys, time
from charging.database import connection, hold
from charging.secret import Secret

with hold.alone(connection.connect(Secret(sys.argv[1])), {PLAN!r}):
    print("mine", flush=True)
    time.sleep(60)
"""
    holder = subprocess.Popen([sys.executable, "-c", script, _url(planned)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "mine\n"
        with pytest.raises(PlanInUse), hold.alone(planned, PLAN):
            pass
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        holder.communicate()

    _eventually_alone(planned)


def test_takes_the_plan_again_when_the_database_has_forgotten_who_held_it(planned):
    with hold.alone(planned, PLAN) as held:
        _forget(planned)

        held.require()

        with pytest.raises(PlanInUse), hold.alone(planned, PLAN):
            pass


def test_stores_nothing_for_one_whose_plan_another_has_taken_meanwhile(planned):
    async def act(held):
        async with journal.opened(planned, PLAN, hold=held) as kept:
            await kept.enter(_transition())

    with hold.alone(planned, PLAN) as held:
        _forget(planned)
        with hold.alone(planned, PLAN), pytest.raises(PlanInUse):
            asyncio.run(act(held))

    assert _moves(planned)["CS-1"].stage is Stage.READY


def test_leaves_one_row_of_a_transition_whose_commit_was_not_heard_of(planned):
    gone = _transition(after=Stage.TO_SITE, before=Stage.READY, reason="it is nowhere")

    async def twice(kept):
        await kept.enter(gone)
        await asyncio.gather(kept.enter(gone), kept.enter(_transition("CS-2")))

    _run(planned, twice)

    assert (_count(planned, tables.transition), _count(planned, tables.work_order)) == (2, 1)
    with pytest.raises(IllegalTransition):
        _run(planned, lambda kept: kept.enter(_transition(after=Stage.TO_SITE, reason="it is elsewhere")))


def test_a_station_that_is_lost_again_after_its_order_was_done_gets_it_anew(planned):
    first = _transition(after=Stage.TO_SITE, before=Stage.READY, reason="it is nowhere")
    later = AT + timedelta(days=9)
    _run(planned, lambda kept: kept.enter(first))
    there = {"heard_at": "then"}
    done = Ruling(
        station_id="CS-1", leads_to="target", state=State.DONE, reason="the target has heard it", evidence=there
    )
    with planned.begin() as connection:
        visits.write(
            connection,
            PLAN,
            done,
            report=Report(station_id="CS-1", outcome=Outcome.DONE, by="The mechanic", note=""),
            at=AT,
        )

    back = _transition(before=Stage.VERIFIED, after=Stage.ROLLING_BACK, reason="the wave is taken back")
    again = replace(_transition(before=Stage.ROLLING_BACK, after=Stage.TO_SITE, reason="it did not come"), at=later)
    _run(planned, lambda kept: kept.enter(back))
    _run(planned, lambda kept: kept.enter(again))

    with planned.connect() as connection:
        (order,) = connection.execute(sa.select(tables.work_order)).mappings()
        history = [row.after for row in connection.execute(sa.select(tables.transition.c.after))]
    assert (order["state"], order["reason"], order["opened_at"]) == ("open", "it did not come", later)
    assert (order["closed_at"], order["reported_by"], order["evidence"]) == (None, None, None)
    assert history == ["to_site", "verified", "rolling_back", "to_site"]


def _forget(engine):
    """End the session that holds the lock, as a restart of the server does, and wait until it is gone."""
    with engine.connect() as connection:
        held_by = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        connection.execute(sa.text(f"SELECT pg_terminate_backend(pid, 10000) FROM ({held_by}) AS holder"))


def _eventually_alone(engine, attempts=200):
    """PostgreSQL notices a dead client a moment later; it must not take longer than that."""
    for _ in range(attempts):
        with suppress(PlanInUse), hold.alone(engine, PLAN):
            return
    pytest.fail("the lock outlived its holder")


def _shut(server_url, name):
    """Close a database: end who is in, let nobody in."""
    with psycopg.connect(server_url.replace("+psycopg", "", 1), autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        connection.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s", [name])


def _url(engine):
    return engine.url.render_as_string(hide_password=False)
