import socket
from ipaddress import IPv4Address, IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from sandbox import addresses

BLOCK = "127.64.16.0/20"


def test_a_sandbox_gets_the_same_block_each_time() -> None:
    assert addresses.free_network("shop-1a2b3c") == addresses.free_network("shop-1a2b3c")


def test_a_block_whose_emulator_port_is_taken_is_passed_over() -> None:
    first = addresses.free_network("shop-1a2b3c")
    with socket.create_server((addresses.control(first), addresses.EMULATOR_PORT)):
        second = addresses.free_network("shop-1a2b3c")
    assert second != first


@given(st.sets(st.text(min_size=1), max_size=50))
def test_balancers_get_addresses_of_their_own_in_the_block(names: set[str]) -> None:
    given_addresses = addresses.give(BLOCK, {}, names)
    assert set(given_addresses) == names
    assert len(set(given_addresses.values())) == len(names)
    assert all(IPv4Address(a) in IPv4Network(BLOCK) for a in given_addresses.values())
    assert addresses.control(BLOCK) not in given_addresses.values()


@given(st.sets(st.text(min_size=1), min_size=2, max_size=50))
def test_a_balancer_keeps_its_address_when_others_come_and_go(names: set[str]) -> None:
    before = addresses.give(BLOCK, {}, names)
    gone = min(names)
    after = addresses.give(BLOCK, before, {*names, "new"} - {gone})
    assert all(after[name] == before[name] for name in names - {gone})


@given(st.text(), st.integers(min_value=16, max_value=28))
def test_a_node_lies_in_the_upper_half_of_its_subnet_and_not_at_its_end(
    name: str, prefix: int
) -> None:
    subnet = IPv4Network(f"10.80.0.0/{prefix}")
    address = IPv4Address(addresses.in_subnet(str(subnet), name))
    assert address in list(subnet.subnets())[1]
    assert address != subnet.broadcast_address
