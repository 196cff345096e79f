"""The rules by which a session ends, and what people are told before."""

from __future__ import annotations

import pytest

from notebook_runner.lab.supervision.activity import QuietRule
from notebook_runner.lab.supervision.gpu_use import GpuIdleRule
from notebook_runner.lab.supervision.jupyter_api import ServerActivity
from notebook_runner.lab.supervision.limits import IDLE_LIMIT, TIME_LIMIT, Limits


def codes(limits: Limits, *, age_s: float, quiet_s: float, gpu_idle_s: float | None = None):
    told = limits.notices(age_s=age_s, quiet_s=quiet_s, gpu_idle_s=gpu_idle_s)
    return [notice["code"] for notice in told]


@pytest.mark.parametrize(
    ("age_s", "quiet_s", "reached"),
    [(99, 9, None), (99, 10, IDLE_LIMIT), (100, 0, TIME_LIMIT), (100, 10, TIME_LIMIT)],
)
def test_a_limit_is_reached_when_its_time_has_passed(age_s, quiet_s, reached):
    assert Limits(idle_s=10, time_s=100).reached(age_s=age_s, quiet_s=quiet_s) == reached


def test_without_limits_a_session_goes_on():
    assert Limits().reached(age_s=1e9, quiet_s=1e9) is None
    assert codes(Limits(), age_s=1e9, quiet_s=1e9, gpu_idle_s=1e9) == []


def test_people_are_told_ten_minutes_before_a_limit():
    limits = Limits(idle_s=3600, time_s=36000)
    assert codes(limits, age_s=35399, quiet_s=2999) == []
    assert codes(limits, age_s=35400, quiet_s=3000) == [TIME_LIMIT, IDLE_LIMIT]


def test_people_are_told_of_an_idle_gpu():
    limits = Limits(gpu_idle_s=900)
    assert codes(limits, age_s=0, quiet_s=0, gpu_idle_s=899) == []
    assert codes(limits, age_s=0, quiet_s=0, gpu_idle_s=900) == ["gpu_idle"]


# ---- quiet ------------------------------------------------------------------------


def test_it_is_quiet_since_the_last_change():
    rule = QuietRule(0)
    for now, traces in [(10, "a"), (20, "b"), (30, "b"), (40, "b")]:
        rule.hear(now, ServerActivity(0, traces))
    assert rule.since == 20


@pytest.mark.parametrize(
    ("activity", "busy"),
    [(ServerActivity(1, "a"), False), (ServerActivity(0, "a"), True), (None, False)],
    ids=["a busy kernel", "a busy terminal", "no answer"],
)
def test_it_is_not_quiet_with(activity, busy):
    rule = QuietRule(0)
    rule.hear(10, ServerActivity(0, "a"))
    rule.hear(20, activity, busy=busy)
    assert rule.since == 20


def test_a_gpu_is_idle_since_the_first_look_that_found_all_of_them_so():
    rule = GpuIdleRule()
    for now, use in [(10, [0, 3]), (20, [0, 0]), (30, [0, 0])]:
        rule.hear(now, use)
    assert rule.since == 20
    rule.hear(40, [1, 0])
    assert rule.since is None


def test_without_a_gpu_none_is_idle():
    rule = GpuIdleRule()
    rule.hear(10, None)
    assert rule.since is None
