from dataclasses import dataclass

import pytest

from charging.roaming.addresses import is_private, unsafe


@dataclass(frozen=True)
class Allowed:
    origins: tuple[str, ...] = ("https://roa.example:443",)
    allow_plain_http: bool = False
    allow_private_addresses: bool = False


URL = "https://roa.example/ocpi/versions"


def test_a_partners_own_address_is_safe():
    assert unsafe(URL, allowed=Allowed(), resolved=["93.184.215.14"]) is None


@pytest.mark.parametrize(
    ("url", "resolved", "allowed", "problem", "mend"),
    [
        pytest.param(
            "http://roa.example/", (), Allowed(), "unencrypted", "allow_plain_http", id="what is not encrypted"
        ),
        pytest.param("https://evil.example/", (), Allowed(), "not its own", "origins", id="another host"),
        pytest.param("https://roa.example:8443/", (), Allowed(), "not its own", "origins", id="another port"),
        pytest.param(
            URL, ("10.0.0.7",), Allowed(), "private network (10.0.0.7)", "allow_private", id="a name that points inside"
        ),
        pytest.param(
            URL,
            ("93.184.215.14", "::1"),
            Allowed(),
            "private network (::1)",
            "allow_private",
            id="one of them inside",
        ),
        pytest.param(
            "https://169.254.169.254/",
            (),
            Allowed(origins=()),
            "private network",
            "allow_private",
            id="a literal link-local address",
        ),
        pytest.param("https://roa.example@evil.example/", (), Allowed(), "user's name", "without", id="a user's name"),
        pytest.param("file:///etc/passwd", (), Allowed(), "no web address", "right one", id="another scheme"),
        pytest.param("https://[::1/", (), Allowed(), "no address", "right one", id="no address at all"),
        pytest.param("https://roa.example:99999/", (), Allowed(), "no address", "right one", id="no port"),
    ],
)
def test_refuses(url, resolved, allowed, problem, mend):
    found = unsafe(url, allowed=allowed, resolved=resolved)

    assert found is not None
    assert problem in found.problem
    assert mend in found.mend


def test_what_the_partner_file_allows_is_safe():
    allowed = Allowed(
        origins=("http://127.0.0.1:81", "https://roa.example:443"), allow_plain_http=True, allow_private_addresses=True
    )

    assert unsafe("http://127.0.0.1:81/ocpi", allowed=allowed) is None
    assert unsafe(URL, allowed=allowed, resolved=["192.168.1.2"]) is None


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "0x7f000001", "2130706433", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.1.1"),
        *("0.0.0.0", "100.64.0.1", "224.0.0.1", "::1", "[::1]", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "::"),
        *("64:ff9b::a00:1", "2002:a00:1::", "localhost", "LOCALHOST.", "ocpi.localhost"),
    ],
)
def test_these_are_private(host):
    assert is_private(host)


@pytest.mark.parametrize("host", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::808:808"])
def test_these_are_public(host):
    assert not is_private(host)


def test_a_name_says_nothing_of_where_it_is():
    assert not is_private("roa.example")
