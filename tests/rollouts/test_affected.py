"""Which services and tenants a change reaches, and the reason that is given for each."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rollouts.affected import Because, Change, TenantFacts, affected_by, deciding_glob
from resources.fleet import Service

BACKEND = Service("backend", "agency/backend", paths=("src/**", "!**/*.md"))
SITE = Service("site", "agency/site", branch="release")
TENANTS = (TenantFacts("acme"), TenantFacts("globex", services=frozenset({"site"})))


def change(*paths: str, complete: bool = True) -> Change:
    return Change("agency/backend", "main", paths, complete)


def sentences(of: Change, *services: Service) -> list[str]:
    return [verdict.sentence for verdict in affected_by(of, services, TENANTS).verdicts]


def test_a_change_reaches_the_tenants_that_use_its_services() -> None:
    affected = affected_by(change("docs/x.md", "src/app.py"), (BACKEND, SITE), TENANTS)

    assert affected.services == ("backend",)
    assert affected.tenants == {"acme": ("backend",)}
    assert [verdict.sentence for verdict in affected.verdicts] == [
        "backend: src/app.py matches src/**",
        "site is deployed from agency/site, not from agency/backend",
        "acme uses backend",
        "globex does not use backend",
    ]


def test_two_services_of_one_repository_reach_a_tenant_together() -> None:
    web = Service("web", "agency/backend", paths=("web/",))
    affected = affected_by(change("src/a.py", "web/b.js"), (BACKEND, web), TENANTS)

    assert affected.tenants == {"acme": ("backend", "web")}


def test_a_change_elsewhere_reaches_nobody() -> None:
    assert sentences(change("docs/x.txt"), BACKEND) == ["no changed file matches src/** of backend"]


def test_a_file_that_is_taken_out_again_is_named() -> None:
    assert sentences(change("src/README.md"), BACKEND) == [
        "no changed file matches src/** of backend: src/README.md is taken out by !**/*.md"
    ]


def test_a_change_of_no_file_reaches_nobody() -> None:
    assert sentences(change(), BACKEND) == ["no file changed, so that backend stays as it is"]


def test_another_branch_reaches_nobody() -> None:
    of = Change("agency/backend", "release", ("src/app.py",))
    assert sentences(of, BACKEND) == ["branch release is not main, which backend deploys"]


TRACKERS = (
    TenantFacts("acme", branches={"backend": "next"}),
    TenantFacts("globex"),
    TenantFacts("hooli", branches={"backend": "main"}),
    TenantFacts("wayne", services=frozenset({"site"}), branches={"backend": "next"}),
)


def test_a_merge_to_a_service_s_own_branch_leaves_out_who_tracks_another() -> None:
    affected = affected_by(change("src/app.py"), (BACKEND,), TRACKERS)

    assert affected.tenants == {"globex": ("backend",), "hooli": ("backend",)}
    assert affected.verdicts[1].because is Because.TRACKS_OTHER_BRANCH
    assert [verdict.sentence for verdict in affected.verdicts] == [
        "backend: src/app.py matches src/**",
        "acme tracks next of backend, not main",
        "globex uses backend",
        "hooli tracks main of backend",
        "wayne does not use backend",
    ]


def test_a_merge_to_a_tracked_branch_reaches_those_alone_who_track_it() -> None:
    of = Change("agency/backend", "next", ("src/app.py",))
    affected = affected_by(of, (BACKEND, SITE), TRACKERS)

    assert affected.services == ("backend",)
    assert affected.tenants == {"acme": ("backend",)}
    assert [verdict.sentence for verdict in affected.verdicts] == [
        "backend: src/app.py matches src/**",
        "site is deployed from agency/site, not from agency/backend",
        "acme tracks next of backend",
        "globex tracks main of backend, not next",
        "hooli tracks main of backend, not next",
        "wayne does not use backend",
    ]


def test_the_paths_of_a_service_hold_for_a_tracked_branch_too() -> None:
    affected = affected_by(Change("agency/backend", "next", ("docs/x.txt",)), (BACKEND,), TRACKERS)

    assert affected.tenants == {}
    assert affected.verdicts[0].because is Because.NO_PATH_MATCHES


def test_a_branch_that_only_who_does_not_use_the_service_tracks_reaches_nobody() -> None:
    of = Change("agency/backend", "next", ("src/app.py",))
    (verdict,) = affected_by(of, (BACKEND,), TRACKERS[1:]).verdicts

    assert verdict.because is Because.OTHER_BRANCH
    assert verdict.sentence == "branch next is not main, which backend deploys"


def test_a_tenant_may_track_another_branch_of_one_service_and_not_of_the_other() -> None:
    web = Service("web", "agency/backend")
    of = Change("agency/backend", "next", ("src/app.py",))

    assert affected_by(of, (BACKEND, web), TRACKERS).tenants == {"acme": ("backend",)}
    of = Change("agency/backend", "main", ("src/app.py",))
    assert affected_by(of, (BACKEND, web), TRACKERS[:2]).tenants == {
        "acme": ("web",),
        "globex": ("backend", "web"),
    }


def test_a_list_that_was_cut_counts_as_every_path() -> None:
    affected = affected_by(change("docs/x.txt", complete=False), (BACKEND,), TENANTS)

    assert affected.tenants == {"acme": ("backend",)}
    assert affected.verdicts[0].because is Because.PATHS_UNKNOWN
    assert affected.verdicts[0].sentence == (
        "backend: more files changed than GitHub lists, so that every path counts as changed"
    )


def test_repositories_are_compared_without_regard_to_case() -> None:
    of = Change("Agency/BackEnd", "main", ("src/app.py",))
    assert affected_by(of, (BACKEND,), TENANTS).services == ("backend",)


def test_what_decides_for_one_tenant_can_be_asked() -> None:
    affected = affected_by(change("src/app.py"), (BACKEND,), TENANTS)

    assert [verdict.sentence for verdict in affected.about("globex")] == [
        "backend: src/app.py matches src/**",
        "globex does not use backend",
    ]


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("**", "a"),
        ("**", "a/b/c"),
        ("*.py", "a.py"),
        ("**/*.py", "a.py"),
        ("**/*.py", "a/b/c.py"),
        ("**.py", "a/b.py"),
        ("src/**", "src/a/b"),
        ("src/", "src/a/b"),
        ("/src/*", "src/a"),
        ("./src/*", "src/a"),
        ("src/**/test", "src/test"),
        ("src/**/test", "src/a/b/test"),
        ("a**/b", "ac/d/b"),
        ("?.py", "a.py"),
        ("[id].tsx", "[id].tsx"),
        (r"\!a", "!a"),
        (r"\*", "*"),
        ("a+b(c)", "a+b(c)"),
        ("ä/*", "ä/\n"),
    ],
)
def test_a_glob_matches(glob: str, path: str) -> None:
    assert deciding_glob(path, (glob,)) == glob


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("*.py", "a/b.py"),
        ("*", "a/b"),
        ("src/**", "src"),
        ("src/**", "mysrc/a"),
        ("src", "src/a"),
        ("**/test", "mytest"),
        ("a?b", "a/b"),
        ("?", "ab"),
        ("*.PY", "a.py"),
        (r"\*", "a"),
        ("", "a"),
    ],
)
def test_a_glob_does_not_match(glob: str, path: str) -> None:
    assert deciding_glob(path, (glob,)) is None


def test_the_last_glob_that_matches_decides() -> None:
    globs = ("src/**", "!src/docs/**", "src/docs/keep.md")

    assert deciding_glob("src/docs/a.md", globs) == "!src/docs/**"
    assert deciding_glob("src/docs/keep.md", globs) == "src/docs/keep.md"


def test_globs_that_only_take_out_take_nothing_in() -> None:
    service = Service("backend", "agency/backend", paths=("!docs/**",))
    assert sentences(change("src/app.py"), service) == [
        "no changed file matches any path of backend"
    ]


SEGMENT = st.text("abc.-", min_size=1, max_size=4).filter(lambda name: name not in {".", ".."})
"""A name in a path of git, which knows no `.` and no `..`."""
PATH = st.lists(SEGMENT, min_size=1, max_size=5).map("/".join)
GLOB = st.lists(SEGMENT | st.sampled_from(["*", "**", "?", "a*", "*.c"]), min_size=1, max_size=4)


def naive(glob: list[str], path: list[str]) -> bool:
    """What a glob means, folder by folder; slow, and plainly right."""
    if not glob:
        return not path
    first, *rest = glob
    if first == "**":
        if not rest:
            return bool(path)
        return any(naive(rest, path[start:]) for start in range(len(path) + 1))
    pattern = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in first)
    return bool(path) and bool(re.fullmatch(pattern, path[0])) and naive(rest, path[1:])


@settings(deadline=None)
@given(glob=GLOB, path=PATH)
def test_a_glob_means_the_same_as_folder_by_folder(glob: list[str], path: str) -> None:
    found = deciding_glob(path, ("/".join(glob),)) is not None
    assert found == naive(glob, path.split("/"))


@settings(deadline=None)
@given(globs=st.lists(st.text(max_size=20), max_size=5), path=st.text(min_size=1, max_size=30))
def test_no_glob_breaks_it(globs: list[str], path: str) -> None:
    assert deciding_glob(path, tuple(globs)) in {None, *globs}


@settings(deadline=None)
@given(paths=st.lists(PATH, max_size=6), more=st.lists(PATH, max_size=3))
def test_a_larger_change_never_reaches_fewer(paths: list[str], more: list[str]) -> None:
    service = Service("backend", "agency/backend", paths=("a/**", "!**/c", "b*"))
    smaller = affected_by(change(*paths), (service,), TENANTS)
    larger = affected_by(change(*paths, *more), (service,), TENANTS)

    assert set(smaller.tenants) <= set(larger.tenants)


def test_every_service_and_every_tenant_of_an_affected_one_has_a_verdict() -> None:
    affected = affected_by(change("src/app.py"), (BACKEND, SITE), TENANTS)

    assert [(verdict.service, verdict.tenant) for verdict in affected.verdicts] == [
        ("backend", None),
        ("site", None),
        ("backend", "acme"),
        ("backend", "globex"),
    ]
