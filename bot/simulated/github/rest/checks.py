"""Check runs and check suites: written by Apps alone, read by all who may."""

from bot.simulated.github.apps import App
from bot.simulated.github.checks import CheckRun, CheckSuite
from bot.simulated.github.refusals import GitHubRefused, not_found
from bot.simulated.github.rest.endpoints import Answer, Call, Family
from bot.simulated.github.rest.paging import counted_page, page
from bot.simulated.github.shapes.checks import annotation_json, check_run_json, check_suite_json
from bot.simulated.github.tokens import InstallationCaller

family = Family()
REPOSITORY = "/repos/{owner}/{repo}"
RUN = REPOSITORY + "/check-runs/{run_id}"
SUITE = REPOSITORY + "/check-suites/{suite_id}"


@family.on("POST", REPOSITORY + "/check-runs", "checks")
async def create_check_run(call: Call) -> Answer:
    """Create a check run on a commit."""
    app, repository = _app(call), call.repository
    sha = await repository.commit_named(call.text("head_sha"))
    run = call.world.acts.check_reports.create(repository, app, sha, call.body)
    return Answer(check_run_json(run, repository.pulls), 201)


@family.on("PATCH", RUN, "checks")
async def update_check_run(call: Call) -> Answer:
    """Change a check run; only the App that created it may."""
    app, run = _app(call), _run(call)
    if run.app is not app:
        raise GitHubRefused(
            f"Invalid app_id `{app.id}` - check run can only be modified by the "
            "GitHub App that created it.",
            status=403,
        )
    call.world.acts.check_reports.update(run, call.body)
    return Answer(check_run_json(run, call.repository.pulls))


@family.on("GET", RUN, "checks")
async def get_check_run(call: Call) -> Answer:
    """Get a check run."""
    return Answer(check_run_json(_run(call), call.repository.pulls))


@family.on("GET", RUN + "/annotations", "checks")
async def list_annotations(call: Call) -> Answer:
    """List what a check run says about lines of files."""
    run = _run(call)
    return page(call, run.annotations, lambda annotation: annotation_json(run, annotation))


@family.on("POST", RUN + "/rerequest", "checks")
async def rerequest_run(call: Call) -> Answer:
    """Ask the App to run a check again."""
    call.world.acts.checks.rerun(_run(call), call.actor)
    return Answer({}, 201)


@family.on("GET", REPOSITORY + "/commits/{ref:path}/check-runs", "checks")
async def list_check_runs(call: Call) -> Answer:
    """List the check runs on a commit: the newest of each name, unless `filter=all`."""
    repository = call.repository
    sha = await repository.commit_named(call.path["ref"])
    every = [run for suite in repository.suites_of(sha) for run in suite.runs]
    runs = every if call.query.get("filter") == "all" else repository.check_runs(sha)
    found = [run for run in runs if _wanted(call, run)]
    found.sort(key=lambda run: run.id, reverse=True)
    return counted_page(
        call, "check_runs", found, lambda run: check_run_json(run, repository.pulls)
    )


@family.on("GET", REPOSITORY + "/commits/{ref:path}/check-suites", "checks")
async def list_check_suites(call: Call) -> Answer:
    """List the check suites on a commit."""
    repository = call.repository
    suites = repository.suites_of(await repository.commit_named(call.path["ref"]))
    app_id = call.query.get("app_id")
    found = [suite for suite in suites if app_id in (None, str(suite.app.id))]
    return counted_page(
        call, "check_suites", found, lambda suite: check_suite_json(suite, repository.pulls)
    )


@family.on("GET", SUITE, "checks")
async def get_check_suite(call: Call) -> Answer:
    """Get a check suite."""
    return Answer(check_suite_json(_suite(call), call.repository.pulls))


@family.on("GET", SUITE + "/check-runs", "checks")
async def list_runs_of_suite(call: Call) -> Answer:
    """List the check runs of one suite."""
    suite, pulls = _suite(call), call.repository.pulls
    runs = suite.runs if call.query.get("filter") == "all" else suite.latest_runs
    found = [run for run in runs if _wanted(call, run)]
    return counted_page(call, "check_runs", found, lambda run: check_run_json(run, pulls))


@family.on("POST", SUITE + "/rerequest", "checks")
async def rerequest_suite(call: Call) -> Answer:
    """Ask the App to run everything again."""
    call.world.acts.checks.rerun_all(_suite(call), call.actor)
    return Answer({}, 201)


def _app(call: Call) -> App:
    caller = call.caller
    if not isinstance(caller, InstallationCaller) or caller.app is None:
        message = "You must authenticate via a GitHub App."
        raise GitHubRefused(message, status=403)
    return caller.app


def _run(call: Call) -> CheckRun:
    return call.repository.check_run(call.number("run_id"))


def _suite(call: Call) -> CheckSuite:
    wanted = call.number("suite_id")
    for suite in call.repository.suites:
        if suite.id == wanted:
            return suite
    raise not_found()


def _wanted(call: Call, run: CheckRun) -> bool:
    asked = call.query
    return (
        asked.get("check_name", run.name) == run.name
        and asked.get("status", run.status) == run.status
        and asked.get("app_id", str(run.app.id)) == str(run.app.id)
    )
