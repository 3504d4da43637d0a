"""What the operator sets of GitHub: where it is, who the bot is there, and how it is called."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AnyHttpUrl, Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.github.auth import AppKey, PersonalToken
from bot.github.private_key import private_key

PEM_BEGINS = ("-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----")
SHORTEST_SECRET = 16


class GitHubSettings(BaseSettings):
    """GitHub, by the names in the environment: an App, or for a trial somebody's own token."""

    model_config = SettingsConfigDict(
        env_prefix="ORBITS_", env_ignore_empty=True, hide_input_in_errors=True, extra="ignore"
    )

    github_api_url: AnyHttpUrl = AnyHttpUrl("https://api.github.com")
    github_token: SecretStr = SecretStr("")
    github_app_id: Annotated[int | None, Field(gt=0, validate_default=True)] = None
    github_private_key: Annotated[SecretStr | None, Field(validate_default=True)] = None
    github_webhook_secret: SecretStr

    @field_validator("github_app_id", "github_private_key", mode="before")
    @classmethod
    def _is_there(cls, value: object, info: ValidationInfo) -> object:
        token = info.data.get("github_token")
        if value is None and not (token and token.get_secret_value()):
            raise PydanticCustomError("missing", "is not set")
        return value

    @field_validator("github_private_key")
    @classmethod
    def _is_a_key(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is None:
            return None
        key = secret.get_secret_value()
        pem = key if key.lstrip().startswith("-----") else _read_key(key)
        if "\n" not in pem.strip():
            # Some hosts keep a setting on one line, with the line breaks spelt out.
            pem = pem.replace("\\n", "\n")
        if not pem.lstrip().startswith(PEM_BEGINS):
            raise ValueError(
                f"is not a PEM key of an App: it {_beginning(pem.strip())}. Download the "
                "App's private key from its page on GitHub and set it again, or the path to it"
            )
        try:
            private_key(pem)
        except ValueError as error:
            raise ValueError(
                "is a PEM key that cannot be read: it is cut off, changed or protected by a "
                "password. Download the App's private key again"
            ) from error
        return SecretStr(pem)

    @field_validator("github_webhook_secret")
    @classmethod
    def _is_long_enough(cls, secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value()) < SHORTEST_SECRET:
            raise ValueError(
                f"is shorter than {SHORTEST_SECRET} characters, so that it could be guessed; set "
                "a longer one here and in the App"
            )
        return secret

    def github_misfits(self) -> Iterator[str]:
        """Say what does not fit together, in a sentence each, without its full stop."""
        if self.github_token.get_secret_value() and self.github_app_id is not None:
            yield (
                "ORBITS_GITHUB_TOKEN and ORBITS_GITHUB_APP_ID are both set: the bot is an App, or "
                "somebody. Leave one of them out"
            )

    @property
    def credentials(self) -> AppKey | PersonalToken:
        """Who the bot is on GitHub."""
        if self.github_app_id is None or self.github_private_key is None:
            return PersonalToken(self.github_token.get_secret_value())
        return AppKey(str(self.github_app_id), self.github_private_key.get_secret_value())


def _beginning(text: str) -> str:
    """Say how a text begins; what is no heading may be a secret, and is not quoted."""
    if text.startswith("-----BEGIN"):
        return f'begins with "{text[:18]}"'
    return 'does not begin with "-----BEGIN"'


def _read_key(path: str) -> str:
    try:
        return Path(path).expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"is neither a PEM key nor a file that can be read: {type(error).__name__}. Set it to "
            "the text of the App's private key, or to the path of its file"
        ) from error
