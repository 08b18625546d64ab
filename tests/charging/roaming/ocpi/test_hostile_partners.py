"""Goal R9: whatever a partner does, every record comes exactly, or it is said why not; our token stays at home."""

import subprocess
import sys
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import stamina
from hypothesis import given, settings
from hypothesis import strategies as st

from charging.errors import PartnerRefused, PartnerUnavailable
from charging.roaming.ocpi.client import OcpiClient
from charging.roaming.ocpi.transport import Limits
from charging.roaming.ocpi.transport_guard import guarded_client
from charging.roaming.partner import Ids, Partner, TokenEncoding
from charging.roaming.terms import Terms
from charging.secret import Secret
from rehearsal.hostile_behaviour import Outcome
from rehearsal.hostile_cdrs import VERSIONS
from rehearsal.hostile_drawn import Plan, Trouble, behaviour_of
from rehearsal.hostile_partner import BEHAVIOURS, HostilePartner
from rehearsal.hostile_play import PARTY, TOKEN

NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)
PERIOD = {"date_from": NOW - timedelta(days=2), "date_to": NOW + timedelta(days=1)}
# Each behaviour in one version here, the versions taking turns; benchmarks/hostile.py plays each in all of them.
CASES = [
    pytest.param(behaviour, version, id=f"{name} in {version}")
    for number, (name, behaviour) in enumerate(BEHAVIOURS.items())
    for version in [behaviour.versions[number % len(behaviour.versions)]]
]


@pytest.fixture(scope="module")
def hostile():
    stamina.set_testing(True, attempts=2)
    with HostilePartner().listening() as partner:
        yield partner
    stamina.set_testing(False)


def partner_of(play, hostile):
    return Partner(
        name="hostile",
        party=PARTY,
        owner="NL-EVN",
        versions_url=f"{play.base}/versions",
        origins=(hostile.origin,),
        token="env:TOKEN",
        token_encoding=TokenEncoding.BASE64,
        tariffs=(),
        ids=Ids(),
        former_operators=(),
        terms=Terms(currency="EUR", time_zone="Europe/Amsterdam"),
        version=play.version,
        allow_plain_http=True,
        allow_private_addresses=True,
    )


def pull(play, hostile, *, seconds=20.0, on_page=None, max_records=2_000):
    """Return the pull, or None, and why it is not everything."""
    partner = partner_of(play, hostile)
    limits = Limits(max_bytes=3_000_000, max_records=max_records, max_duration=timedelta(seconds=seconds))
    with guarded_client(partner, name="hostile", max_seconds=seconds) as http:
        client = OcpiClient(
            partner, http=http, token=Secret(TOKEN), clock=lambda: NOW, correlation_id="night", limits=limits
        )
        try:
            pulled = client.pull(**PERIOD, on_page=on_page)
        except (PartnerRefused, PartnerUnavailable) as refusal:
            return None, str(refusal)
    return pulled, pulled.incomplete_because


@pytest.mark.parametrize(("behaviour", "version"), CASES)
def test_every_record_comes_exactly_or_it_is_said_why_not(hostile, behaviour, version):
    play = hostile.play(behaviour.name, version=version, seed=1, until=NOW)

    pulled, why = pull(play, hostile, seconds=0.5 if behaviour.is_slow else 20.0)

    assert play.dangers > 0, "the danger never happened: this proves nothing"
    if behaviour.outcome is not Outcome.EITHER:
        assert (why is None) == (behaviour.outcome is Outcome.ALL), why
    if why is None:
        assert_exact(pulled, play)
    else:
        assert len(why) > 20
        assert pulled is None or pulled.watermark is None, "an incomplete pull moves no watermark"
    assert_token_is_nowhere(pulled, why)


def assert_exact(pulled, play):
    if play.behaviour == "records_without_id":
        assert (len(pulled.rejected), pulled.record_count) == (len(play.truths), len(play.truths))
        return
    known = {cdr.cdr_id.upper(): cdr for cdr in pulled.cdrs}
    rejected = {record.cdr_id.upper() for record in pulled.rejected}
    assert {truth.cdr_id.upper() for truth in play.truths} <= known.keys() | rejected, "a record is lacking"
    assert known.keys() | rejected <= play.ever.keys(), "a record is there that never was"
    for cdr in pulled.cdrs:
        stated = [(truth.energy_kwh, truth.net) for truth in play.ever[cdr.cdr_id.upper()]]
        assert (cdr.energy_kwh, cdr.net) in stated
    assert len(rejected) <= 1 or play.behaviour == "in_latin_1_and_does_not_say_so"


def assert_token_is_nowhere(pulled, why):
    kept = [(why or "").encode()]
    if pulled is not None:
        kept += [note.encode() for note in pulled.notes]
        for page in pulled.pages:
            kept += [page.answer.body, repr(page.answer.headers).encode(), page.answer.url.encode()]
            kept += [(page.next_url or "").encode()]
        kept += [record.raw for record in pulled.rejected]
    escaped = "".join(f"\\u{ord(one):04x}" for one in TOKEN)
    for form in (TOKEN.encode(), b64encode(TOKEN.encode()), escaped.encode()):
        assert not any(form in one for one in kept)


def test_no_other_origin_hears_of_us(hostile):
    for name in ("link_to_another_host", "redirect_to_another_host", "endpoint_on_another_host"):
        for version in VERSIONS:
            pull(hostile.play(name, version=version, seed=2, until=NOW), hostile)

    assert hostile.received == []


def test_there_are_more_than_forty_behaviours_with_each_outcome_among_them():
    assert len(BEHAVIOURS) >= 40
    assert {behaviour.outcome for behaviour in BEHAVIOURS.values()} == set(Outcome)


@pytest.mark.parametrize("name", ["order_is_shuffled", "total_missing", "one_page_is_empty_once"])
def test_handing_pages_over_as_they_come_brings_the_same_records(hostile, name):
    taken = []
    play = hostile.play(name, version="2.2.1", seed=3, until=NOW)

    pulled, why = pull(play, hostile, on_page=taken.append)

    assert why is None
    assert pulled.pages == pulled.cdrs == ()
    records = {truth.cdr_id for truth in play.truths}
    assert {
        cdr_id for page in taken for cdr_id in records if f'"id":"{cdr_id}"'.encode() in page.answer.body
    } == records
    assert pulled.record_count == len(records)


@pytest.mark.parametrize("version", VERSIONS)
def test_energy_and_money_come_to_the_last_digit(hostile, version):
    play = hostile.play("gzip_as_it_should_be", version=version, seed=4, until=NOW)

    pulled, _ = pull(play, hostile)

    assert sum(cdr.energy_kwh for cdr in pulled.cdrs) == sum(truth.energy_kwh for truth in play.truths)
    assert sum(cdr.net or Decimal(0) for cdr in pulled.cdrs) == sum(truth.net for truth in play.truths)
    assert pulled.version == version


PLANS = st.builds(
    Plan,
    size=st.integers(min_value=1, max_value=9),
    has_links=st.booleans(),
    has_total=st.booleans(),
    is_shuffled=st.booleans(),
    is_listed_twice=st.booleans(),
    troubles=st.dictionaries(st.integers(min_value=1, max_value=12), st.sampled_from(Trouble), max_size=5),
)


@settings(max_examples=15)
@given(plan=PLANS, count=st.integers(min_value=0, max_value=12), version=st.sampled_from(VERSIONS), seed=st.integers())
def test_any_list_comes_exactly_or_it_is_said_why_not(hostile, plan, count, version, seed):
    """Fifteen drawn plans here, ten thousand in benchmarks/hostile.py."""
    play = hostile.play_of(behaviour_of(plan), version=version, seed=seed, until=NOW, count=count)

    pulled, why = pull(play, hostile)

    if why is None:
        assert_exact(pulled, play)
    else:
        assert "records came" in why
    if not plan.is_shuffled and plan.has_total and not plan.troubles:
        assert why is None, "there is no reason not to have them all"


def test_a_bomb_and_ten_gigabytes_cost_little_memory():
    """In a process of its own, whose memory is measured with the limits that are the default."""
    measured = subprocess.run([sys.executable, "-c", _MEASURE], capture_output=True, text=True, check=True, timeout=120)

    assert 40_000_000 < int(measured.stdout) < 250_000_000, "bytes at the peak, of the partner's own, too"


_MEASURE = """
import tracemalloc
from datetime import UTC, datetime, timedelta
import stamina
from charging.errors import PartnerUnavailable
from charging.roaming.ocpi.client import OcpiClient
from charging.roaming.ocpi.transport_guard import guarded_client
from charging.roaming.partner import Ids, Partner, TokenEncoding
from charging.roaming.terms import Terms
from charging.secret import Secret
from rehearsal.hostile_partner import HostilePartner
from rehearsal.hostile_play import PARTY, TOKEN
now = datetime(2026, 11, 21, tzinfo=UTC)
stamina.set_testing(True, attempts=1)
tracemalloc.start()
with HostilePartner().listening() as hostile:
    for name in ("gzip_bomb", "ten_gigabytes"):
        play = hostile.play(name, version="2.2.1", seed=1, until=now)
        partner = Partner(
            name="hostile", party=PARTY, owner="NL-EVN", versions_url=f"{play.base}/versions",
            origins=(hostile.origin,), token="env:TOKEN", token_encoding=TokenEncoding.BASE64, tariffs=(), ids=Ids(),
            former_operators=(), terms=Terms(currency="EUR", time_zone="UTC"), allow_plain_http=True,
            allow_private_addresses=True,
        )
        with guarded_client(partner, name="hostile") as http:
            client = OcpiClient(partner, http=http, token=Secret(TOKEN), clock=lambda: now, correlation_id="n")
            try:
                client.pull(date_from=now - timedelta(days=1), date_to=now)
            except PartnerUnavailable as refusal:
                assert "more than 50000000 bytes" in str(refusal), refusal
            else:
                raise AssertionError("it was taken in")
print(tracemalloc.get_traced_memory()[1])
"""
