"""What HAProxy is told of its servers' health; lines are those that HAProxy 2.6 prints."""

from sandbox.healths import carried_over, unhealthy

HEAD = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state …\n"
ONE = "3 b 1 one 10.0.0.1 {} 0 1 1 4 6 3 {} 6 0 0 0 - 443 - 1 0 - - 0\n"
TWO = "3 b 2 two 10.0.0.2 {} 0 1 1 4 6 3 {} 6 0 0 0 - 443 - 1 0 - - 0\n"
UP, DOWN = ("2", "4"), ("0", "0")


def configuration(*servers: str) -> str:
    lines = "".join(f"    server {server} source 10.9.9.9 check\n" for server in servers)
    return f"listen ssh\n    server sshd 10.0.0.1:22\nbackend b\n    mode http\n{lines}"


BOTH = configuration("one 10.0.0.1:443", "two 10.0.0.2:443")


def test_what_is_known_is_kept() -> None:
    states = ONE.format(*UP) + TWO.format(*DOWN)
    assert carried_over(BOTH, HEAD + states) == "1\n" + states


def test_one_that_comes_or_gets_another_address_is_unhealthy_at_first() -> None:
    came = TWO.replace(" 2 two ", " 1 two ").format(*DOWN)
    assert carried_over(BOTH, HEAD + ONE.format(*UP)) == "1\n" + ONE.format(*UP) + came
    moved = carried_over(
        configuration("one 10.0.0.3:443", "two 10.0.0.2:443"),
        HEAD + ONE.format(*UP) + TWO.format(*UP),
    )
    first = moved.splitlines()[1].split()
    assert (first[3:6], first[12], first[18]) == (["one", "10.0.0.3", "0"], "0", "443")


def test_without_a_healthy_one_all_get_requests() -> None:
    assert carried_over(BOTH, HEAD + ONE.format(*DOWN) + TWO.format(*DOWN)) == "1\n"
    assert carried_over(BOTH, "1\n") == "1\n"


def test_another_port_is_another_server() -> None:
    elsewhere = configuration("one 10.0.0.1:8443")
    assert carried_over(elsewhere, HEAD + ONE.format(*UP)) == "1\n"


def test_one_that_is_gone_is_forgotten() -> None:
    states = HEAD + ONE.format(*UP) + TWO.format(*UP)
    alone = configuration("one 10.0.0.1:443")
    assert carried_over(alone, states) == "1\n" + ONE.format(*UP)


def test_who_fails_is_told() -> None:
    states = HEAD + ONE.format(*UP) + TWO.format(*DOWN)
    assert unhealthy(states) == {"two"}
    assert unhealthy("") == set()
