"""The flow on a real gateway with simulated stations: each of the three versions of OCPP, honest and not."""

import contextlib
import os
import subprocess
import sys
from collections import Counter

import pytest
import sqlalchemy as sa
from prefect.testing.utilities import prefect_test_harness
from pydantic import ValidationError

from charging.database import tables
from charging.errors import UserError
from flows.parameters import FirmwareCampaign
from flows.update_firmware import update_firmware
from rehearsal import firmware_field
from rehearsal.updating_station import Updating
from tasks import firmware

pytestmark = pytest.mark.prefect

FORM = {
    "campaign": "spring",
    "vendor": firmware_field.VENDOR,
    "models": ["F-*"],
    "version": firmware_field.IMAGE,
    "size_bytes": 400_000,
    "location": "https://images.example/f-5.1.0.bin",
    "minutes": 1,
    "by": "the tester",
    "reason": "a test",
    "dry_run": False,
}


@pytest.fixture
def fleet(migrated_url, home, tmp_path, monkeypatch):
    """What lets stations of these behaviours come to a gateway, in a process of its own."""
    monkeypatch.setenv("REHOME_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", migrated_url.replace("+psycopg", ""))
    (home / "rehome.toml").write_text("[pace]\npoll_seconds = 0.2\n")
    with contextlib.ExitStack() as until_the_end:

        def opened(*behaviours):
            asked = ["--home", tmp_path, "--stations", str(len(behaviours))]
            asked += [word for behaviour in behaviours for word in ("--behaviour", behaviour)]
            process = subprocess.Popen(
                [sys.executable, "-m", "rehearsal.firmware_field", *asked],
                env=os.environ | {"REHEARSAL_DATABASE": migrated_url},
                stdout=subprocess.PIPE,
                text=True,
            )
            until_the_end.callback(process.stdout.close)
            until_the_end.callback(process.wait)
            until_the_end.callback(process.kill)
            assert process.stdout.readline().startswith(f"{len(behaviours)} stations at ")

        yield opened


@pytest.fixture(scope="module")
def prefect_server():
    """One server for these tests: each takes long to start on a busy machine."""
    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def ordered(engine):
    """What says how often each station was told to fetch an image."""

    def counted():
        row = tables.station_order.c
        with engine.connect() as connection:
            return Counter(connection.scalars(sa.select(row.station_id).where(row.action == "UpdateFirmware")))

    return counted


def stood(outcome):
    return {one["station_id"]: (one["state"], one["compared"]) for one in outcome["stations"]}


def test_dry_by_default_it_shows_the_turns_and_touches_nothing(fleet, engine, ordered, prefect_server):
    fleet(Updating.GOOD, Updating.GOOD, Updating.GOOD)

    plan = update_firmware(FirmwareCampaign(**{k: v for k, v in FORM.items() if k != "dry_run"}, pilots=1))

    assert plan["dry_run"]
    assert [(one["station_id"], one["rank"]) for one in plan["turns"]] == [("F0001", 0), ("F0003", 1), ("F0002", 1)]
    assert ordered() == {}
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.firmware_campaign)) == 0


def test_stations_of_every_version_of_ocpp_boot_with_the_image_and_are_compared(fleet, engine, ordered, prefect_server):
    fleet(*[Updating.GOOD] * 3, Updating.SAYS_NO_STATUS)

    outcome = update_firmware(FirmwareCampaign(**FORM, pilots=1))
    again = update_firmware(FirmwareCampaign(**FORM, pilots=1))

    assert outcome["is_done"], outcome
    assert set(stood(outcome).values()) == {("confirmed", "same")}
    assert again["states"] == outcome["states"]
    assert ordered() == dict.fromkeys(("F0001", "F0002", "F0003", "F0004"), 1)
    with engine.connect() as connection:
        labels = set(connection.scalars(sa.select(tables.station_snapshot.c.label)))
        kept = str(list(connection.execute(sa.select(tables.station_snapshot.c.settings))))
    assert labels == {"firmware spring before", "firmware spring after"}
    assert firmware_field.SETTINGS["AuthorizationKey"] not in kept


def test_each_way_to_fail_is_told_for_what_it_is(fleet):
    fleet(Updating.CANNOT_FETCH, Updating.SAYS_SO_ONLY, Updating.FORGETS, Updating.IS_BROKEN_IN, Updating.REFUSES)
    form = FORM | {"most_wrong": 9}
    campaign = firmware.begin.fn(FirmwareCampaign(**form).model_dump(mode="json"))

    ended = firmware.run.fn(campaign, FirmwareCampaign(**form).model_dump(mode="json"))
    outcome = firmware.outcome.fn(campaign, ended=ended)

    assert stood(outcome) == {
        "F0001": ("failed", "not yet"),
        "F0002": ("other_version", "same"),
        "F0003": ("confirmed", "changed"),
        "F0004": ("failed", "not yet"),
        "F0005": ("refused", "not yet"),
    }
    (changed,) = [one["changed"] for one in outcome["stations"] if one["station_id"] == "F0003"]
    assert [text.partition(" ")[0] for text in changed] == ["OCPPCommCtrlr.BackOffice-URL"]
    assert not outcome["is_done"]


def test_a_campaign_of_that_name_for_another_image_is_refused(fleet):
    fleet(Updating.GOOD)
    firmware.begin.fn(FirmwareCampaign(**FORM).model_dump(mode="json"))

    with pytest.raises(UserError, match="has begun with another version: give this one a name of its own"):
        firmware.begin.fn(FirmwareCampaign(**FORM | {"version": "6"}).model_dump(mode="json"))


def test_a_password_in_the_address_is_refused_before_anything_is_stored(fleet, engine):
    fleet(Updating.GOOD)

    with pytest.raises(UserError, match="write env:NAME instead"):
        firmware.begin.fn(FirmwareCampaign(**FORM | {"location": "ftp://u:p@x/y"}).model_dump(mode="json"))
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.firmware_campaign)) == 0


@pytest.mark.parametrize("missing", ["by", "reason"])
def test_an_order_is_somebodys_decision(missing):
    with pytest.raises(ValidationError, match="say by whom, and why"):
        FirmwareCampaign(**FORM | {missing: " "})
