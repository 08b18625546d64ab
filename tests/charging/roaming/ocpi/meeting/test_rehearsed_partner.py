"""The handshake and the probe against the rehearsal's partners, which were written by the text of OCPI alone."""

from datetime import UTC, datetime, timedelta

import pytest

from charging.clock import system_clock
from charging.errors import PartnerRefused
from charging.roaming import partner_file
from charging.roaming.ocpi.credentials_acting import act
from charging.roaming.ocpi.probe import probe
from charging.roaming.ocpi.transport import Limits, Transport
from charging.roaming.ocpi.transport_guard import guarded_client
from charging.roaming.registration import Action
from charging.secret import Secret
from rehearsal.network import generate
from rehearsal.partners import Partner

TOKEN = Secret("a-token-of-theirs")


@pytest.fixture(scope="module")
def network():
    return generate(seed=11, stations=20, as_of=datetime(2026, 11, 21, 2, 0, tzinfo=UTC))


@pytest.fixture
def rehearsed(platform, network):
    """Us, and a partner of the rehearsal where the other platform would be."""

    def make(name, party):
        us, them = platform(1, "NL-EVN", "cpo"), platform(2, party, "emsp")
        them.serving["app"] = Partner(name=name, party=party, network=network, seed=5, token=TOKEN.reveal()).app
        us.knows(them, name=name, token=TOKEN)
        return us

    return make


def test_a_token_that_the_partner_repeats_is_kept(rehearsed):
    us = rehearsed("roa", "NL-ROA")

    done = act(us.desk("roa"), Action.ROTATE)

    assert done.roles == ("NL-ROA EMSP",)
    assert partner_file.read(us.file("roa")).read_token({}) == TOKEN


def test_a_partner_that_knows_us_takes_no_second_registration(rehearsed):
    us = rehearsed("roa", "NL-ROA")

    with pytest.raises(PartnerRefused, match="rotate instead"):
        act(us.desk("roa"), Action.REGISTER)


@pytest.mark.parametrize(
    ("name", "party", "deviations", "page"),
    [
        pytest.param("roa", "NL-ROA", {"request_id_not_echoed"}, 50, id="one that keeps the protocol"),
        pytest.param("hub", "DE-HUB", {"request_id_not_echoed", "link_missing"}, 20, id="one that forgets Links"),
    ],
)
def test_a_probe_finds_what_the_rehearsal_has_planted(rehearsed, name, party, deviations, page):
    us = rehearsed(name, party)
    partner = partner_file.read(us.file(name))
    http = guarded_client(partner, name=name)

    def connect(peer, has_newline):
        return Transport(
            peer,
            http=http,
            token=TOKEN,
            clock=system_clock,
            correlation_id="probe",
            limits=Limits(attempts=1),
            ends_token_with_newline=has_newline,
        )

    found = probe(partner, connect=connect, clock=lambda: datetime.now(UTC), period=timedelta(days=400))
    http.close()

    assert set(found.deviations) == deviations
    assert found.values["page_limit"] == page
