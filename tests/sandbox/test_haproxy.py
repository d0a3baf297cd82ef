"""HAProxy's configuration from what the emulator holds; the real HAProxy checks every one."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox import SandboxError, haproxy
from sandbox.authority import create, load
from sandbox.emulator.balancer import Balancer
from sandbox.emulator.firewall import NOTHING_PASSES, Firewall, Rule
from sandbox.emulator.listeners import Forward, HealthCheck, Listener, Redirect, Target
from sandbox.emulator.policies import TlsPolicy
from sandbox.vpc import Instance, SshDoor, Subnet, World

ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
ANYBODY = (Rule(0, 65535, frozenset(), ("0.0.0.0/0",)),)
FORWARD = Forward(
    "HTTPS",
    (Target("i-1", 8443),),
    HealthCheck("HTTPS", "/health", None, 10, 5, 2, 3, "200"),
)
REDIRECT = Redirect("HTTPS", "#{host}", "443", "/#{path}", "#{query}", 301)
BALANCER = Balancer(
    name="shop-a",
    dns_name="a.elb.amazonaws.com",
    ipv6=False,
    subnets=("subnet-1", "subnet-2"),
    groups=("sg-balancers",),
    idle_timeout=60,
    listeners=(
        Listener(443, "HTTPS", (ARN,), TlsPolicy("TLSv1.2", "TLSv1.3"), http2=True, action=FORWARD),
        Listener(80, "HTTP", (), None, http2=False, action=REDIRECT),
    ),
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    create(tmp_path)
    pem = tmp_path / "a.pem"
    pem.write_bytes(load(tmp_path).issue(["a.com"]).bundle)
    return World(
        block="127.64.0.0/20",
        doors=(SshDoor("web-1", 2201, "169.254.64.9", 22),),
        balancers=(BALANCER,),
        firewall=Firewall(
            {"sg-balancers": ANYBODY, "sg-server": ANYBODY}, {"sg-balancers": ANYBODY}
        ),
        instances={"i-1": Instance("web-1", "10.80.0.10", ("sg-server",), "eu-west-1a")},
        subnets={
            "subnet-1": Subnet("10.80.0.0/24", "eu-west-1a"),
            "subnet-2": Subnet("10.80.1.0/24", "eu-west-1b"),
        },
        certificates={ARN: pem},
        loopback={"a.elb.amazonaws.com": "127.64.1.2"},
    )


def text(world: World, tmp_path: Path) -> str:
    """Return the balancer's configuration after the real HAProxy has read it."""
    configuration = haproxy.configure(world, {})["shop-a"]
    read = configuration.text.replace(" namespace _machine", "")
    file = tmp_path / "haproxy.cfg"
    file.write_text(read.replace("@socket@", "unix@socket"))
    for name, content in configuration.files.items():
        (tmp_path / name).write_bytes(content)
    subprocess.run(["haproxy", "-c", "-q", "-f", str(file)], check=True, cwd=tmp_path)
    return configuration.text


def test_a_balancer_listens_with_its_certificate_and_versions(world: World, tmp_path: Path) -> None:
    assert re.search(
        r"bind 127\.64\.1\.2:443 namespace _machine ssl crt-list \w+\.list alpn h2,http/1\.1"
        r" ssl-min-ver TLSv1\.2 ssl-max-ver TLSv1\.3 ciphers [A-Z0-9:-]+\n",
        text(world, tmp_path),
    )
    (listed,) = haproxy.configure(world, {})["shop-a"].files.values()
    assert listed == f"{world.certificates[ARN]}\n".encode()


def test_every_node_reaches_every_target_from_its_own_subnet(world: World, tmp_path: Path) -> None:
    servers = [line for line in text(world, tmp_path).splitlines() if "10.80.0.10:8443" in line]
    assert len(servers) == 2
    assert " source 10.80.0." in servers[0]
    assert " source 10.80.1." in servers[1]
    assert all("ssl verify none" in line and "sni" not in line for line in servers)
    sources = {line.partition(" source ")[2].split()[0] for line in servers}
    assert haproxy.node_addresses(world) == sources


def test_a_redirect_keeps_host_path_and_query(world: World, tmp_path: Path) -> None:
    assert (
        "http-request redirect location https://%[req.hdr(host),field(1,:)]:443%[pathq] code 301"
        in text(world, tmp_path)
    )


def test_any_redirect_that_aws_knows_is_understood(world: World, tmp_path: Path) -> None:
    redirect = Redirect("#{protocol}", "www.#{host}", "#{port}", "/new/#{path}", "from=a", 302)
    listener = Listener(80, "HTTP", (), None, http2=False, action=redirect)
    changed = replace(world, balancers=(replace(BALANCER, listeners=(listener,)),))
    assert (
        "location http://www.%[req.hdr(host),field(1,:)]:80/new/%[path,regsub(^/,)]?from=a code 302"
        in text(changed, tmp_path)
    )


def test_what_the_security_groups_stop_is_not_there(world: World, tmp_path: Path) -> None:
    assert list(haproxy.configure(replace(world, firewall=NOTHING_PASSES), {})) == [haproxy.SSH]
    unreachable = Firewall({"sg-balancers": ANYBODY}, {"sg-balancers": ANYBODY})
    no_server = text(replace(world, firewall=unreachable), tmp_path)
    assert "bind 127.64.1.2:443" in no_server
    assert "10.80.0.10:8443" not in no_server


def test_a_policy_that_takes_old_versions_is_obeyed(world: World, tmp_path: Path) -> None:
    old = replace(BALANCER.listeners[0], tls=TlsPolicy("TLSv1.0", "TLSv1.2"))
    changed = replace(world, balancers=(replace(BALANCER, listeners=(old,)),))
    found = text(changed, tmp_path)
    assert "ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.2 ciphers ECDHE-ECDSA-AES128-GCM-SHA256:" in found
    assert ":AES256-SHA:@SECLEVEL=0\n" in found


def test_a_classic_check_on_another_port_and_a_tcp_one(world: World, tmp_path: Path) -> None:
    on_port = replace(FORWARD, protocol="HTTP", check=replace(FORWARD.check, port=8443))
    tcp = replace(FORWARD, check=HealthCheck("TCP", None, 443, 30, 5, 2, 2, "200"))
    listeners = (
        Listener(80, "HTTP", (), None, http2=False, action=on_port),
        Listener(8080, "TCP", (), None, http2=False, action=replace(tcp, protocol="TCP")),
    )
    found = text(replace(world, balancers=(replace(BALANCER, listeners=listeners),)), tmp_path)
    assert "check check-ssl verify none port 8443 inter 10s fall 3 rise 2" in found
    assert "check no-check-ssl port 443 inter 30s fall 2 rise 2" in found


def test_a_certificate_that_is_not_issued_is_told(world: World) -> None:
    with pytest.raises(SandboxError, match=f"no issued certificate has the ARN '{ARN}'"):
        haproxy.configure(replace(world, certificates={}), {})


def test_a_change_of_one_balancer_changes_no_other_configuration(world: World) -> None:
    other = replace(BALANCER, name="shop-b", dns_name="b.elb.amazonaws.com")
    loopback = {**world.loopback, other.dns_name: "127.64.1.3"}
    two = replace(world, balancers=(BALANCER, other), loopback=loopback)
    before, after = haproxy.configure(world, {}), haproxy.configure(two, {})
    assert after.keys() - before.keys() == {"shop-b"}
    assert all(after[name] == before[name] for name in before)
    slower = replace(two, balancers=(replace(BALANCER, idle_timeout=90), other))
    changed = haproxy.configure(slower, {})
    assert [name for name in after if changed[name].serial != after[name].serial] == ["shop-a"]


def test_sshd_is_led_to(world: World) -> None:
    ssh = haproxy.configure(world, {})[haproxy.SSH].text
    assert "bind 127.64.0.1:2201 namespace _machine\n" in ssh
    assert "server sshd 169.254.64.9:22\n" in ssh
