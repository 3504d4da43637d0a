"""Accounts, Apps and installations as JSON."""

from typing import Any

from bot.simulated.github.accounts import Account
from bot.simulated.github.apps import App, Installation
from bot.simulated.github.git import Signature
from bot.simulated.github.platform import Platform, node_id, stamp

Json = dict[str, Any]


def account_json(account: Account, platform: Platform) -> Json:
    """Return a person, a bot or an organization as it stands inside other things."""
    path = account.login.replace("[", "%5B").replace("]", "%5D")
    page = f"apps/{account.login.removesuffix('[bot]')}" if account.kind == "Bot" else path
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id(account.kind, account.id),
        "avatar_url": f"{platform.address}/avatars/{account.id}.svg",
        "gravatar_id": "",
        "url": f"{platform.api}/users/{path}",
        "html_url": f"{platform.address}/{page}",
        "type": account.kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def maybe_account_json(account: Account | None, platform: Platform) -> Json | None:
    """Return an account, or null where nobody stands."""
    return account_json(account, platform) if account else None


def organization_json(account: Account, platform: Platform) -> Json:
    """Return an organization as a webhook carries it."""
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id("Organization", account.id),
        "url": f"{platform.api}/orgs/{account.login}",
        "avatar_url": f"{platform.address}/avatars/{account.id}.svg",
        "description": None,
    }


def author_json(signature: Signature, platform: Platform) -> Json:
    """Return the author of a pushed commit."""
    account = platform.account_of_email(signature.email)
    login = {"username": account.login} if account else {}
    return {"name": signature.name, "email": signature.email, **login}


def app_json(app: App, platform: Platform) -> Json:
    """Return an App, without any of its secrets."""
    return {
        "id": app.id,
        "slug": app.slug,
        "client_id": app.client_id,
        "node_id": node_id("App", app.id),
        "owner": account_json(app.owner, platform),
        "name": app.name,
        "description": "",
        "external_url": app.external_url,
        "html_url": app.html_url,
        "created_at": stamp(app.created_at),
        "updated_at": stamp(app.created_at),
        "permissions": {"metadata": "read", **app.permissions},
        "events": list(app.events),
        "installations_count": len(app.installations),
    }


def installation_json(installation: Installation, platform: Platform) -> Json:
    """Return an App's installation on one account."""
    app = installation.app
    base = f"{platform.api}/app/installations/{installation.id}"
    return {
        "id": installation.id,
        "client_id": app.client_id,
        "account": account_json(installation.account, platform),
        "repository_selection": "all" if installation.selected is None else "selected",
        "access_tokens_url": f"{base}/access_tokens",
        "repositories_url": f"{platform.api}/installation/repositories",
        "html_url": f"{platform.address}/organizations/{installation.account.login}"
        f"/settings/installations/{installation.id}",
        "app_id": app.id,
        "app_slug": app.slug,
        "target_id": installation.account.id,
        "target_type": installation.account.kind,
        "permissions": {"metadata": "read", **app.permissions},
        "events": list(app.events),
        "created_at": stamp(installation.created_at),
        "updated_at": stamp(installation.created_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None,
        "suspended_at": None,
    }
