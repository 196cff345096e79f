"""What changed between two images is shown, and what may not change is refused."""

from __future__ import annotations

import pytest

from notebook_runner.errors import ImageError, PolicyError
from notebook_runner.images.catalogue import find_containers
from notebook_runner.images.diff import FactChange, compare_manifests
from notebook_runner.images.policy import (
    Policy,
    check_policy,
    find_violations,
    read_policy,
    requested_in,
)

ALL = Policy(
    forbid={
        "removed-environment",
        "removed-requested-package",
        "major-downgrade",
        "python-change",
        "cuda-major-change",
        "os-change",
    },
    max_growth_percent=10,
)
REQUESTED = {("kernels", "numpy")}


@pytest.fixture
def changed(make_manifest):
    """Compare an image as it was declared with one that is not quite."""

    def compare(**changes):
        return compare_manifests(make_manifest(), make_manifest(**changes))

    return compare


@pytest.fixture
def violations(changed):
    """List which rules a change breaks."""

    def find(policy=ALL, **changes):
        return list(find_violations(policy, changed(**changes), REQUESTED))

    return find


# ---- the comparison ---------------------------------------------------------------


def test_an_image_does_not_differ_from_itself(changed):
    same = changed()
    assert (same.facts, same.packages, same.growth_percent) == ([], [], 0)


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        ("3.0.0", "major upgrade"),
        ("1.26.4", "major downgrade"),
        ("2.5.0", "changed"),
        ("2.3.9", "changed"),
        ("1!0.1", "major upgrade"),
        ("not-a-version", "changed"),
        (None, "removed"),
    ],
)
def test_a_change_of_a_package_has_its_kind(after, kind, changed):
    (change,) = changed(packages={"numpy": after}).packages
    assert (change.kind, change.before, change.after) == (kind, "2.4.0", after)


@pytest.mark.parametrize("version", ["9" * 5000, "no version", "\x1b[2J"])
def test_of_what_is_no_version_only_a_change_is_told(version, changed):
    (change,) = changed(packages={"numpy": version}).packages
    assert (change.kind, change.after) == ("changed", version)


def test_major_changes_come_first(changed):
    packages = {"aardvark": "1.0", "numpy": "2.5.0", "tensorflow": "3.0", "onnxruntime-gpu": None}
    assert [change.kind for change in changed(packages=packages).packages] == [
        "major upgrade",
        "removed",
        "added",
        "changed",
    ]


def test_cuda_python_and_system_are_compared(changed, make_manifest):
    system = make_manifest().os.model_dump() | {"name": "Debian GNU/Linux 13 (trixie)"}
    facts = changed(python="3.12.1", cuda={"runtime": "13.0", "cudnn": "9.1"}, os=system).facts
    assert FactChange(what="CUDA runtime", before="12.9", after="13.0") in facts
    assert FactChange(what="cuDNN", before=None, after="9.1") in facts
    assert FactChange(what="Python in kernels", before="3.11.2", after="3.12.1") in facts
    assert "operating system" in {fact.what for fact in facts}


def test_growth_is_told_in_percent(changed):
    assert changed(size=990_000_000).growth_percent == pytest.approx(10)


def test_growth_is_unknown_where_a_size_is(changed):
    assert changed(size=None).growth_percent is None


# ---- the policy -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "violation"),
    [
        ({"packages": {"numpy": None}}, "removed-requested-package: numpy 2.4.0 is gone"),
        ({"packages": {"tensorflow": "1.15"}}, "major-downgrade: tensorflow 2.21.0 → 1.15"),
        ({"cuda": {"runtime": "13.0"}}, "cuda-major-change: CUDA runtime 12.9 → 13.0"),
        ({"cuda": {"runtime": None}}, "cuda-major-change: CUDA runtime 12.9 → none"),
        ({"size": 991_000_000}, "max_growth_percent: 10.1 % larger; 10 % are allowed"),
    ],
)
def test_a_forbidden_change_is_named_with_its_rule(changes, violation, violations):
    (found,) = violations(**changes)
    assert found.startswith(violation)


@pytest.mark.parametrize(
    "changes",
    [
        {"packages": {"onnxruntime-gpu": None}},
        {"packages": {"numpy": "3.0"}},
        {"packages": {"new": "1.0"}},
        {"python": "3.11.9"},
        {"cuda": {"runtime": "12.8"}},
        {"size": 989_000_000},
        {"size": 1},
    ],
)
def test_other_changes_are_accepted(changes, violations):
    assert violations(**changes) == []


def test_another_python_is_refused_for_each_environment(violations):
    found = violations(python="3.12.1")
    assert len(found) == 3
    assert all(line.startswith("python-change: Python in ") for line in found)


def test_another_system_is_refused(violations, make_manifest):
    other = make_manifest().os.model_dump() | {"architecture": "aarch64"}
    assert violations(os=other) == ["os-change: architecture x86_64 → aarch64"]


def test_a_lost_environment_is_refused(make_manifest):
    whole = make_manifest()
    kernels = {"kernels": whole.environments["kernels"]}
    diff = compare_manifests(whole, whole.model_copy(update={"environments": kernels}))
    assert [line.partition(":")[0] for line in find_violations(ALL, diff, REQUESTED)] == [
        "removed-environment",
        "removed-environment",
    ]


def test_a_rule_that_the_policy_leaves_out_holds_for_nothing(violations):
    assert violations(Policy(forbid=set()), packages={"numpy": None}, size=10**12) == []


def test_a_decided_exception_is_accepted_and_no_other(violations):
    policy = ALL.model_copy(update={"allow": {"major-downgrade": {"numpy"}}})
    found = violations(policy, packages={"numpy": "1.26", "tensorflow": "1.15"})
    assert [line.split()[1] for line in found] == ["tensorflow"]


def test_the_error_names_all_that_is_forbidden(changed):
    diff = changed(packages={"numpy": None}, size=10**10)
    with pytest.raises(PolicyError) as refused:
        check_policy(ALL, diff, REQUESTED)
    assert "removed-requested-package" in str(refused.value)
    assert "max_growth_percent" in str(refused.value)


def test_the_error_has_one_line_for_each_rule_whatever_an_image_says(make_manifest):
    before = make_manifest(probed="a\nb")
    after = make_manifest(probed="c\x1b[2J", packages={"numpy": "1\n2"}, size=10**10)
    with pytest.raises(PolicyError) as refused:
        check_policy(ALL, compare_manifests(before, after), REQUESTED)
    heading, *rules = str(refused.value).splitlines()
    assert heading == "c_[2J changes what the policy forbids to change from a_b:"
    assert len(rules) == 1


def test_the_policy_of_the_project_knows_every_rule():
    policy = read_policy(find_containers() / "policy.yml")
    assert policy.forbid == ALL.forbid
    assert policy.max_growth_percent is not None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("forbid: [to-dance]", r"forbid\.0: Input should be"),
        ("forbid: []\nmax_growth_percent: -1", "max_growth_percent: "),
        ("forbid: [", "cannot be read"),
        ("[" * 3000, "cannot be read: .* too deep"),
        ("forbid: []\nforbid: []", "'forbid' is there twice"),
        ("forbid: []\nmax_growth_percent: .nan", "max_growth_percent: "),
        ('forbid: []\n"a\\nb": 1', "a_b: "),
        ("", "the file: "),
        ("forbid: []\nforbidden: []", "forbidden: "),
    ],
)
def test_a_bad_policy_is_refused_with_the_place(content, reason, tmp_path):
    file = tmp_path / "policy.yml"
    file.write_text(content)
    with pytest.raises(ImageError, match=reason) as refused:
        read_policy(file)
    assert str(refused.value).startswith(f"The policy {file}")
    assert "\n" not in str(refused.value)


def test_an_image_that_says_who_it_is_is_held_to_its_own_requests(make_manifest):
    manifest = make_manifest(
        identity={"name": "galaxy-lab-tensorflow", "variant": "cpu", "tag": "any"}
    )
    assert ("kernels", "tensorflow-cpu") in requested_in(manifest)


def test_any_other_image_is_held_to_what_all_images_have(make_manifest):
    requested = requested_in(make_manifest())
    assert ("server", "jupyterlab") in requested
    assert ("kernels", "tensorflow-cpu") not in requested
