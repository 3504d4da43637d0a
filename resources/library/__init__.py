"""Real things that stacks are made of, and the commands and checks that go with them."""

from resources.library.account import Account, LocalAccount
from resources.library.cdn import CdnCache, ClearCdnCache, Invalidation
from resources.library.environment import CloudExecutor, Environment
from resources.library.file_tree import FileTree
from resources.library.git.credentials import GitCredentials, GitLogin
from resources.library.git.repository import GitRepository
from resources.library.git.source import (
    Checkout,
    RevisionNotFound,
    SourceMirror,
    SourceRefused,
    SourceTree,
)
from resources.library.github.arguments import Merging, RepositoryOnGithub
from resources.library.github.host import Protection, Reach, RepositoryHost
from resources.library.github.repository import GithubRepository
from resources.library.http_check import HttpCheck, HttpCheckFailed, HttpHealth
from resources.library.notification import Notification
from resources.library.postgres.connection import PostgresConnection
from resources.library.postgres.migration import PostgresMigration, PostgresSchema
from resources.library.run_script import RunScript
from resources.library.slack_notification import SlackFailed, SlackNotification
from resources.library.sql.sqlite_migration import SqlMigration
from resources.library.sql.tools import AlembicMigration, DbmateMigration, YoyoMigration
from resources.library.terraform.command import TerraformFailed
from resources.library.terraform.module import TerraformModule
from resources.library.terraform.outputs import TerraformOutputs
from resources.library.terraform.states import StateAccess, TerraformStates

__all__ = [
    "Account",
    "AlembicMigration",
    "CdnCache",
    "Checkout",
    "ClearCdnCache",
    "CloudExecutor",
    "DbmateMigration",
    "Environment",
    "FileTree",
    "GitCredentials",
    "GitLogin",
    "GitRepository",
    "GithubRepository",
    "HttpCheck",
    "HttpCheckFailed",
    "HttpHealth",
    "Invalidation",
    "LocalAccount",
    "Merging",
    "Notification",
    "PostgresConnection",
    "PostgresMigration",
    "PostgresSchema",
    "Protection",
    "Reach",
    "RepositoryHost",
    "RepositoryOnGithub",
    "RevisionNotFound",
    "RunScript",
    "SlackFailed",
    "SlackNotification",
    "SourceMirror",
    "SourceRefused",
    "SourceTree",
    "SqlMigration",
    "StateAccess",
    "TerraformFailed",
    "TerraformModule",
    "TerraformOutputs",
    "TerraformStates",
    "YoyoMigration",
]
