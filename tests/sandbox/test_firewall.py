from sandbox.emulator.firewall import Firewall, Rule

BALANCER = ("10.80.0.200", ("sg-balancers",))
SERVER = ("10.80.0.10", ("sg-server",))


def rule(
    first: int, last: int, groups: frozenset[str] = frozenset(), ranges: tuple[str, ...] = ()
) -> Rule:
    return Rule(first, last, groups, ranges)


def firewall(ingress: Rule, egress: Rule) -> Firewall:
    return Firewall({"sg-server": (ingress,)}, {"sg-balancers": (egress,)})


OUT = rule(0, 65535, ranges=("0.0.0.0/0",))


def test_a_rule_for_the_balancers_group_lets_them_in() -> None:
    wall = firewall(rule(8443, 8450, frozenset({"sg-balancers"})), OUT)
    assert wall.passes(BALANCER, SERVER, 8444)


def test_another_port_another_group_and_no_way_out_stop_them() -> None:
    ours = frozenset({"sg-balancers"})
    assert not firewall(rule(8443, 8443, ours), OUT).passes(BALANCER, SERVER, 8444)
    others = frozenset({"sg-others"})
    assert not firewall(rule(8443, 8443, others), OUT).passes(BALANCER, SERVER, 8443)
    no_way_out = rule(443, 443, ranges=("192.0.2.0/24",))
    assert not firewall(rule(8443, 8443, ours), no_way_out).passes(BALANCER, SERVER, 8443)


def test_a_range_lets_in_the_addresses_in_it() -> None:
    assert firewall(rule(80, 80, ranges=("10.80.0.0/24",)), OUT).passes(BALANCER, SERVER, 80)
    assert not firewall(rule(80, 80, ranges=("10.80.1.0/24",)), OUT).passes(BALANCER, SERVER, 80)
    assert not firewall(rule(80, 80, ranges=("fd00::/8",)), OUT).passes(BALANCER, SERVER, 80)


def test_a_port_is_open_when_any_range_may_reach_it() -> None:
    wall = Firewall({"sg-balancers": (rule(443, 443, ranges=("203.0.113.0/24",)),)}, {})
    assert wall.opens(["sg-balancers"], 443)
    assert not wall.opens(["sg-balancers"], 80)


def test_who_has_no_group_is_held_back_by_others_alone() -> None:
    nobody = ("10.80.0.200", None)
    wall = Firewall({"sg-server": (rule(80, 80, ranges=("10.80.0.0/24",)),)}, {})
    assert wall.opens(None, 443)
    assert wall.passes(nobody, SERVER, 80)
    assert not wall.passes(nobody, SERVER, 443)
