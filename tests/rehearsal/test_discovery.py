"""A recipe proposed from what a simulated station told moves that very station."""

import asyncio
from datetime import date

import pytest

from charging.errors import StationUnreachable
from charging.migration import discovery, inventory
from charging.migration.ports import Setting
from charging.migration.proposing import propose
from charging.migration.recipe_files import parse_recipes, shipped_texts
from charging.migration.recipes import Address
from charging.network import Station
from rehearsal.frames import CallRefused
from rehearsal.station import new_memory
from rehearsal.suppliers import Way

KNOWN = discovery.known_keys(parse_recipes(shipped_texts()), generation="1")


class Through:
    """A back-office of the rehearsal, as a way to ask stations."""

    def __init__(self, office):
        self.office = office

    async def settings_of(self, station_id, keys):
        try:
            answer = await self.office.call(station_id, "GetConfiguration", {"key": list(keys)} if keys else {})
        except CallRefused as refusal:
            raise StationUnreachable(station_id, refusal.code) from None
        return [
            Setting(key=entry["key"], value=entry.get("value"), is_read_only=entry.get("readonly"))
            for entry in answer["configurationKey"]
        ]


def described(truth):
    return Station(
        station_id=truth.station_id,
        location_id=None,
        vendor=truth.vendor,
        model=truth.model,
        serial_number=None,
        firmware=truth.firmware,
        iccid=None,
        imsi=None,
        apn=None,
        ocpp_protocol="ocpp1.6J",
        lane=truth.lane,
        last_seen_at=None,
    )


@pytest.mark.parametrize(
    ("letter", "keys"),
    [
        ("A", ["ConnectionURL"]),
        ("B", ["BackOffice-Path", "BackOffice-Host"]),
        ("C", ["NetworkConnectionProfile2", "NetworkConfigurationPriority"]),
        ("E", ["CentralSystemURL"]),
        ("G", ["CentralSystemURI"]),
    ],
)
def test_a_proposal_moves_the_station_that_it_was_made_from(field, network, one_of, running, eventually, letter, keys):
    async def scenario():
        async with field(network) as there:
            truth = one_of(network, letter, way=Way.SLOT if letter == "C" else Way.CONFIG)
            memory = new_memory(truth, network, url=there.legacy_url)
            async with running(there.station(truth, memory)):
                await eventually(lambda: truth.station_id in there.legacy.connected, what="the first connection")
                took = await inventory.take(Through(there.legacy), truth.station_id, by_name=KNOWN)
                found = discovery.candidates(took, legacy=Address(url=there.legacy_url), known=KNOWN)
                proposal = propose(described(truth), found, protocol="ocpp1.6", on=date(2026, 3, 1))
                # C goes at once, which the person who reads the proposal knows, and nobody can read from a key
                text = proposal.text.replace('"Soft"', '"none"') if letter == "C" else proposal.text
                recipes = parse_recipes({"proposed.toml": text})
                await there.move(truth, recipes)
                await eventually(lambda: truth.station_id in there.target.connected, what="the arrival")
            return [write.key for write in recipes[0].writes]

    assert asyncio.run(scenario()) == keys


def test_an_address_that_is_built_in_is_not_found_and_that_is_said(field, network, running, eventually):
    truth = next(s for s in network.stations if s.way is Way.ONSITE)

    async def scenario():
        async with field(network) as there, running(there.station(truth)):
            await eventually(lambda: truth.station_id in there.legacy.connected, what="the connection")
            took = await inventory.take(Through(there.legacy), truth.station_id, by_name=KNOWN)
            found = discovery.candidates(took, legacy=Address(url=there.legacy_url), known=KNOWN)
            return propose(described(truth), found, protocol="ocpp1.6", on=date(2026, 3, 1))

    proposal = asyncio.run(scenario())

    assert (proposal.text, proposal.reason) == ("", "nothing that it has speaks of a back-office: ask the maker")
