"""An AWS Organization as AWS has it: slow to make accounts, and with one account an address.

moto makes each account at once, whatever its address, and lets anybody into every role.
"""

import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import AccessDeniedError, ServiceException
from moto.iam.models import iam_backends
from moto.organizations import urls as organizations_urls
from moto.organizations.exceptions import AWSOrganizationsNotInUseException
from moto.organizations.models import (
    FakeAccount,
    OrganizationsBackend,
    organizations_backends,
)
from moto.sts import urls as sts_urls
from moto.sts.models import AssumedRole, STSBackend, sts_backends

MANAGEMENT = "123456789012"
PAGE = 2
"""How many accounts are listed at once: few, so that nobody reads but the first page."""


class NotDone(ServiceException):
    """AWS does not do what it is asked; `reason` is what it tells of a limit, besides."""

    def __init__(self, code: str, said: str, reason: str | None = None) -> None:
        super().__init__(code, said)
        if reason is not None:
            self.Reason = reason


@dataclass
class Asked:
    """One request for an account."""

    id: str
    wanted: dict[str, Any]
    polls: int = 0
    state: str = "IN_PROGRESS"
    account: str | None = None
    reason: str | None = None

    @property
    def email(self) -> str:
        return str(self.wanted["Email"])

    def told(self) -> dict[str, Any]:
        shown = {
            "Id": self.id,
            "AccountName": self.wanted["AccountName"],
            "State": self.state,
            "AccountId": self.account,
            "FailureReason": self.reason,
        }
        return {name: value for name, value in shown.items() if value is not None}


class OrganizationOfAws(OrganizationsBackend):
    """Repairs how moto makes and closes accounts, refuses what a test says, and counts.

    `polls` is how often a request is asked about until it is done; `ends` are reasons with which
    the next requests fail; `outside` the addresses of accounts elsewhere; `refusals` what the
    next calls of a name end with. While `answers` is clear, requests are taken and not answered.
    """

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.polls = 1
        self.limit = 100
        self.ends: list[str] = []
        self.outside: set[str] = set()
        self.refusals: dict[str, list[Exception]] = {}
        self.requests: list[Asked] = []
        self.calls: Counter[str] = Counter()
        self.taken = threading.Event()
        self.answers = threading.Event()
        self.answers.set()
        self._one_at_a_time = threading.RLock()

    @property
    def _url_module(self) -> Any:
        return organizations_urls

    def emails(self) -> list[str]:
        """Answer the addresses of all accounts but the management account."""
        return [each.email for each in self.accounts if each.id != MANAGEMENT]

    def number(self, email: str) -> str:
        return str(self.get_account_by_attr("email", email).id)

    def done(self) -> None:
        """Be done with all requests."""
        for request in self.requests:
            self._finish(request)

    def rename(self, number: str, **fields: Any) -> None:
        """Change an account as somebody does by hand."""
        account = self.get_account_by_id(number)
        for name, value in fields.items():
            setattr(account, name, value)

    def unit(self, name: str) -> str:
        """Make an organizational unit in the root, and answer its id."""
        assert self.org is not None
        made = self.create_organizational_unit(ParentId=self.org.root_id, Name=name)
        return str(made["OrganizationalUnit"]["Id"])

    # What AWS is asked

    def create_account(self, **kwargs: Any) -> dict[str, Any]:
        self._asked("CreateAccount")
        with self._one_at_a_time:
            request = Asked(f"car-{len(self.requests):08}", kwargs)
            self.requests.append(request)
        self.taken.set()
        self.answers.wait(20)
        return {"CreateAccountStatus": request.told()}

    def describe_create_account_status(self, **kwargs: Any) -> dict[str, Any]:
        self._asked("DescribeCreateAccountStatus")
        [request] = [r for r in self.requests if r.id == kwargs["CreateAccountRequestId"]]
        request.polls += 1
        if request.polls > self.polls:
            # One at a time, in the order in which they came.
            for each in self.requests[: self.requests.index(request) + 1]:
                self._finish(each)
        return {"CreateAccountStatus": request.told()}

    def list_create_account_status(self, **kwargs: Any) -> dict[str, Any]:
        self._asked("ListCreateAccountStatus")
        found = [each for each in self.requests if each.state in kwargs["States"]]
        start = int(kwargs.get("NextToken") or 0)
        page = [each.told() for each in found[start : start + 1]]
        more = str(start + 1) if len(found) > start + 1 else None
        return {"CreateAccountStatuses": page, "NextToken": more}

    def list_accounts(self, *args: Any, **kwargs: Any) -> tuple[list[FakeAccount], str | None]:
        self._asked("ListAccounts")
        kwargs["max_results"] = PAGE
        return super().list_accounts(*args, **kwargs)

    def describe_account(self, **kwargs: Any) -> dict[str, Any]:
        self._asked("DescribeAccount")
        return super().describe_account(**kwargs)

    def move_account(self, **kwargs: Any) -> None:
        self._asked("MoveAccount")
        if kwargs["DestinationParentId"] not in {each.id for each in self.ou}:
            raise NotDone("DestinationParentNotFoundException", "There is none.")
        super().move_account(**kwargs)

    def tag_resource(self, **kwargs: Any) -> None:
        self._asked("TagResource")
        super().tag_resource(**kwargs)

    def untag_resource(self, **kwargs: Any) -> None:
        self._asked("UntagResource")
        super().untag_resource(**kwargs)

    def close_account(self, **kwargs: Any) -> None:
        self._asked("CloseAccount")
        super().close_account(**kwargs)
        self.rename(kwargs["AccountId"], status="PENDING_CLOSURE", state="PENDING_CLOSURE")

    def _asked(self, call: str) -> None:
        self.calls[call] += 1
        if self.org is None:
            raise AWSOrganizationsNotInUseException
        if refusals := self.refusals.get(call):
            raise refusals.pop(0)

    def _finish(self, request: Asked) -> None:
        with self._one_at_a_time:
            if request.state != "IN_PROGRESS":
                return
            request.reason = self._reason_against(request)
            request.state = "FAILED" if request.reason else "SUCCEEDED"
            if not request.reason:
                made = super().create_account(**request.wanted)
                request.account = made["CreateAccountStatus"]["AccountId"]

    def _reason_against(self, request: Asked) -> str | None:
        if self.ends:
            return self.ends.pop(0)
        if request.email in {*self.outside, *self.emails()}:
            return "EMAIL_ALREADY_EXISTS"
        return "ACCOUNT_LIMIT_EXCEEDED" if len(self.accounts) >= self.limit else None


class RolesOfAws(STSBackend):
    """Repairs that moto lets in who may not: a role must be there, and for a while."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.not_yet = 0

    @property
    def _url_module(self) -> Any:
        return sts_urls

    def assume_role(self, *args: Any, **kwargs: Any) -> AssumedRole:
        arn = kwargs["role_arn"]
        roles = iam_backends[arn.split(":")[4]]["aws"].roles.values()
        self.not_yet -= 1
        if self.not_yet >= 0 or arn not in {role.arn for role in roles}:
            agency = f"arn:aws:iam::{MANAGEMENT}:user/agency"
            raise AccessDeniedError(agency, f"sts:AssumeRole on resource: {arn}")
        return super().assume_role(*args, **kwargs)


def organization_of_aws() -> OrganizationOfAws:
    """Answer what moto serves as AWS Organizations from now on, without an organization yet."""
    organization = OrganizationOfAws("aws", MANAGEMENT)
    organizations_backends[MANAGEMENT]["aws"] = organization
    return organization


def roles_of_aws() -> RolesOfAws:
    """Answer what moto serves as AWS STS to the management account from now on."""
    roles = RolesOfAws("aws", MANAGEMENT)
    sts_backends[MANAGEMENT]["aws"] = roles
    return roles
