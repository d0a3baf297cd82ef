"""Which release each server goes back to, and what visitors notice."""

from datetime import UTC, datetime

import pytest

from modules.servers import Content, Kept, ServerError, Stock, alike, moves

DAY = [datetime(2026, 11, day, 10, tzinfo=UTC) for day in range(1, 10)]


def kept(release: str, day: int, **flags: bool) -> Kept:
    return Kept(release, DAY[day], DAY[day], 1, **flags)


def content(digest: str, *domains: str) -> Content:
    return Content(frozenset(domains), digest)


C1, B1, A1 = kept("c1", 3, current=True), kept("b1", 2, previous=True), kept("a1", 1)
CONTENTS_1 = {"c1": content("c", "a.com", "b.com"), "b1": content("b"), "a1": content("a")}
WEB_1 = Stock((C1, B1, A1), CONTENTS_1)
WEB_2 = Stock(
    (kept("c2", 3, current=True), kept("a2", 5, previous=True), kept("b2", 2)),
    {"c2": content("c"), "a2": content("a"), "b2": content("of another layout")},
)
BOTH = {"web-1": WEB_1, "web-2": WEB_2}


def chosen(to: str | None) -> tuple[str, ...]:
    return tuple(each.after.release for each in moves(BOTH, to))


def test_without_a_name_each_goes_to_its_previous_one() -> None:
    assert chosen(None) == ("b1", "a2")


def test_a_release_names_the_same_configuration_on_the_others() -> None:
    assert chosen("a1") == chosen("a2") == ("a1", "a2")


def test_where_that_differs_the_plan_tells() -> None:
    assert chosen("b1") == chosen("b2") == ("b1", "b2")


def test_the_current_one_can_be_named() -> None:
    assert chosen("c2") == ("c1", "c2")


def test_whether_the_servers_will_be_alike() -> None:
    assert not alike(BOTH, moves(BOTH))
    assert alike(BOTH, moves(BOTH, "a1")), "one configuration, though of two applies"
    assert alike(BOTH, moves(BOTH, "b1")), "one plan, though for two layouts"


def test_a_server_that_does_not_move_knows_what_is_meant() -> None:
    with pytest.raises(ServerError, match="web-1 keeps no release a2, nor the like"):
        moves({"web-1": WEB_1}, "a2")
    (move,) = moves({"web-1": WEB_1}, "a2", [WEB_2])
    assert (move.server, move.after.release) == ("web-1", "a1")


def test_what_a_server_does_not_keep() -> None:
    servers = {**BOTH, "web-3": Stock((kept("c3", 3, current=True),), {"c3": content("c")})}
    with pytest.raises(ServerError) as failure:
        moves(servers, "b1")
    assert str(failure.value) == "web-3 keeps no release b1, nor the like"
    with pytest.raises(ServerError) as failure:
        moves(servers, "zz")
    assert str(failure.value).count("keeps no release zz") == 3


def test_servers_without_a_release_before() -> None:
    servers = {"web-1": WEB_1, "web-2": Stock((kept("a2", 1, current=True),)), "web-3": Stock()}
    with pytest.raises(ServerError) as failure:
        moves(servers)
    assert str(failure.value) == (
        "web-2 keeps no release from before the current one\nweb-3 has nothing deployed"
    )


def test_sites_that_go_and_come() -> None:
    older = {**CONTENTS_1, "b1": content("b", "a.com", "old.com")}
    (found,) = moves({"web-1": Stock(WEB_1.kept, older)})
    assert (found.stops, found.starts) == (("b.com",), ("old.com",))
    assert found.before == C1
    assert not found.stays


def test_a_server_that_stays() -> None:
    (found,) = moves({"web-1": WEB_1}, "c1")
    assert found.stays
    edited = kept("c1", 3, current=True, edited=True)
    (found,) = moves({"web-1": Stock([edited], CONTENTS_1)}, "c1")
    assert not found.stays, "as it was shipped"


def test_a_server_whose_current_release_is_gone() -> None:
    (found,) = moves({"web-1": Stock([B1], {"b1": content("b", "a.com")})})
    assert (found.before, found.stops, found.starts) == (None, (), ("a.com",))
