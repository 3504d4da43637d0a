"""What an App reports of a check: read from its JSON, refused where GitHub would."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bot.simulated.github.accounts import Account
from bot.simulated.github.apps import App
from bot.simulated.github.checking import Checks
from bot.simulated.github.checks import CONCLUSIONS, STATUSES, Action, CheckRun
from bot.simulated.github.refusals import GitHubRefused, invalid
from bot.simulated.github.repositories import Repository

MAXIMUM_TEXT = 65535
MAXIMUM_ANNOTATIONS = 50
MAXIMUM_ACTIONS = 3
ANNOTATION_LENGTHS = {"title": 255, "message": 65536, "raw_details": 65536}
ACTION_LENGTHS = {"label": 20, "description": 40, "identifier": 20}
_LEVELS = ("notice", "warning", "failure")

Json = dict[str, Any]


class CheckReports:
    """Creates and updates check runs as Apps ask."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks

    def create(self, repository: Repository, app: App, sha: str, report: Json) -> CheckRun:
        """Create a check run on a commit."""
        if not str(report.get("name") or "").strip():
            raise invalid("CheckRun", "name", "missing_field")
        check_report(report)
        platform = repository.platform
        suite = self._checks.suite(repository, app, sha)
        now = platform.now()
        run = CheckRun(platform.next_id(), suite, report["name"], now, now)
        suite.runs.append(run)
        apply_report(run, report)
        self._checks.tell_run(run, "created", app.bot)
        if run.status == "completed":
            self._completed(run, app.bot)
        return run

    def update(self, run: CheckRun, report: Json) -> None:
        """Change a check run; a completed one that is in progress again is open again."""
        check_report(report)
        before = run.status
        apply_report(run, report)
        if run.status == "completed" and before != "completed":
            self._completed(run, run.app.bot)

    def _completed(self, run: CheckRun, actor: Account) -> None:
        self._checks.tell_run(run, "completed", actor)
        if run.suite.status == "completed":
            self._checks.tell_suite(run.suite, "completed", actor)


def check_report(report: Json) -> None:
    """Refuse a report that GitHub would not store."""
    status, conclusion = report.get("status"), report.get("conclusion")
    if status is not None and status not in STATUSES:
        raise invalid("CheckRun", "status", message=f"{status} is no status of a check run")
    if conclusion is not None and conclusion not in CONCLUSIONS:
        raise invalid("CheckRun", "conclusion", message=f"{conclusion} is no conclusion")
    if status == "completed" and conclusion is None:
        message = "conclusion is required when the status is completed"
        raise invalid("CheckRun", "conclusion", "missing_field", message)
    if (output := report.get("output")) is not None:
        _check_output(output)
    _check_actions(report.get("actions") or [])


def apply_report(run: CheckRun, report: Json) -> None:
    """Write a report into a check run; annotations add up, the rest is replaced."""
    if report.get("conclusion") is not None:
        run.reported_status, run.reported_conclusion = "completed", report["conclusion"]
        run.completed_at = _moment(report.get("completed_at"), run.repository.platform.now)
    elif report.get("status") is not None:
        run.reported_status, run.reported_conclusion = report["status"], None
        run.completed_at = None
    if report.get("started_at"):
        run.started_at = _moment(report["started_at"], run.repository.platform.now)
    for field in ("name", "external_id", "details_url"):
        if report.get(field) is not None:
            setattr(run, field, report[field])
    if (output := report.get("output")) is not None:
        run.title = output.get("title", run.title)
        run.summary, run.text = output["summary"], output.get("text")
        run.annotations.extend(output.get("annotations") or [])
    if "actions" in report:
        run.actions = [Action(**action) for action in report.get("actions") or []]
    run.suite.updated_at = run.repository.platform.now()


def _check_output(output: Json) -> None:
    if not output.get("title") or not output.get("summary"):
        field = "summary" if output.get("title") else "title"
        raise invalid("CheckRun", f"output.{field}", "missing_field", f"output.{field} is missing")
    for field in ("summary", "text"):
        length = len(output.get(field) or "")
        if length > MAXIMUM_TEXT:
            message = f"{field} exceeds a maximum of {MAXIMUM_TEXT} characters: it has {length}"
            raise invalid("CheckRun", f"output.{field}", message=message)
    annotations = output.get("annotations") or []
    if len(annotations) > MAXIMUM_ANNOTATIONS:
        message = f"annotations exceeds a maximum quantity of {MAXIMUM_ANNOTATIONS}"
        raise GitHubRefused("Validation Failed", errors=[{"message": message}])
    for annotation in annotations:
        _check_annotation(annotation)


def _check_annotation(annotation: Json) -> None:
    for field in ("path", "start_line", "end_line", "annotation_level", "message"):
        if not annotation.get(field):
            message = f"{field} is required for an annotation"
            raise invalid("CheckRun", f"annotations.{field}", "missing_field", message)
    _check_lines(annotation["start_line"], annotation["end_line"])
    if annotation["annotation_level"] not in _LEVELS:
        message = f"{annotation['annotation_level']} is no level of an annotation"
        raise invalid("CheckRun", "annotations.annotation_level", message=message)
    for field, longest in ANNOTATION_LENGTHS.items():
        if len(annotation.get(field) or "") > longest:
            message = f"{field} exceeds a maximum of {longest} characters"
            raise invalid("CheckRun", f"annotations.{field}", message=message)
    columns = "start_column" in annotation or "end_column" in annotation
    if columns and annotation["start_line"] != annotation["end_line"]:
        message = "columns belong to annotations of one line"
        raise invalid("CheckRun", "annotations.start_column", message=message)


def _check_lines(first: object, last: object) -> None:
    if not isinstance(first, int) or not isinstance(last, int) or not 1 <= first <= last:
        message = f"an annotation has no lines from {first} to {last}"
        raise invalid("CheckRun", "annotations.end_line", message=message)


def _check_actions(actions: list[Json]) -> None:
    if len(actions) > MAXIMUM_ACTIONS:
        message = f"actions exceeds a maximum quantity of {MAXIMUM_ACTIONS}"
        raise GitHubRefused("Validation Failed", errors=[{"message": message}])
    for action in actions:
        for field, longest in ACTION_LENGTHS.items():
            if not action.get(field):
                raise invalid("CheckRun", f"actions.{field}", "missing_field")
            if len(action[field]) > longest:
                message = f"{field} exceeds a maximum of {longest} characters"
                raise invalid("CheckRun", f"actions.{field}", message=message)


def _moment(text: str | None, now: Callable[[], datetime]) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC) if text else now()
