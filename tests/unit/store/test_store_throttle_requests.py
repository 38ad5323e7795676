from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from limits import RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter

from fakes.clock import FakeClock
from securevision.domain.ports.throttle import Allowance
from securevision.store.throttle import SqlRequestThrottle, ThrottleFile
from securevision.store.throttle.requests import SqlWindowStorage


@pytest.fixture
def file(tmp_path: Path) -> Iterator[ThrottleFile]:
    with ThrottleFile.open(tmp_path / "throttle.db") as file:
        yield file


@pytest.fixture
def throttle(file: ThrottleFile, clock: FakeClock) -> SqlRequestThrottle:
    return SqlRequestThrottle(file, clock, principal_limit=5, network_limit=2)


def allowed(throttle: SqlRequestThrottle, who: str, times: int) -> int:
    return sum(throttle.hit(who).allowed for _ in range(times))


def rows(file: ThrottleFile) -> tuple[int, int]:
    count, size = file.run(
        lambda connection: connection.execute(
            "SELECT (SELECT count(*) FROM windows), (SELECT size FROM sizes WHERE name = 'windows')"
        ).fetchone()
    )
    return count, size


def test_each_answer_says_what_is_left(throttle: SqlRequestThrottle, clock: FakeClock) -> None:
    assert throttle.hit("user:3") == Allowance(allowed=True, limit=5, remaining=4, reset_s=60, window_s=60)
    clock.advance(10.5)
    assert throttle.hit("user:3") == Allowance(allowed=True, limit=5, remaining=3, reset_s=50, window_s=60)
    assert [throttle.hit("user:3").remaining for _ in range(3)] == [2, 1, 0]
    assert throttle.hit("user:3") == Allowance(allowed=False, limit=5, remaining=0, reset_s=50, window_s=60)
    clock.advance(49.499)
    assert throttle.hit("user:3") == Allowance(allowed=False, limit=5, remaining=0, reset_s=1, window_s=60)
    clock.advance(0.001)
    assert throttle.hit("user:3") == Allowance(allowed=True, limit=5, remaining=4, reset_s=60, window_s=60)


def test_principals_and_networks_have_limits_of_their_own(throttle: SqlRequestThrottle) -> None:
    assert allowed(throttle, "user:3", 20) == 5
    assert allowed(throttle, "user:4", 20) == 5
    assert allowed(throttle, "token:3", 20) == 5
    assert allowed(throttle, "network:192.0.2.1", 20) == 2
    assert allowed(throttle, "network:192.0.2.2", 20) == 2


def test_the_limits_are_generous_unless_set(file: ThrottleFile, clock: FakeClock) -> None:
    throttle = SqlRequestThrottle(file, clock)
    assert throttle.hit("user:3").limit == 600
    assert throttle.hit("network:192.0.2.1").limit == 60


def test_attack_all_of_a_64_is_one_network(throttle: SqlRequestThrottle) -> None:
    hits = [throttle.hit(f"network:2001:db8::{number:x}").allowed for number in range(50)]
    assert sum(hits) == 2
    assert throttle.hit("network:2001:db8:0:1::1").allowed
    assert sum(throttle.hit(f"network:rubbish {number}").allowed for number in range(50)) == 2


def test_attack_networks_without_end_fill_no_disk_and_close_the_door_for_no_principal(
    file: ThrottleFile, clock: FakeClock
) -> None:
    throttle = SqlRequestThrottle(file, clock, principal_limit=5, network_limit=2, capacity=10)
    assert throttle.hit("network:192.0.2.1").allowed
    assert sum(throttle.hit(f"network:198.51.100.{number}").allowed for number in range(200)) == 9 + 2
    assert throttle.hit("network:198.51.100.200") == Allowance(
        allowed=False, limit=2, remaining=0, reset_s=60, window_s=60
    )
    assert throttle.hit("network:192.0.2.1").allowed, "who was there before stays"
    assert allowed(throttle, "user:3", 20) == 5
    assert rows(file) == (12, 12)
    clock.advance(60)
    assert sum(throttle.hit(f"network:203.0.113.{number}").allowed for number in range(8)) == 8
    assert rows(file) == (8, 8)


def test_no_address_is_kept(throttle: SqlRequestThrottle, tmp_path: Path) -> None:
    throttle.hit("network:192.0.2.199")
    throttle.hit("user:ada")
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"network/" in stored
    assert b"192.0.2.199" not in stored
    assert b"ada" not in stored


@pytest.mark.parametrize("back_s", [1, 59, 61, 10**9])
def test_a_clock_that_is_set_back_starts_the_window_anew(
    file: ThrottleFile, clock: FakeClock, back_s: int
) -> None:
    assert allowed(SqlRequestThrottle(file, clock, principal_limit=5), "user:3", 20) == 5
    early = FakeClock(clock.now_ms() - 1000 * back_s)
    throttle = SqlRequestThrottle(file, early, principal_limit=5)
    expected = Allowance(allowed=True, limit=5, remaining=4, reset_s=60, window_s=60)
    assert throttle.hit("user:3") == expected
    early.advance(60)
    assert throttle.hit("user:3") == expected


def test_threads_share_one_budget(file: ThrottleFile, clock: FakeClock) -> None:
    throttle = SqlRequestThrottle(file, clock, principal_limit=100)
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(lambda _: allowed(throttle, "user:3", 50), range(8))) == 100


def test_it_is_a_storage_that_limits_can_use(file: ThrottleFile, clock: FakeClock) -> None:
    storage = SqlWindowStorage(file, clock)
    limiter, item = FixedWindowRateLimiter(storage), RateLimitItemPerMinute(3)
    assert storage.check()
    assert [limiter.hit(item, "a") for _ in range(4)] == [True, True, True, False]
    assert limiter.hit(item, "b", cost=3)
    assert not limiter.test(item, "b")
    limiter.clear(item, "b")
    assert limiter.test(item, "b")
    assert storage.reset() == 1
    assert limiter.get_window_stats(item, "a").remaining == 3
    file.close()
    assert not storage.check()
