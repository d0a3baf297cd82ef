"""A fleet of which nothing exists before: network, servers, zone; and much that sites can say."""

from pathlib import Path

import pytest

import sandbox

pytestmark = pytest.mark.sandbox

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE+i0KXrJdMd0acDgL4okF2FE7SznG9Mrv0SgrFB7y81"
FLEET = f"""\
name: made
region: us-east-1
state: cloud
network: {{create: 10.20.0.0/16, allow: [203.0.113.0/24, "2001:db8::/32"]}}
servers:
  web-1:
    create: {{ami: ami-0123456789abcdef0, type: t3.small, ssh_from: [198.51.100.0/24]}}
    ssh: {{user: root, port: 2222, private_key: /dev/null, host_key: {HOST_KEY}}}
  web-2:
    create:
      {{ami: ami-0123456789abcdef0, type: t3.small, key_name: mine, ssh_from: [198.51.100.0/24]}}
    ssh: {{user: ubuntu, private_key: /dev/null, host_key: {HOST_KEY}}}
sites:
  six.com: {{document_root: /srv/six, ipv6: true, tls: modern, zone: create}}
  shop.co.uk:
    aliases: [www.shop.co.uk, shop.org]
    document_root: /srv/shop
    zone: Z0123456789ABCDEFGHIJ
    backend_tls: {{certificate: /etc/ssl/shop.crt, private_key: /etc/ssl/private/shop.key}}
  münchen.de:
    document_root: /srv/shop
    load_balancer: classic
    certificate: {{arn: "arn:aws:iam::999999999999:server-certificate/old/cert"}}
"""


def test_everything_is_created_and_verified(tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text(FLEET)
    try:
        up = sandbox.up(file)
        verification = sandbox.verify_sandbox(up)
        assert verification.reasons == ()
        seen = {result.name: result.observation for result in verification.results}
        assert set(seen) == {
            "six.com",
            "shop.co.uk",
            "www.shop.co.uk",
            "shop.org",
            "xn--mnchen-3ya.de",
        }
        ipv4, ipv6 = seen["six.com"].addresses
        assert ipv6 == f"::ffff:{ipv4}"
        servers = {
            page.server
            for result in verification.results + sandbox.verify_sandbox(up).results
            for sight in result.observation.sights
            if not isinstance(page := sight.page, str)
        }
        assert servers == {"web-1", "web-2"}
        assert not up.terraform.changes()
    finally:
        sandbox.down(file)
