"""Real things that stacks are made of; in this release they all live on one machine's disk."""

from resources.library.account import Account, LocalAccount
from resources.library.cdn import CdnCache, ClearCdnCache, Invalidation
from resources.library.environment import CloudExecutor, Environment
from resources.library.file_tree import FileTree
from resources.library.git_repository import GitRepository
from resources.library.notification import Notification
from resources.library.source import Checkout, RevisionNotFound, SourceMirror, SourceTree
from resources.library.sql_migration import SqlMigration

__all__ = [
    "Account",
    "CdnCache",
    "Checkout",
    "ClearCdnCache",
    "CloudExecutor",
    "Environment",
    "FileTree",
    "GitRepository",
    "Invalidation",
    "LocalAccount",
    "Notification",
    "RevisionNotFound",
    "SourceMirror",
    "SourceTree",
    "SqlMigration",
]
