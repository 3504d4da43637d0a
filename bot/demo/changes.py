"""The two changes that the story merges: one that fits everybody, one that does not fit initech."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ProposedChange:
    """A pull request to be opened on the backend."""

    title: str
    files: Mapping[str, str]


REMEMBER_PHONE = ProposedChange(
    "Remember the customers' phone numbers",
    {
        "migrations/0002_phone.sql": "ALTER TABLE customers ADD COLUMN phone TEXT;\n",
        "migrations/0002_phone.down.sql": "ALTER TABLE customers DROP COLUMN phone;\n",
        "src/app.py": '''"""The API: who the customers of a shop are, and how to reach them."""


def greeting(name: str, phone: str | None) -> str:
    return f"Hello {name}, we will call {phone or 'you'}."
''',
    },
)

ONE_ACCOUNT_PER_EMAIL = ProposedChange(
    "One account per e-mail address",
    {
        "migrations/0003_unique_email.sql": (
            "ALTER TABLE customers ADD COLUMN verified INTEGER NOT NULL DEFAULT 0;\n"
            "CREATE UNIQUE INDEX one_account_per_email ON customers (email);\n"
        ),
        "migrations/0003_unique_email.down.sql": (
            "DROP INDEX one_account_per_email;\nALTER TABLE customers DROP COLUMN verified;\n"
        ),
        "deploy/service.conf": (
            "# backend of $tenant\nrevision = $revision\nregion = $region\nworkers = 4\n"
        ),
    },
)
