"""A campaign's run waits for a database that is away, and gives up after its patience: nothing is done meanwhile."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from charging.clock import system_clock
from charging.errors import DatabaseUnavailable, PlanInUse
from charging.migration.firmware.order import Fetch
from charging.ocpp.channels import gateway_firmware
from charging.ocpp.channels.gateway_firmware import GatewayField

AWAY = DatabaseUnavailable("the tables", "they are away", "wait")


class Held:
    """A hold on a campaign whose database is away at first."""

    def __init__(self, engine, troubles):
        self.engine, self.asked, self._troubles = engine, 0, iter(troubles)

    def require(self):
        self.asked += 1
        if trouble := next(self._troubles, None):
            raise trouble


def field(held):
    fetch = Fetch(location="https://images.example/5.bin", signature="", signing_certificate="")
    return GatewayField("winter", "target", fetch, held=held, snapshots=SimpleNamespace(), clock=system_clock)


def test_a_database_that_comes_back_is_asked_again(engine):
    held = Held(engine, [AWAY, AWAY])

    assert asyncio.run(field(held).updates()) == []
    assert held.asked == 3


def test_one_that_stays_away_for_longer_than_its_patience_ends_the_run(engine, monkeypatch):
    monkeypatch.setattr(gateway_firmware, "_PATIENCE_SECONDS", 1.5)
    held, began = Held(engine, [AWAY] * 99), time.monotonic()

    with pytest.raises(DatabaseUnavailable):
        asyncio.run(field(held).updates())

    assert time.monotonic() - began >= 1.5
    assert held.asked >= 3


def test_a_campaign_that_another_process_holds_is_given_up_at_once(engine):
    held = Held(engine, [PlanInUse("firmware winter")] * 99)

    with pytest.raises(PlanInUse):
        asyncio.run(field(held).updates())

    assert held.asked == 1
