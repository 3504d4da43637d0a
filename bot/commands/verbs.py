"""The table of verbs: everything that `/orbits` can be told."""

from dataclasses import replace

from bot.commands.verb import Option, Place, Takes, Value, Verb
from bot.rollouts.policy.people import Role

_DRY_RUN = Option("dry-run", Value.NONE, "say what would be done, and do nothing")
_FORCE = Option("force", Value.NONE, "also where, as far as is recorded, nothing has to be done")
_REASON = Option("reason", Value.TEXT, "why, for those who come later")
_TO = Option("to", Value.REVISION, "another commit than the one before, or the last known good")
_PINNED_TO = Option("to", Value.SHA, "the commit to stay on", required=True)
_UNTIL = Option("until", Value.TIME, "the day (UTC) or the span after which it ends by itself")

_ON_PULL_REQUESTS = frozenset({Place.PULL_REQUEST})
_ON_DRIFT_ISSUES = frozenset({Place.DRIFT_ISSUE})

_OF_THE_PULL_REQUEST = "the tenants of this pull request"
_OF_THE_PLACE = "the tenants of this pull request or drift issue"
_OF_THE_ISSUE = "what this issue lists"

_TABLE = (
    Verb(
        "help",
        "say what can be typed",
        Role.READ,
        ("/orbits help", "/orbits help rollback"),
        takes=Takes.VERB,
    ),
    Verb(
        "status",
        "say how things stand",
        Role.READ,
        ("/orbits status", "/orbits status ring:canary"),
        takes=Takes.SELECTOR,
        otherwise=_OF_THE_PLACE,
    ),
    Verb(
        "explain",
        "say why tenants and services are in or out",
        Role.READ,
        ("/orbits explain acme",),
        takes=Takes.SELECTOR,
        otherwise=_OF_THE_PLACE,
    ),
    Verb(
        "plan",
        "say what the merge would do, at the head of now",
        Role.TRIAGE,
        ("/orbits plan", "/orbits plan acme globex"),
        takes=Takes.SELECTOR,
        otherwise=_OF_THE_PULL_REQUEST,
        places=_ON_PULL_REQUESTS,
    ),
    Verb(
        "deploy",
        "bring tenants to the merged commit, and lift their holds",
        Role.WRITE,
        ("/orbits deploy", "/orbits deploy acme service=backend", "/orbits deploy --dry-run"),
        takes=Takes.SELECTOR,
        otherwise="the tenants of this pull request's rollout",
        options=(_DRY_RUN, _FORCE, _REASON),
        places=_ON_PULL_REQUESTS,
    ),
    Verb(
        "rollback",
        "put tenants back to what they had before, and hold them there",
        Role.WRITE,
        (
            "/orbits rollback",
            "/orbits rollback ring:canary --dry-run",
            "/orbits rollback acme to last-good --reason 'orders are lost'",
        ),
        takes=Takes.SELECTOR,
        otherwise="every tenant that this pull request moved",
        options=(_TO, _DRY_RUN, _REASON),
        places=_ON_PULL_REQUESTS,
    ),
    Verb(
        "retry",
        "try again what failed; what is as it should be is left as it is",
        Role.WRITE,
        ("/orbits retry", "/orbits retry acme globex"),
        takes=Takes.SELECTOR,
        otherwise="every tenant of this pull request's rollout that failed",
        places=_ON_PULL_REQUESTS,
    ),
    Verb(
        "cancel",
        "end the rollout, with the scripts that are under way",
        Role.WRITE,
        ("/orbits cancel", "/orbits cancel acme --reason 'the wrong branch'"),
        takes=Takes.SELECTOR,
        otherwise="every tenant of this pull request's rollout that is not done",
        options=(_REASON,),
        places=_ON_PULL_REQUESTS,
    ),
    Verb(
        "pause",
        "start no further tenant of the rollout",
        Role.WRITE,
        ("/orbits pause", "/orbits pause --reason 'until the database is back'"),
        options=(_REASON,),
        places=_ON_PULL_REQUESTS,
    ),
    Verb(
        "resume",
        "go on with a rollout that was paused or has stopped at its failure limit",
        Role.WRITE,
        ("/orbits resume",),
        places=_ON_PULL_REQUESTS,
    ),
    Verb(
        "approve",
        "let a rollout start that waits because it reaches many tenants",
        Role.MAINTAIN,
        ("/orbits approve",),
        options=(_REASON,),
        places=_ON_PULL_REQUESTS,
    ),
    Verb(
        "hold",
        "keep tenants back from later merges",
        Role.WRITE,
        (
            "/orbits hold acme --until 3d --reason 'their fair'",
            "/orbits hold tag:retail service=backend --until 2026-12-27",
        ),
        takes=Takes.TENANTS,
        options=(_UNTIL, _REASON),
    ),
    Verb(
        "unhold",
        "let later merges reach tenants again",
        Role.WRITE,
        ("/orbits unhold acme",),
        takes=Takes.TENANTS,
    ),
    Verb(
        "pin",
        "keep a service of tenants on one commit, whatever is merged",
        Role.MAINTAIN,
        ("/orbits pin acme backend@9f8e7d6", "/orbits pin acme service=backend to 9f8e7d6"),
        takes=Takes.TENANTS,
        options=(_PINNED_TO, _UNTIL, _REASON),
        one_service=True,
    ),
    Verb(
        "unpin",
        "let tenants follow merges again",
        Role.MAINTAIN,
        ("/orbits unpin acme", "/orbits unpin acme service=backend"),
        takes=Takes.TENANTS,
    ),
    Verb(
        "drift check",
        "look now whether tenants are as they should be",
        Role.TRIAGE,
        ("/orbits drift check", "/orbits drift check acme service=site"),
        takes=Takes.SELECTOR,
        otherwise=_OF_THE_PLACE,
    ),
    Verb(
        "drift ack",
        "note that somebody is on it; the issue stays open",
        Role.TRIAGE,
        ("/orbits drift ack --until 3d --reason 'the client is told'",),
        takes=Takes.SELECTOR,
        otherwise=_OF_THE_ISSUE,
        options=(_UNTIL, _REASON),
        places=_ON_DRIFT_ISSUES,
    ),
    Verb(
        "drift fix",
        "bring what drifted back to what it should be",
        Role.WRITE,
        ("/orbits drift fix", "/orbits drift fix acme --dry-run"),
        takes=Takes.SELECTOR,
        otherwise=_OF_THE_ISSUE,
        options=(_DRY_RUN, replace(_FORCE, summary="also where the desired revision has moved")),
        places=_ON_DRIFT_ISSUES,
    ),
    Verb(
        "drift ignore",
        "close the issue and accept these differences",
        Role.MAINTAIN,
        ("/orbits drift ignore --until 2w --reason 'changed by hand for a test'",),
        takes=Takes.SELECTOR,
        otherwise=_OF_THE_ISSUE,
        options=(_UNTIL, _REASON),
        places=_ON_DRIFT_ISSUES,
    ),
)

VERBS = {verb.name: verb for verb in _TABLE}
"""Every verb by its name, in the order of the help; `drift ack` is one name."""

MEANT_BY = {
    "abort": "cancel",
    "continue": "resume",
    "drift acknowledge": "drift ack",
    "drift remediate": "drift fix",
    "freeze": "hold",
    "revert": "rollback",
    "stop": "cancel",
    "undo": "rollback",
    "unfreeze": "unhold",
    "why": "explain",
}
"""Words of other bots and of daily speech: asked back about, never obeyed."""
