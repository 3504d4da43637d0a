"""The bot is started with settings that cannot be used: all problems are told, nothing is done."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.github.auth import AppKey, PersonalToken
from bot.settings import Settings, SettingsRefused, StoreSettings, read_settings

OPENSSH = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n"
SECRET = "It's a Secret to Everybody"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, keys: tuple[str, str]) -> pytest.MonkeyPatch:
    """An environment in which nothing is amiss, to be spoilt."""
    for name in [each for each in os.environ if each.startswith("ORBITS_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.setenv("ORBITS_GITHUB_APP_ID", "1001")
    monkeypatch.setenv("ORBITS_GITHUB_PRIVATE_KEY", keys[0])
    monkeypatch.setenv("ORBITS_GITHUB_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("ORBITS_STACKS", "resources.example:stacks")
    return monkeypatch


def refused(kind: type[StoreSettings] = Settings) -> str:
    """Answer what is said of the one problem of the environment."""
    with pytest.raises(SettingsRefused) as refusal:
        read_settings(kind)
    first, problem = str(refusal.value).splitlines()
    assert first == "The settings cannot be used. Nothing was started."
    return problem.removeprefix("- ")


def test_settings_that_are_right_are_read(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PORT", "5000")
    environment.setenv("ORBITS_GITHUB_API_URL", "")

    settings = read_settings(Settings)

    assert (settings.port, settings.host, settings.github_app_id) == (5000, "127.0.0.1", 1001)
    assert str(settings.github_api_url) == "https://api.github.com/"
    assert SECRET not in repr(settings)


def test_all_problems_are_told_at_once_and_nothing_is_created(tmp_path: Path) -> None:
    broken = {
        "PATH": os.environ["PATH"],
        "ORBITS_DATABASE_URL": "mysql://nobody:password@localhost/orbits",
        "ORBITS_GITHUB_API_URL": "github",
        "ORBITS_GITHUB_PRIVATE_KEY": OPENSSH,
        "ORBITS_GITHUB_WEBHOK_SECRET": "a long enough secret",
        "ORBITS_GITHUB_WEBHOOK_SECRET": "secret",
        "ORBITS_STACKS": "nowhere:stacks",
        "ORBITS_DEPLOYMENTS_AT_ONCE": "0",
        "PORT": "http",
    }

    orbits = Path(sys.executable).with_name("orbits")
    served = subprocess.run(
        [orbits, "serve"], env=broken, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (served.returncode, served.stdout) == (2, "")
    assert (
        served.stderr
        == """\
The settings cannot be used. Nothing was started.
- ORBITS_GITHUB_WEBHOK_SECRET is no setting of this release. Did you mean \
ORBITS_GITHUB_WEBHOOK_SECRET?
- ORBITS_DATABASE_URL is no address of a database that this release works on; set it to a SQLite \
file, such as sqlite:///orbits.db, or to a PostgreSQL database, such as \
postgresql://user@host/orbits.
- ORBITS_GITHUB_API_URL is no address of GitHub's API, such as https://api.github.com.
- ORBITS_GITHUB_APP_ID is not set.
- ORBITS_GITHUB_PRIVATE_KEY is not a PEM key of an App: it begins with "-----BEGIN OPENSSH". \
Download the App's private key from its page on GitHub and set it again, or the path to it.
- ORBITS_GITHUB_WEBHOOK_SECRET is shorter than 16 characters, so that it could be guessed; \
set a longer one here and in the App.
- ORBITS_STACKS names 'nowhere:stacks', which cannot be imported: No module named 'nowhere'. \
Set it to module:attribute.
- ORBITS_DEPLOYMENTS_AT_ONCE is less than 1.
- PORT is not a whole number.
"""
    )
    assert list(tmp_path.iterdir()) == []


def test_a_key_may_be_given_as_the_path_of_its_file(
    environment: pytest.MonkeyPatch, tmp_path: Path, keys: tuple[str, str]
) -> None:
    (tmp_path / "orbits.pem").write_text(keys[0])
    environment.setenv("ORBITS_GITHUB_PRIVATE_KEY", str(tmp_path / "orbits.pem"))

    assert read_settings(Settings).credentials == AppKey("1001", keys[0])


def test_a_path_that_leads_nowhere_is_no_key(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ORBITS_GITHUB_PRIVATE_KEY", "/nowhere/orbits.pem")

    assert refused() == (
        "ORBITS_GITHUB_PRIVATE_KEY is neither a PEM key nor a file that can be read: "
        "FileNotFoundError. Set it to the text of the App's private key, or to the path of its "
        "file."
    )


def test_a_file_that_holds_something_else_is_no_key_and_is_not_quoted(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("ghp_somebodysToken")
    environment.setenv("ORBITS_GITHUB_PRIVATE_KEY", str(tmp_path / "token"))

    assert refused() == (
        'ORBITS_GITHUB_PRIVATE_KEY is not a PEM key of an App: it does not begin with "-----BEGIN".'
        " Download the App's private key from its page on GitHub and set it again, or the path to "
        "it."
    )


def test_a_key_that_was_cut_off_is_no_key(
    environment: pytest.MonkeyPatch, keys: tuple[str, str]
) -> None:
    environment.setenv("ORBITS_GITHUB_PRIVATE_KEY", keys[0][:500])

    assert refused() == (
        "ORBITS_GITHUB_PRIVATE_KEY is a PEM key that cannot be read: it is cut off, changed or "
        "protected by a password. Download the App's private key again."
    )


@pytest.mark.parametrize(
    ("stacks", "problem"),
    [
        ("json", "cannot be imported: module 'json' has no attribute ''. Set it to module:attr"),
        ("json:no", "cannot be imported: module 'json' has no attribute 'no'. Set it to module:a"),
        (":stacks", "cannot be imported: Empty module name. Set it to module:attribute."),
        ("json:__name__", "is a str and no resources.fleet.Fleet."),
        ("json:dumps", "fails when it is called: TypeError: dumps() missing 1 required positi"),
        ("tests.stories.broken:stacks", "module fails: NameError: name 'Stack' is not defined."),
    ],
)
def test_stacks_that_cannot_be_had_are_told_with_the_reason(
    environment: pytest.MonkeyPatch, stacks: str, problem: str
) -> None:
    environment.setenv("ORBITS_STACKS", stacks)

    sentence = refused()

    assert sentence.startswith(f"ORBITS_STACKS names {stacks!r}, wh")
    assert problem in sentence


@pytest.mark.parametrize(
    "url", ["orbits.db", "sqlite://", "sqlite:///:memory:", "postgresql://host"]
)
def test_a_database_that_keeps_nothing_or_is_of_another_kind_is_refused(
    environment: pytest.MonkeyPatch, url: str
) -> None:
    environment.setenv("ORBITS_DATABASE_URL", url)

    assert refused(StoreSettings) == (
        "ORBITS_DATABASE_URL is no address of a database that this release works on; set it to a "
        "SQLite file, such as sqlite:///orbits.db, or to a PostgreSQL database, such as "
        "postgresql://user@host/orbits."
    )


def test_many_workers_need_a_database_that_they_can_share(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("ORBITS_DISPATCH", "distributed")

    assert refused() == (
        "ORBITS_DISPATCH is distributed, and ORBITS_DATABASE_URL a SQLite file: many machines "
        "share a PostgreSQL database. Set its address, or embedded."
    )


def test_a_lease_that_one_late_heartbeat_would_cost_is_refused(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("ORBITS_EXPIRY_SECONDS", "5")

    assert refused() == (
        "ORBITS_EXPIRY_SECONDS is less than two heartbeats (ORBITS_HEARTBEAT_SECONDS), so that one "
        "late beat would cost a process its runs; set it higher."
    )


def test_limits_of_lanes_are_read_or_refused(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ORBITS_RUNS_AT_ONCE_PER_LANE", "account=5, tenant=1")
    assert read_settings(Settings).pace.limits.by_kind == {"account": 5, "tenant": 1}

    environment.setenv("ORBITS_RUNS_AT_ONCE_PER_LANE", "account")
    assert refused() == (
        "ORBITS_RUNS_AT_ONCE_PER_LANE is no list of kinds and numbers, such as account=5,tenant=1."
    )


def test_a_database_in_a_folder_that_is_not_there_is_refused(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("ORBITS_DATABASE_URL", "sqlite:////nowhere/orbits.db")

    assert refused(StoreSettings) == (
        "ORBITS_DATABASE_URL names a file in /nowhere, which is no folder; make it first."
    )


def test_for_a_trial_somebodys_own_token_will_do(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ORBITS_GITHUB_TOKEN", "ghp_ofMaya")
    environment.delenv("ORBITS_GITHUB_APP_ID")
    environment.delenv("ORBITS_GITHUB_PRIVATE_KEY")

    assert read_settings(Settings).credentials == PersonalToken("ghp_ofMaya")
    assert "ghp_ofMaya" not in repr(read_settings(Settings))


def test_the_bot_is_an_app_or_somebody(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ORBITS_GITHUB_TOKEN", "ghp_ofMaya")

    assert refused() == (
        "ORBITS_GITHUB_TOKEN and ORBITS_GITHUB_APP_ID are both set: the bot is an App, or "
        "somebody. Leave one of them out."
    )
