"""Logs that stations are asked for: written down before, followed after, and asked for by itself after a wave."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from charging import settings as configuration
from charging.database.operations import diagnostics as store
from charging.errors import SettingsError, StationUnreachable
from charging.migration.cutover import Outcome
from charging.migration.diagnostics import Said, State, Told
from charging.migration.lifecycle import Stage
from tasks import channels, diagnostics
from tasks.diagnostics import Asked

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOCATION = "ftp://logs:pass-word@logs.example/in"


class Office:
    """A back-office whose stations answer as they are told to, and are away unless they are."""

    def __init__(self, **answers):
        self.answers, self.asked, self.news = answers, [], {}

    async def fetch_log(self, station_id, location, **_):
        self.asked.append((station_id, location))
        answer = self.answers.get(station_id, StationUnreachable(station_id, "it is away"))
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def log_news(self, station_ids, *, since):
        return {each: [one for one in self.news.get(each, ()) if one.at >= since] for each in station_ids}


@pytest.fixture
def offices(monkeypatch):
    """Both back-offices, behind the settings."""
    found = {"legacy": Office(), "target": Office()}

    @asynccontextmanager
    async def office(_, name):
        yield found[name]

    monkeypatch.setattr(channels, "office", office)
    return found


@pytest.fixture
def told(settings, monkeypatch):
    """Settings that say where logs go."""
    monkeypatch.setenv("LOG_FOLDER", LOCATION)
    (settings.home / configuration.FILE).write_text('[diagnostics]\nlocation = "env:LOG_FOLDER"\n')
    return configuration.load(settings.home)


def asked(*station_ids, via="legacy"):
    return [Asked(station_id=each, via=via, by="help desk", reason="it is silent") for each in station_ids]


def fetch(settings, engine, wanted, *, now=AT):
    to = diagnostics.location(settings)
    return asyncio.run(diagnostics.fetch(settings, engine, wanted, to=to, clock=lambda: now))


def follow(settings, engine, *, now):
    return asyncio.run(diagnostics.follow(settings, engine, clock=lambda: now))


def stored(engine):
    with engine.connect() as connection:
        return {row["station_id"]: row for row in store.requests(connection)}


def test_every_station_is_asked_and_each_answer_is_kept_without_the_password(told, engine, offices):
    offices["legacy"].answers = {"A": Told(status="", file_name="A.zip"), "B": Told(status="", file_name=None)}

    found = fetch(told, engine, asked("A", "B", "C"))

    rows = stored(engine)
    assert [one["state"] for one in found] == ["asked", "refused", "unknown"]
    assert {each: row["state"] for each, row in rows.items()} == {"A": "asked", "B": "refused", "C": "unknown"}
    assert (rows["A"]["file_name"], rows["A"]["by"], rows["A"]["reason"]) == ("A.zip", "help desk", "it is silent")
    assert "it is away" in rows["C"]["state_reason"]
    assert offices["legacy"].asked[0] == ("A", LOCATION)
    assert all("pass-word" not in str(dict(row)) for row in rows.values())


def test_whoever_is_stopped_while_asking_leaves_a_request_of_which_nothing_is_known(told, engine, offices):
    offices["legacy"].answers = {"A": KeyboardInterrupt()}

    with pytest.raises(KeyboardInterrupt):
        fetch(told, engine, asked("A"))

    assert stored(engine)["A"]["state"] == "unknown"


def test_news_of_an_earlier_upload_are_not_taken_for_this_one_however_the_clocks_go(told, engine, offices):
    legacy, behind = offices["legacy"], AT - timedelta(minutes=40)  # the back-office's clock is late
    legacy.answers = {"A": Told(status="", file_name="A.zip")}
    legacy.news = {"A": [Said(at=behind - timedelta(minutes=1), status="Uploaded")]}
    fetch(told, engine, asked("A"))

    follow(told, engine, now=AT)
    before = stored(engine)["A"]["state"]
    legacy.news["A"].append(Said(at=behind + timedelta(minutes=1), status="Uploaded"))
    follow(told, engine, now=AT)
    after = stored(engine)["A"]

    assert (before, after["state"], after["file_name"]) == ("asked", "uploaded", "A.zip")


def test_silence_becomes_overdue_and_a_late_file_counts(told, engine, offices):
    legacy = offices["legacy"]
    legacy.answers = {"A": Told(status="", file_name="A.zip")}
    fetch(told, engine, asked("A"))
    follow(told, engine, now=AT + timedelta(hours=2))
    overdue = stored(engine)["A"]["state"]
    legacy.news = {"A": [Said(at=AT + timedelta(hours=3), status="Uploaded")]}
    follow(told, engine, now=AT + timedelta(hours=3))

    assert (overdue, stored(engine)["A"]["state"]) == ("overdue", "uploaded")


def test_a_station_without_a_route_is_not_asked_through_the_gateway(told, engine, offices):
    (found,) = fetch(told, engine, asked("A", via="gateway"))

    assert (found["state"], found["reason"]) == ("not_asked", "the gateway has no route for it")
    assert stored(engine) == {}


def test_after_a_wave_those_that_failed_are_asked_where_they_may_be(told, engine, offices):
    offices["legacy"].answers = {each: Told(status="", file_name="x") for each in ("BACK", "LOST")}
    offices["target"].answers = {"STUCK": Told(status="Accepted", file_name=None)}
    outcomes = [
        outcome("MOVED", Stage.VERIFIED),
        outcome("BACK", Stage.ROLLED_BACK),
        outcome("STUCK", Stage.TO_SITE),
        outcome("LOST", Stage.TO_SITE),
        outcome("LEFT", Stage.ROLLED_BACK, is_touched=False),
    ]

    asyncio.run(diagnostics.after_a_wave(told, engine, outcomes, behind_gateway=()))

    assert [each for each, _ in offices["target"].asked] == ["STUCK", "LOST"]
    assert [each for each, _ in offices["legacy"].asked] == ["BACK", "LOST"]
    rows = stored(engine)
    assert {each: State(row["state"]) for each, row in rows.items()} == dict.fromkeys(
        ("BACK", "STUCK", "LOST"), State.ASKED
    )
    assert rows["STUCK"]["reason"] == "to_site in attempt 1: it did not come"


def test_a_wave_that_is_run_again_asks_nobody_twice_and_a_new_attempt_does(told, engine, offices):
    legacy = offices["legacy"]
    legacy.answers = {"BACK": Told(status="", file_name="x")}

    for number in (1, 1, 2):
        ended = [replace(outcome("BACK", Stage.ROLLED_BACK), attempt=number)]
        asyncio.run(diagnostics.after_a_wave(told, engine, ended, behind_gateway=()))

    assert [each for each, _ in legacy.asked] == ["BACK", "BACK"]


def test_without_a_place_for_logs_nobody_is_asked_after_a_wave(settings, engine, offices):
    asyncio.run(diagnostics.after_a_wave(settings, engine, [outcome("BACK", Stage.ROLLED_BACK)], behind_gateway=()))

    assert (offices["legacy"].asked, stored(engine)) == ([], {})


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        pytest.param("logs.example/in", "no URL", id="no scheme"),
        pytest.param("ws://logs.example/in", "no URL", id="not for files"),
        pytest.param("ftp:///in", "no URL", id="no host"),
        pytest.param("ftp://logs.example/a b", "no URL", id="a blank"),
    ],
)
def test_a_place_that_no_station_can_upload_to_is_refused_without_being_shown(settings, monkeypatch, place, problem):
    monkeypatch.setenv("LOG_FOLDER", place)

    with pytest.raises(SettingsError, match=problem) as refused:
        diagnostics.location(settings, "env:LOG_FOLDER")

    assert place not in str(refused.value)


def test_no_place_at_all_is_said_with_the_setting(settings):
    with pytest.raises(SettingsError, match=r"diagnostics\.location is missing"):
        diagnostics.location(settings)


def outcome(station_id, stage, *, is_touched=True):
    return Outcome(station_id=station_id, stage=stage, attempt=1, reason="it did not come", is_touched=is_touched)
