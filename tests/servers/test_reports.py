"""What the activation script says, read."""

from datetime import UTC, datetime
from pathlib import PurePosixPath

import pytest

from modules.servers import (
    Apache,
    BackendCertificate,
    Boot,
    Drain,
    Kept,
    PortProbe,
    ServerError,
    Status,
)
from modules.servers.reports import parse_releases, parse_status

STATUS = """\
release 0123456789ab
fleet shop
server web-1
serial 2026-11-03T10:02:00Z
apache running
boot enabled
running yes
unfinished yes
draining by-hand
edited /etc/portico/releases/0123456789ab/portico.conf
edited /etc/portico/releases/0123456789ab/sites/a b.conf
missing /etc/portico/releases/0123456789ab/health
port 80 200 0123456789ab
port 443 503 -
port 8443 000 -
certificate a.com /etc/portico/tls/a.com/certificate.pem 2036-10-31T10:02:00Z
certificate b.com /srv/b.pem -
trusted-proxy 10.0.0.0/24
trusted-proxy 10.0.1.0/24
short /etc/portico has 4096 KB free, 8240 are needed
of-tomorrow 1 2 3
end
"""


def test_status() -> None:
    folder = PurePosixPath("/etc/portico/releases/0123456789ab")
    assert parse_status(STATUS) == Status(
        release="0123456789ab",
        fleet="shop",
        server="web-1",
        planned=datetime(2026, 11, 3, 10, 2, tzinfo=UTC),
        apache=Apache.RUNNING,
        boot=Boot.ENABLED,
        running=True,
        unfinished=True,
        draining=Drain.BY_HAND,
        edited=(folder / "portico.conf", folder / "sites/a b.conf"),
        missing=(folder / "health",),
        ports=(
            PortProbe(80, 200, "0123456789ab"),
            PortProbe(443, 503, None),
            PortProbe(8443, 0, None),
        ),
        certificates=(
            BackendCertificate(
                "a.com",
                PurePosixPath("/etc/portico/tls/a.com/certificate.pem"),
                datetime(2036, 10, 31, 10, 2, tzinfo=UTC),
            ),
            BackendCertificate("b.com", PurePosixPath("/srv/b.pem"), None),
        ),
        trusted_proxies=("10.0.0.0/24", "10.0.1.0/24"),
        short=("/etc/portico has 4096 KB free, 8240 are needed",),
    )


def test_status_where_nothing_is_deployed() -> None:
    assert parse_status("release -\nfleet -\napache stopped\nboot unknown\nend\n") == Status(
        apache=Apache.STOPPED
    )


@pytest.mark.parametrize("length", [0, 1, 30, len(STATUS) - 5])
def test_status_that_was_cut(length: int) -> None:
    with pytest.raises(ServerError, match="was cut on its way"):
        parse_status(STATUS[:length])


@pytest.mark.parametrize(
    "line",
    [
        *("apache flying", "boot maybe", "draining often", "port 80", "port x 200 -"),
        "serial soon",
    ],
)
def test_status_of_another_form(line: str) -> None:
    with pytest.raises(ServerError, match="cannot be read"):
        parse_status(f"{line}\nend\n")


def test_releases() -> None:
    text = (
        "222222222222\t2026-11-03T10:02:00Z\t2026-11-03T10:03:11Z\t3\tcurrent,edited\n"
        "111111111111\t2026-11-02T10:02:00Z\t-\t2\tprevious\n"
        "000000000000\t-\t2026-11-01T10:03:11Z\t0\t-\n"
    )
    first, second, third = parse_releases(text)
    assert first == Kept(
        "222222222222",
        datetime(2026, 11, 3, 10, 2, tzinfo=UTC),
        datetime(2026, 11, 3, 10, 3, 11, tzinfo=UTC),
        3,
        current=True,
        edited=True,
    )
    assert (second.previous, second.live, second.sites) == (True, None, 2)
    assert (third.current, third.previous, third.edited, third.planned) == (False,) * 3 + (None,)
    assert parse_releases("") == ()


@pytest.mark.parametrize("line", ["a b c", "a\t-\t-\tmany\t-", "a\tsoon\t-\t1\t-", "a\t-\t-\t1"])
def test_releases_of_another_form(line: str) -> None:
    with pytest.raises(ServerError, match="cannot be read: "):
        parse_releases(f"{line}\n")
