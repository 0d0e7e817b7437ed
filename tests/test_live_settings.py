"""What a live server can be told, in Python and on the command line."""

import inspect
from dataclasses import fields

import pytest

from movenet.cli.live import live
from movenet.errors import DataError
from movenet.live import Limits, ServerSettings

FLAGS = inspect.signature(live).parameters


@pytest.mark.parametrize("field", fields(Limits), ids=lambda field: field.name)
def test_every_limit_is_a_flag_with_the_same_default(field):
    assert FLAGS[field.name].default == field.default


@pytest.mark.parametrize(
    "field",
    [field for field in fields(ServerSettings) if field.name != "limits"],
    ids=lambda field: field.name,
)
def test_every_setting_is_a_flag_with_the_same_default(field):
    assert (FLAGS[field.name].default or ()) == (field.default or ())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.3.2.1"])
def test_only_this_computer_reaches_a_loopback_address(host):
    assert ServerSettings(host).is_local


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", ""])
def test_others_reach_any_other_address(host):
    assert not ServerSettings(host).is_local


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_limit_that_limits_nothing_or_everything_is_refused(value):
    with pytest.raises(DataError, match="expected the limit rate_hz above 0"):
        Limits(rate_hz=value)


def test_a_port_that_is_none_is_refused():
    with pytest.raises(DataError, match="expected a port from 0 to 65535, got 65536"):
        ServerSettings(port=65536)


def test_a_certificate_needs_its_key(tmp_path):
    with pytest.raises(DataError, match="both a certificate and its key"):
        ServerSettings(tls_cert=tmp_path / "certificate.pem")


@pytest.mark.parametrize("token", ["", "short", "with a space in it", "broken;cookie", "line\nbreaks in it"])
def test_a_token_that_cannot_stand_in_an_address_is_refused(token):
    with pytest.raises(DataError, match="expected a token of at least 8"):
        ServerSettings(token=token)
