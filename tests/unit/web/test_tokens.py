"""The page's secret, the names it answers to, and what its cookies carry."""

import pytest

from cutoutd.config.types.text_types import Listen
from cutoutd.web.access.hosts import is_origin_of, is_own, port_of
from cutoutd.web.access.tokens import Tokens
from cutoutd.web.pages.flash_message import FlashMessage

LOOPBACK, ALL, ONE = Listen("127.0.0.1", 8717), Listen("0.0.0.0", 8717), Listen("192.168.1.5", 8717)  # noqa: S104


def test_only_the_token_and_what_is_derived_from_it_fit() -> None:
    """Cookie and form carry values of their own; none stands for another, or for another token's."""
    tokens, other = Tokens("a" * 43), Tokens("b" * 43)
    assert tokens.is_token("a" * 43)
    form, form_of_other = tokens.form_of("x"), other.form_of("x")
    assert tokens.is_form(form, "x")
    assert not tokens.is_form(form, "y")
    assert not tokens.is_form(form_of_other, "x")
    assert tokens.host != other.host
    assert len({tokens.hash_session("x"), form, other.hash_session("x"), form_of_other, "a" * 43}) == 5
    for text in ("", "b" * 43, "ä", form, form_of_other):
        assert not tokens.is_token(text)
    assert not tokens.is_form(tokens.hash_session(""), "")


@pytest.mark.parametrize("change", ["", "x", ".", "x.y", "ä.ö"])
def test_what_nobody_signed_says_nothing(change: str) -> None:
    """A cookie that another program of this machine has set is passed over."""
    tokens = Tokens("a" * 43)
    signed = tokens.sign("600 approved")
    assert tokens.verify(signed) == "600 approved"
    assert tokens.verify(change) == ""
    assert tokens.verify(f"{signed}{change}") == ("600 approved" if not change else "")
    assert Tokens("b" * 43).verify(signed) == ""


@pytest.mark.parametrize(
    ("listen", "host", "is_ours"),
    [
        (LOOPBACK, "localhost", True),
        (LOOPBACK, "127.0.0.1:8717", True),
        (LOOPBACK, "[::1]:1", True),
        (LOOPBACK, "192.168.1.5", False),
        (LOOPBACK, "localhost.evil.example", False),
        (LOOPBACK, "[::1].evil.example", False),
        (LOOPBACK, "0x7f.1", False),
        (ONE, "192.168.1.5:8717", True),
        (ONE, "localhost", False),
        (ONE, "studio.lan", False),
        (ALL, "192.168.1.7", True),
        (ALL, "localhost", True),
        (ALL, "studio.lan", False),
        (Listen("localhost", 1), "127.0.0.1", True),
    ],
)
def test_addresses_are_ours_and_names_are_not(listen: Listen, host: str, is_ours: bool) -> None:  # noqa: FBT001  a parameter
    """Only a name can be made to point at this machine by somebody else."""
    assert is_own(host, listen) is is_ours


def test_a_name_of_the_configuration_is_ours_and_no_other() -> None:
    """``web.hosts`` adds names, in any case and at any port; neither a part nor an extension of one is ours."""
    hosts = ("cutouts.example.com",)
    for host in ("cutouts.example.com", "Cutouts.Example.com", "cutouts.example.com:8443", "127.0.0.1:8717"):
        assert is_own(host, LOOPBACK, hosts)
    for host in ("example.com", "evil.cutouts.example.com", "cutouts.example.com.evil.net", "cutouts.example.com/", ""):
        assert not is_own(host, LOOPBACK, hosts)


def test_an_origin_is_that_of_the_page_that_was_asked_for() -> None:
    """With its port; through a proxy also encrypted."""
    assert is_origin_of("http://127.0.0.1:8717", "127.0.0.1:8717")
    assert is_origin_of("https://studio.example", "studio.example")
    assert not is_origin_of("http://127.0.0.1:8718", "127.0.0.1:8717")
    assert not is_origin_of("null", "127.0.0.1")
    assert [port_of(host) for host in ("localhost", "localhost:1", "[::1]", "[::1]:2")] == ["80", "1", "80", "2"]


def test_nothing_said_is_nothing_to_show() -> None:
    """An order without sentences leaves an empty message, not a fault."""
    assert (FlashMessage().done, FlashMessage().refused) == ((), ())
