import httpx
import pytest
import sqlalchemy as sa

from charging.database.queries import registration as read
from charging.errors import PartnerRefused, PartnerUnavailable
from charging.roaming import partner_file
from charging.roaming.ocpi.credentials_acting import act, plan
from charging.roaming.ocpi.credentials_desk import Desk
from charging.roaming.registration import Action, Phase, State
from charging.secret import Secret


@pytest.fixture
def met(both):
    """Make us and a partner that has invited us, in a version."""

    def make(version="2.2.1"):
        us, them = both
        them.knows(us, name="evn", version=version)
        us.knows(them, name="roa", version=version, token=them.invites("evn"))
        return us, them

    return make


def journal(side, name):
    with side.engine.connect() as connection:
        return [(event.action, event.phase) for event in read.events(connection, name)]


def standing(side, name):
    with side.engine.connect() as connection:
        return read.registration(connection, name)


def token_of(side, name):
    return partner_file.read(side.file(name)).read_token({})


def opens(side, token, path="2.2.1/sessions/NL/ROA/1"):
    return side.ask("GET", path, token.reveal()).status_code != 401


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
def test_two_platforms_register_with_each_other(met, version):
    us, them = met(version)
    token_a = token_of(us, "roa")

    done = act(us.desk("roa"), Action.REGISTER)

    token_c = token_of(us, "roa")
    assert done.outcome == "done"
    assert (standing(us, "roa").state, standing(them, "evn").state) == (State.REGISTERED, State.REGISTERED)
    assert token_c != token_a
    assert opens(them, token_c)
    assert opens(us, token_of(them, "evn"))
    assert not opens(them, token_a)
    assert "# changes with each rotation" in us.file("roa").read_text()
    assert standing(us, "roa").version == version


def test_a_dry_run_asks_and_changes_nothing(met):
    us, them = met()

    planned = plan(us.desk("roa"), Action.REGISTER)

    assert (planned.method, planned.url) == ("POST", f"{them.url}/2.2.1/credentials")
    assert planned.our_url == f"{us.url}/versions"
    assert standing(us, "roa") is standing(them, "evn") is None
    assert journal(us, "roa") == []


def test_tokens_are_rotated_and_the_old_ones_die(met):
    us, them = met()
    act(us.desk("roa"), Action.REGISTER)
    before = token_of(us, "roa"), token_of(them, "evn")

    act(us.desk("roa"), Action.ROTATE)
    after = token_of(us, "roa"), token_of(them, "evn")

    assert opens(them, after[0])
    assert opens(us, after[1])
    assert not opens(them, before[0])
    assert not opens(us, before[1])


def test_unregistering_leaves_no_door_open(met):
    us, them = met()
    act(us.desk("roa"), Action.REGISTER)
    ours, theirs = token_of(us, "roa"), token_of(them, "evn")

    act(us.desk("roa"), Action.UNREGISTER)

    assert (standing(us, "roa").state, standing(them, "evn").state) == (State.UNREGISTERED, State.UNREGISTERED)
    assert not opens(them, ours)
    assert not opens(us, theirs)
    assert list((us.folder / "secrets").iterdir()) == []


def test_a_switch_sends_the_partner_to_another_platform(met, third):
    us, them = met()
    act(us.desk("roa"), Action.REGISTER)
    third.knows(them, name="roa")
    them.file("evn").write_text(them.file("evn").read_text() + f'origins = ["{third.url}"]\n')
    given = third.mint()
    third_us = third.doors.us(partner_file.read(third.file("roa")))
    _give(third, given)

    act(us.desk("roa"), Action.SWITCH, elsewhere=(third_us, given))

    assert standing(them, "evn").their_url == f"{third.url}/versions"
    assert token_of(them, "evn") == given
    assert opens(them, token_of(us, "roa"))


def _give(side, token):
    from charging.database.operations import registration as write
    from charging.roaming.ocpi.credentials_desk import fingerprint
    from charging.roaming.registration import Purpose

    with side.engine.begin() as connection:
        write.give(
            connection, "roa", token_sha256=fingerprint(token), purpose=Purpose.ACCESS, reference="", at=side.clock()
        )


def test_registering_twice_is_told_apart_from_renewing(met):
    us, them = met()
    act(us.desk("roa"), Action.REGISTER)

    with pytest.raises(PartnerRefused, match="rotate instead"):
        act(us.desk("roa"), Action.REGISTER)

    assert journal(us, "roa")[-1] == (Action.REGISTER, Phase.REFUSED)
    assert opens(us, token_of(them, "evn"))


def test_renewing_before_registering_is_refused(met):
    us, _ = met()
    with pytest.raises(PartnerRefused, match="register instead"):
        act(us.desk("roa"), Action.ROTATE)


def test_a_version_that_nobody_agreed_on_is_refused(met):
    us, them = met()
    text = us.file("roa").read_text().replace("2.2.1", "2.3.0")
    us.file("roa").write_text(text)
    them.serving["app"] = _only_211(them.serving["app"])

    with pytest.raises(PartnerRefused, match=r"it offers 2\.1\.1") as refused:
        act(us.desk("roa"), Action.REGISTER)
    assert "2.1.1" in refused.value.mend


def _only_211(app):
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Mount, Route

    async def versions(request):
        data = [{"version": "2.1.1", "url": str(request.url) + "/2.1.1"}]
        return JSONResponse({"data": data, "status_code": 1000})

    return Starlette(routes=[Route("/ocpi/versions", versions), Mount("/", app)])


def test_a_partner_that_cannot_use_our_api_says_so(met):
    us, them = met()
    desk = us.desk("roa")
    us.serving["app"] = _away

    with pytest.raises(PartnerUnavailable, match="receiver runs"):
        act(desk, Action.REGISTER)

    assert standing(them, "evn") is None


async def _away(scope, receive, send):
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class TestKilled:
    """Wherever the process ends, running it again comes to the same end, or says what is lost."""

    @pytest.mark.parametrize("action", [Action.REGISTER, Action.ROTATE])
    @pytest.mark.parametrize("step", ["take", "finish"])
    def test_once_the_answer_is_on_the_disk_nothing_is_lost(self, met, monkeypatch, action, step, killed):
        us, them = met()
        if action is Action.ROTATE:
            act(us.desk("roa"), Action.REGISTER)
        with monkeypatch.context() as patch:
            patch.setattr(Desk, step, killed)
            with pytest.raises(killed.kind):
                act(us.desk("roa"), action)

        again = act(us.desk("roa"), action)

        assert again.outcome == "done"
        assert opens(them, token_of(us, "roa"))
        assert opens(us, token_of(them, "evn"))
        assert journal(us, "roa")[-2:] == [(action, Phase.INTENT), (action, Phase.DONE)]

    @pytest.mark.parametrize("place", ["roa.token", "roa.given"])
    def test_finishing_half_way_is_finished_again(self, met, monkeypatch, place, killed):
        us, them = met()
        wrote = type(us.secrets).write

        def write(folder, name, secret):
            if name == place:
                raise killed.kind
            return wrote(folder, name, secret)

        with monkeypatch.context() as patch:
            patch.setattr(type(us.secrets), "write", write)
            with pytest.raises(killed.kind):
                act(us.desk("roa"), Action.REGISTER)

        act(us.desk("roa"), Action.REGISTER)

        assert opens(them, token_of(us, "roa"))
        assert opens(us, token_of(them, "evn"))

    def test_what_was_never_sent_is_sent_again_with_the_same_token(self, met, monkeypatch, killed):
        us, them = met()
        with monkeypatch.context() as patch:
            patch.setattr(httpx.Client, "stream", killed.at_post(httpx.Client.stream))
            with pytest.raises(killed.kind):
                act(us.desk("roa"), Action.REGISTER)
        before = us.secrets.read("roa.given-next")

        act(us.desk("roa"), Action.REGISTER)

        assert token_of(them, "evn") == before
        assert [phase for _, phase in journal(us, "roa")] == [
            Phase.INTENT,
            Phase.UNKNOWN,
            Phase.INTENT,
            Phase.DONE,
        ]

    def test_a_lost_answer_names_both_ways_out(self, met, monkeypatch, killed):
        us, them = met()
        act(us.desk("roa"), Action.REGISTER)
        with monkeypatch.context() as patch:
            patch.setattr(Desk, "keep_answer", killed)
            with pytest.raises(killed.kind):
                act(us.desk("roa"), Action.ROTATE)
        _forget_replaced(them)

        with pytest.raises(PartnerRefused, match="token A") as lost:
            act(us.desk("roa"), Action.ROTATE)
        assert "PUT its credentials" in lost.value.mend
        assert journal(us, "roa")[-1] == (Action.ROTATE, Phase.UNKNOWN)

        act(them.desk("evn"), Action.ROTATE)
        assert opens(them, token_of(us, "roa"))
        assert opens(us, token_of(them, "evn"))

    def test_a_deletion_that_was_done_is_not_tried_for_ever(self, met, monkeypatch, killed):
        us, _ = met()
        act(us.desk("roa"), Action.REGISTER)
        with monkeypatch.context() as patch:
            patch.setattr(Desk, "leave", killed)
            with pytest.raises(killed.kind):
                act(us.desk("roa"), Action.UNREGISTER)

        act(us.desk("roa"), Action.UNREGISTER)

        assert standing(us, "roa").state is State.UNREGISTERED


def _forget_replaced(side):
    """Let a platform keep no replaced token alive, as most do not."""
    with side.engine.begin() as connection:
        connection.execute(sa.text("UPDATE roaming.given_token SET state = 'dead' WHERE state = 'replaced'"))


def test_no_token_is_in_the_database_or_in_a_partner_file(met):
    us, them = met()
    act(us.desk("roa"), Action.REGISTER)
    tokens = [token_of(us, "roa").reveal(), token_of(them, "evn").reveal()]

    for side, name in ((us, "roa"), (them, "evn")):
        with side.engine.connect() as connection:
            stored = "".join(
                str(connection.execute(sa.text(f"SELECT * FROM roaming.{table}")).all())
                for table in ("partner_registration", "registration_event", "given_token", "pushed_body")
            )
        told = stored + side.file(name).read_text()
        assert not any(token in told for token in tokens)
        modes = {path.stat().st_mode & 0o777 for path in (side.folder / "secrets").iterdir()}
        assert modes == {0o600}


ROLE = {"role": "CPO", "country_code": "NL", "party_id": "EVN", "business_details": {"name": "x"}}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"url": "http://127.0.0.1:9/ocpi/versions"}, 3001, id="an API at another origin"),
        pytest.param({"token": "nobody knows it"}, 2001, id="a token with blanks"),
        pytest.param({"token": "unknown-to-its-own-platform"}, 3001, id="a token that does not open its own API"),
        pytest.param({"roles": [ROLE | {"party_id": "XXX"}]}, 2001, id="another party's"),
        pytest.param({"roles": []}, 2001, id="nobody's"),
        pytest.param({"url": None}, 2001, id="without an address"),
    ],
)
def test_credentials_that_cannot_be_used_are_refused_and_change_nothing(met, change, code):
    us, them = met()
    body = {"token": "x", "url": f"{us.url}/versions", "roles": [ROLE]} | change

    answer = them.ask("POST", "2.2.1/credentials", token_of(us, "roa").reveal(), json=body)

    assert (answer.status_code, answer.json()["status_code"]) == (200, code)
    assert standing(them, "evn") is None
    assert opens(them, token_of(us, "roa"), "versions")


def test_a_partner_that_does_not_speak_the_version_of_the_address_is_told(met):
    us, them = met()
    us.serving["app"] = _only_211(us.serving["app"])
    _give(us, Secret("our-token-to-them"))
    body = {"token": "our-token-to-them", "url": f"{us.url}/versions", "roles": [ROLE]}

    answer = them.ask("POST", "2.2.1/credentials", token_of(us, "roa").reveal(), json=body)

    assert answer.json()["status_code"] == 3002


def test_a_partner_that_repeats_a_lost_post_is_taken_again(met):
    us, them = met()
    token_a = token_of(us, "roa")
    desk = us.desk("roa")
    body = {
        "token": "our-token-to-them",
        "url": f"{us.url}/versions",
        "roles": [ROLE],
    }
    _give(us, Secret("our-token-to-them"))

    first = them.ask("POST", "2.2.1/credentials", token_a.reveal(), json=body).json()
    second = them.ask("POST", "2.2.1/credentials", token_a.reveal(), json=body).json()
    assert opens(them, Secret(second["data"]["token"]))
    third = them.ask("POST", "2.2.1/credentials", token_a.reveal(), json=body)

    assert desk.partner.party == "NL-ROA"
    assert (first["status_code"], second["status_code"]) == (1000, 1000)
    assert third.status_code == 401
    assert not opens(them, Secret(first["data"]["token"]))
