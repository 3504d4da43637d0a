"""A secret is stored and shown as a reference; its value is in no message, whatever goes wrong."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from resources import Resource, Secret
from resources.errors import ScriptFailed
from resources.executors import LocalExecutor, Script
from resources.secrets import EnvironmentSecrets, FileSecrets, SecretNotFound, Secrets
from tests.resources.scripts import shell

VALUE = "hunter2-and-more"


class Database(Resource):
    password: Secret
    replica: Secret | None = None

    def identity(self) -> str:
        return "database"


def secret(reference: str) -> Secret:
    return Secret(reference=reference)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder with one secret."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "database").write_text(f"{VALUE}\n")
    return folder


def test_a_resource_takes_a_reference_and_shows_nothing_else() -> None:
    database = Database(password="env:DATABASE_PASSWORD")

    assert database.password == secret("env:DATABASE_PASSWORD")
    assert database.model_dump_json() == '{"password":"env:DATABASE_PASSWORD","replica":null}'
    assert repr(database.password) == "Secret(reference='env:DATABASE_PASSWORD')"
    assert f"{database.password}" == "env:DATABASE_PASSWORD"


def test_a_reference_is_the_same_after_it_was_stored() -> None:
    database = Database(password="env:A", replica=secret("file:/run/secrets/a b"))

    assert Database.model_validate_json(database.model_dump_json()) == database
    assert Database.model_validate(database.model_dump()) == database


@pytest.mark.parametrize(
    "given",
    [
        VALUE,
        {"reference": VALUE},
        {"value": VALUE},
        [VALUE],
        f"env:{VALUE}\nand another line",
        f"postgresql://app:{VALUE}@host/database",
        f": {VALUE}",
        f"ENV:{VALUE}",
        "env:",
        "env: ",
        20260329,
        None,
    ],
)
def test_a_value_is_refused_and_not_shown(given: object) -> None:
    with pytest.raises(ValidationError) as refused:
        Database.model_validate({"password": given})

    assert refused.value.errors()[0]["loc"] == ("password", "reference")
    assert (
        "a secret is given by a reference such as `env:DATABASE_PASSWORD` or "
        "`file:/run/secrets/database`, never by its value"
    ) in str(refused.value)
    assert VALUE not in str(refused.value)
    assert "20260329" not in str(refused.value)


async def test_a_secret_is_read_from_the_environment() -> None:
    secrets = Secrets(EnvironmentSecrets({"DATABASE_PASSWORD": VALUE}))

    assert await secrets.reveal(secret("env:DATABASE_PASSWORD")) == VALUE


async def test_the_environment_is_that_of_the_process_unless_another_is_given() -> None:
    assert await EnvironmentSecrets().read("PATH") == os.environ["PATH"]


async def test_a_secret_is_read_from_a_file_without_the_newline_at_its_end(kept: Path) -> None:
    (kept / "windows").write_bytes(b"one\r\ntwo\n\r\n")
    secrets = Secrets(FileSecrets())

    assert await secrets.reveal(secret(f"file:{kept}/database")) == VALUE
    assert await secrets.reveal(secret(f"file:{kept}/windows")) == "one\r\ntwo\n"


async def test_a_secret_that_is_mounted_by_a_link_is_read(kept: Path) -> None:
    (kept / "link").symlink_to(kept / "database")

    assert await FileSecrets(kept).read(f"{kept}/link") == VALUE


async def test_every_value_is_heard_before_it_is_used() -> None:
    heard: list[str] = []
    secrets = Secrets(EnvironmentSecrets({"A": VALUE}), hear=heard.append)

    await secrets.reveal(secret("env:A"))

    assert heard == [VALUE]


class Vault:
    scheme = "vault"

    async def read(self, name: str) -> str:
        return f"the value of {name}"


async def test_a_process_may_have_sources_of_its_own() -> None:
    secrets = Secrets(EnvironmentSecrets({}), Vault())

    assert await secrets.reveal(secret("vault:agency/acme:1")) == "the value of agency/acme:1"


def test_two_sources_of_one_scheme_are_refused() -> None:
    with pytest.raises(ValueError, match="two sources of secrets have the same scheme"):
        Secrets(Vault(), Vault())


NOT_SET = (
    "The secret `env:{name}` was not found: this process has no environment variable {name}, "
    "or it is empty. Set it for every worker, and retry."
)
WITHHELD = (
    "The secret `env:{name}` is a setting of the bot itself, which no stack is given. "
    "Set the value under another name, and refer to that."
)
NO_SOURCE = (
    "The secret `aws:{name}` cannot be looked up: this process knows no source `aws:`, of those "
    "it knows: `env:`, `file:`. Correct the reference, or give the process that source."
)
NO_FILE = (
    "The secret `file:{name}` was not found: there is no file {name}. "
    "Mount it on every worker, and retry."
)
TOO_LARGE = (
    "The secret `file:{name}` is larger than 1,000 bytes. "
    "Refer to the file that holds the secret alone."
)
ELSEWHERE = (
    "The secret `file:{name}` is not read: only files in {kept} are, by their absolute path. "
    "Put it there, and change the reference."
)
NOT_TEXT = "The secret `{scheme}:{name}` is not UTF-8 text. Store it as text, such as base64."


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("env:MISSING", NOT_SET),
        ("env:EMPTY", NOT_SET),
        ("env:BYTES", NOT_TEXT),
        ("env:ORBITS_GITHUB_PRIVATE_KEY", WITHHELD),
        ("aws:database", NO_SOURCE),
        ("file:{kept}/missing", NO_FILE),
        ("file:{kept}", NO_FILE),
        ("file:{kept}/pipe", NO_FILE),
        ("file:{kept}/loop", NO_FILE),
        ("file:{kept}/empty", "The secret `file:{name}` is empty. Write it, and retry."),
        ("file:{kept}/bytes", NOT_TEXT),
        ("file:{kept}/large", TOO_LARGE),
        ("file:{kept}/../outside", ELSEWHERE),
        ("file:{kept}/way-out", ELSEWHERE),
        ("file:database", ELSEWHERE),
    ],
)
async def test_what_cannot_be_revealed_says_what_to_do(
    kept: Path, reference: str, told: str
) -> None:
    environment = {
        "EMPTY": "",
        "BYTES": f"{VALUE}\udcff",
        "ORBITS_GITHUB_PRIVATE_KEY": VALUE,
    }
    outside = kept.parent / "outside"
    outside.write_text(VALUE)
    (kept / "way-out").symlink_to(outside)
    (kept / "loop").symlink_to(kept / "loop")
    (kept / "empty").write_text("\n")
    (kept / "bytes").write_bytes(f"{VALUE}é".encode("latin-1"))
    (kept / "large").write_text(VALUE * 100)
    os.mkfifo(kept / "pipe")
    secrets = Secrets(EnvironmentSecrets(environment), FileSecrets(kept, largest=1_000))

    wanted = secret(reference.format(kept=kept))
    with pytest.raises(SecretNotFound) as missing:
        await secrets.reveal(wanted)

    assert str(missing.value) == told.format(scheme=wanted.scheme, name=wanted.name, kept=kept)
    assert missing.value.facts == {}
    assert missing.value.__cause__ is None
    assert VALUE not in str(missing.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_a_file_that_may_not_be_read_says_so(kept: Path) -> None:
    (kept / "database").chmod(0)

    with pytest.raises(SecretNotFound, match=r"could not be read: Permission denied\. Let the"):
        await FileSecrets().read(f"{kept}/database")


@pytest.mark.parametrize(
    "script",
    [
        shell("exit 3"),
        shell("kill -9 $$"),
        shell("sleep 60", timeout=timedelta(seconds=0.2)),
        Script(argv=("alembik", "upgrade", "head")),
        Script(argv=("true",), cwd=Path("/nowhere/at/all")),
        Script(argv=("/",)),
    ],
    ids=["status", "signal", "timeout", "no program", "no folder", "a folder"],
)
async def test_a_script_that_fails_shows_neither_its_environment_nor_its_input(
    script: Script,
) -> None:
    script = script.model_copy(
        update={"environment": {"PGPASSWORD": VALUE}, "stdin": f"password={VALUE}"}
    )

    with pytest.raises(ScriptFailed) as failed:
        await LocalExecutor().execute(script)

    shown = f"{failed.value!s} {failed.value.facts} {script!r} {failed.value.__cause__!r}"
    assert VALUE not in shown
    assert "PGPASSWORD" not in shown


@pytest.mark.parametrize(
    "environment", [{"PGPASSWORD": f"{VALUE}\0"}, {"PG=PASSWORD": VALUE}, {"A": VALUE * 100_000}]
)
async def test_an_environment_that_no_process_can_have_is_not_shown(
    environment: dict[str, str],
) -> None:
    with pytest.raises(Exception) as failed:  # noqa: PT011 (whatever it is)
        await LocalExecutor().execute(Script(argv=("true",), environment=environment))

    assert VALUE not in f"{failed.value!r} {failed.value.__cause__!r}"
