"""The words about an account that AWS does not make, close, or let in, and what to do about it."""

from collections.abc import Mapping

from resources.aws.account.members import Member
from resources.errors import OrbitsError, Refused

CLOSED = frozenset({"SUSPENDED", "PENDING_CLOSURE", "CLOSED"})
"""States in which an account is of no use; from "Monitor the state of your AWS accounts"."""

_WHY: Mapping[str, tuple[str, str]] = {
    "ACCOUNT_LIMIT_EXCEEDED": (
        "the organization has as many accounts as it may have",
        "Ask AWS for more (Service Quotas, AWS Organizations), or close what is not needed",
    ),
    "EMAIL_ALREADY_EXISTS": (
        "an account outside of the organization has the e-mail address {email}",
        "Invite that account into the organization, or give this one another address",
    ),
    "GOVCLOUD_ACCOUNT_ALREADY_EXISTS": (
        "an account of AWS GovCloud has the e-mail address {email}",
        "Give this one another address",
    ),
    "INVALID_EMAIL": ("AWS takes {email} for no e-mail address", "Correct it"),
    "INVALID_ADDRESS": (
        "the postal address of the management account is not valid",
        "Correct it there",
    ),
    "INVALID_PAYMENT_INSTRUMENT": (
        "AWS does not take the method of payment of the management account",
        "Give it another",
    ),
    "MISSING_PAYMENT_INSTRUMENT": (
        "the management account has no method of payment",
        "Give it one",
    ),
    "PENDING_BUSINESS_VALIDATION": (
        "AWS is still validating the business of the management account",
        "Wait for that",
    ),
}
"""AWS's reasons (`CreateAccountFailureReason` of its API reference), and what to do about each."""

LIMITS: Mapping[str, str] = {
    "ACCOUNT_NUMBER_LIMIT_EXCEEDED": "ACCOUNT_LIMIT_EXCEEDED",
    "INVALID_PAYMENT_INSTRUMENT": "INVALID_PAYMENT_INSTRUMENT",
    "MASTER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED": "MISSING_PAYMENT_INSTRUMENT",
}
"""Those of them that AWS tells at once, by its words (`ConstraintViolationExceptionReason`)."""


class AccountNotCreated(OrbitsError):
    """AWS does not make an account, and will not until somebody has put something right."""


def not_created(identity: str, email: str, reason: str) -> AccountNotCreated:
    """Answer the error of an account that AWS did not make, for a `reason` in its own words."""
    why, act = _WHY.get(reason, ("AWS gives that reason", "Ask AWS's support what to do"))
    return AccountNotCreated(
        f"{identity} was not created: {why.format(email=email)} ({reason}). {act}, and retry.",
        reason=reason,
    )


def is_closed(identity: str, account: Member) -> Refused:
    """Answer that a closed account is not used, and that its e-mail address is taken by it."""
    return Refused(
        f"{identity} cannot be used: the account {account.number}, which has the e-mail address "
        f"{account.email}, is {account.state} at AWS. Let AWS's support open it again, which it "
        "does for 90 days after a closure, or give it another address, which makes a new one. "
        "Nothing was changed."
    )


def is_management(identity: str, account: Member) -> Refused:
    """Answer that no tenant is given the account from which all are managed."""
    return Refused(
        f"{identity} is not taken over: {account.email} is the e-mail address of {account.number}, "
        "the management account of the organization, which may do anything in every other. Give "
        "the tenant another address. Nothing was changed."
    )


def no_such_unit(identity: str, unit: str) -> Refused:
    """Answer that an account cannot be moved to where nothing is."""
    return Refused(
        f"{identity} is not moved: the organization has no unit or root {unit}. Correct `unit`, "
        "and retry. The account stays where it is."
    )


def has_other_address(identity: str, account: Member, email: str) -> Refused:
    """Answer that an account's e-mail address is not changed by us."""
    return Refused(
        f"{identity} keeps its e-mail address: the account {account.number} has {account.email}, "
        f"and not {email}. Change it at AWS (AWS Organizations, the account, Update email "
        "address), or change the argument back. Nothing was changed."
    )


def no_consent(identity: str, account: Member) -> Refused:
    """Answer that an account is closed only where somebody said so."""
    return Refused(
        f"{identity} is not closed: AWS deletes all that is in the account {account.number} 90 "
        "days after it was closed, and lets nobody use its e-mail address again. Say "
        "`close_on_uninstall=True` where that is meant. Nothing was changed."
    )


def no_more_closures(identity: str, account: Member) -> Refused:
    """Answer that AWS closes only so many accounts in a month."""
    return Refused(
        f"{identity} is not closed: AWS lets an organization close only so many accounts in 30 "
        f"days, and that many were closed (CLOSE_ACCOUNT_QUOTA_EXCEEDED). Retry in some days, or "
        f"close the account {account.number} as its own root user. Nothing was changed."
    )


def not_let_in(identity: str, number: str, role: str, said: str) -> OrbitsError:
    """Answer that an account's role may not be assumed, or not yet."""
    return OrbitsError(
        f"{identity} is there, and cannot be entered: the role {role} of the account {number} may "
        f"not be assumed: {said.rstrip('.')}. A new account's role comes minutes after the "
        "account. Where it was not made by this organization, make that role in it and let the "
        "management account assume it; where it was, let the workers' own role or user assume it; "
        "and retry."
    )
