"""The first release."""

import sqlalchemy as sa
from alembic import op

from bot.store.columns import Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Bring the schema from nothing to 0001."""
    op.create_table(
        "accepted",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("observed", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("until", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "path", "observed"),
    )
    op.create_table(
        "delivery",
        sa.Column("guid", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=True),
        sa.Column("repository", sa.String(), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("not_before", Moment(), nullable=True),
        sa.Column("handled_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("guid"),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index("delivery_handled", ["handled_at"], unique=False)
        batch_op.create_index(
            "delivery_open",
            ["received_at"],
            unique=False,
            sqlite_where=sa.text("state = 'queued'"),
            postgresql_where=sa.text("state = 'queued'"),
        )

    op.create_table(
        "deployed",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("revision", sa.String(), nullable=False),
        sa.Column("variables", sa.JSON(), nullable=False),
        sa.Column("rollout_id", sa.String(), nullable=True),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "service"),
    )
    op.create_table(
        "deployment",
        sa.Column("rollout_id", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("held_by", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("target", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("variables_before", sa.JSON(), nullable=False),
        sa.Column("desired", sa.JSON(), nullable=False),
        sa.Column("failed_step", sa.String(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("tail", sa.Text(), nullable=True),
        sa.Column("rolled_back", sa.Boolean(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("started_at", Moment(), nullable=True),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("rollout_id", "tenant"),
    )
    op.create_table(
        "doneonce",
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("done_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("identity", "name"),
    )
    op.create_table(
        "drift",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("repository", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("issue", sa.Integer(), nullable=False),
        sa.Column("umbrella", sa.Boolean(), nullable=False),
        sa.Column("differences", sa.JSON(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("desired", sa.JSON(), nullable=False),
        sa.Column("detections", sa.Integer(), nullable=False),
        sa.Column("clean_looks", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("found_at", Moment(), nullable=False),
        sa.Column("opened_at", Moment(), nullable=True),
        sa.Column("changed_at", Moment(), nullable=True),
        sa.Column("resolved_at", Moment(), nullable=True),
        sa.Column("reopened", sa.JSON(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("until", Moment(), nullable=True),
        sa.Column("by", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("fix", sa.Integer(), nullable=False),
        sa.Column("fixing", sa.Boolean(), nullable=False),
        sa.Column("fix_run_id", sa.String(), nullable=True),
        sa.Column("fixed_by", sa.String(), nullable=True),
        sa.Column("fix_problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant"),
    )
    op.create_table(
        "head",
        sa.Column("repository", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("sha", sa.String(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("repository", "branch"),
    )
    op.create_table(
        "hold",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("revision", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("placed_by", sa.String(), nullable=False),
        sa.Column("pull_request", sa.String(), nullable=True),
        sa.Column("placed_at", Moment(), nullable=False),
        sa.Column("until", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "service"),
    )
    op.create_table(
        "keptpolicy",
        sa.Column("repository", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("read_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("repository"),
    )
    op.create_table(
        "look",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("known_until", Moment(), nullable=True),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("told_to_wait", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "mishap",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("hour", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("where", sa.String(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_at", Moment(), nullable=False),
        sa.Column("last_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "hour"),
    )
    op.create_table(
        "notice",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("target", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("told_by", sa.String(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("due", sa.Boolean(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("underway", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("given_up", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("not_before", Moment(), nullable=True),
        sa.Column("told_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index("notice_due", ["due", "account"], unique=False)
        batch_op.create_index("notice_source", ["source"], unique=False)
        batch_op.create_index("notice_told", ["told_at"], unique=False)
        batch_op.create_index("notice_told_by", ["told_by"], unique=False)

    op.create_table(
        "ordered",
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("repository", sa.String(), nullable=False),
        sa.Column("comment_id", sa.BigInteger(), nullable=True),
        sa.Column("pull_request", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("about", sa.String(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("done_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("comment", "number"),
    )
    op.create_table(
        "owner",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", Moment(), nullable=False),
        sa.Column("heartbeat_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "place",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "lane"),
    )
    with op.batch_alter_table("place", schema=None) as batch_op:
        batch_op.create_index("place_held", ["lane", "held"], unique=False)

    op.create_table(
        "plan",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("repository", sa.String(), nullable=False),
        sa.Column("pull_request", sa.Integer(), nullable=True),
        sa.Column("head_sha", sa.String(), nullable=False),
        sa.Column("base", sa.String(), nullable=False),
        sa.Column("proposal", sa.JSON(), nullable=False),
        sa.Column("outlook", sa.JSON(), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("reckoned_for", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("closed", sa.String(), nullable=True),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.create_index("plan_head", ["head_sha"], unique=False)
        batch_op.create_index(
            "plan_open",
            ["closed"],
            unique=False,
            sqlite_where=sa.text("closed IS NULL AND pull_request IS NOT NULL"),
            postgresql_where=sa.text("closed IS NULL AND pull_request IS NOT NULL"),
        )

    op.create_table(
        "printed",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "step", "number"),
    )
    op.create_table(
        "recorded",
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("installed_version", sa.Integer(), nullable=True),
        sa.Column("fingerprint", sa.String(), nullable=True),
        sa.Column("arguments", sa.Text(), nullable=True),
        sa.Column("output", sa.Text(), nullable=True),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("identity"),
    )
    op.create_table(
        "recovered",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last", sa.String(), nullable=False),
        sa.Column("last_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("kind"),
    )
    op.create_table(
        "rollout",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("repository", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("sha", sa.String(), nullable=False),
        sa.Column("services", sa.JSON(), nullable=False),
        sa.Column("pull_request", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("undoes", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("contained_in", sa.JSON(), nullable=False),
        sa.Column("explanation", sa.JSON(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("bakes", sa.JSON(), nullable=False),
        sa.Column("forgiven", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("stopped", sa.String(), nullable=True),
        sa.Column("leg", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("pauses_until", Moment(), nullable=True),
        sa.Column("continue_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        sa.UniqueConstraint("number"),
    )
    with op.batch_alter_table("rollout", schema=None) as batch_op:
        batch_op.create_index(
            "rollout_of_pull_request", ["repository", "pull_request"], unique=False
        )

    op.create_table(
        "run",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("root_id", sa.String(), nullable=False),
        sa.Column("parent_id", sa.String(), nullable=True),
        sa.Column("parent_step", sa.String(), nullable=True),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("command", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("force", sa.Boolean(), nullable=False),
        sa.Column("asked", sa.Boolean(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("cancelled_by", sa.String(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("taken_at", Moment(), nullable=True),
        sa.Column("last_try", sa.Boolean(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("deadline_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("started_at", Moment(), nullable=True),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.create_index("run_finished", ["finished_at"], unique=False)
        batch_op.create_index(
            "run_live_command",
            ["identity", "command", "fingerprint"],
            unique=True,
            sqlite_where=sa.text("state IN ('queued', 'waiting', 'running')"),
            postgresql_where=sa.text("state IN ('queued', 'waiting', 'running')"),
        )
        batch_op.create_index(
            "run_owner",
            ["owner"],
            unique=False,
            sqlite_where=sa.text("state IN ('queued', 'waiting', 'running')"),
            postgresql_where=sa.text("state IN ('queued', 'waiting', 'running')"),
        )
        batch_op.create_index("run_parent", ["parent_id"], unique=False)
        batch_op.create_index(
            "run_queue",
            ["state", "rank", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('queued', 'waiting', 'running')"),
            postgresql_where=sa.text("state IN ('queued', 'waiting', 'running')"),
        )
        batch_op.create_index("run_root", ["root_id"], unique=False)
        batch_op.create_index(
            "run_running_identity",
            ["identity"],
            unique=True,
            sqlite_where=sa.text("state = 'running'"),
            postgresql_where=sa.text("state = 'running'"),
        )

    op.create_table(
        "signal",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("sent_by", sa.String(), nullable=False),
        sa.Column("sent_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "name"),
    )
    op.create_table(
        "silence",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("limits", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "step",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("started_at", Moment(), nullable=False),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", "name"),
    )
    op.create_table(
        "tally",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "tenant",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("ring", sa.String(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("services", sa.JSON(), nullable=False),
        sa.Column("branches", sa.JSON(), nullable=False),
        sa.Column("variables", sa.JSON(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "terraformimport",
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("identity", "address"),
    )
    op.create_table(
        "terraformlock",
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("lock_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("info", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("identity"),
    )
    op.create_table(
        "terraformstate",
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("lineage", sa.String(), nullable=False),
        sa.Column("md5", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("identity", "version"),
    )
    op.create_table(
        "wait",
        sa.Column("waiter_id", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("target_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("waiter_id", "step", "target_id"),
    )
    with op.batch_alter_table("wait", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_wait_target_id"), ["target_id"], unique=False)

    op.create_table(
        "watch",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("every_seconds", sa.Float(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("underway_since", Moment(), nullable=True),
        sa.Column("asked", sa.Boolean(), nullable=False),
        sa.Column("looked_at", Moment(), nullable=True),
        sa.Column("matching_since", Moment(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("unable_since", Moment(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("paused_by", sa.String(), nullable=True),
        sa.Column("paused_until", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("tenant"),
    )
    with op.batch_alter_table("watch", schema=None) as batch_op:
        batch_op.create_index(
            "watch_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("due_at IS NOT NULL"),
            postgresql_where=sa.text("due_at IS NOT NULL"),
        )
        batch_op.create_index(
            "watch_underway",
            ["underway_since"],
            unique=False,
            sqlite_where=sa.text("underway_since IS NOT NULL"),
            postgresql_where=sa.text("underway_since IS NOT NULL"),
        )

    op.create_table(
        "written",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("written", schema=None) as batch_op:
        batch_op.create_index("written_lately", ["account", "at"], unique=False)


def downgrade() -> None:
    """Bring the schema back to nothing."""
    with op.batch_alter_table("written", schema=None) as batch_op:
        batch_op.drop_index("written_lately")

    op.drop_table("written")
    with op.batch_alter_table("watch", schema=None) as batch_op:
        batch_op.drop_index(
            "watch_underway",
            sqlite_where=sa.text("underway_since IS NOT NULL"),
            postgresql_where=sa.text("underway_since IS NOT NULL"),
        )
        batch_op.drop_index(
            "watch_due",
            sqlite_where=sa.text("due_at IS NOT NULL"),
            postgresql_where=sa.text("due_at IS NOT NULL"),
        )

    op.drop_table("watch")
    with op.batch_alter_table("wait", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_wait_target_id"))

    op.drop_table("wait")
    op.drop_table("terraformstate")
    op.drop_table("terraformlock")
    op.drop_table("terraformimport")
    op.drop_table("tenant")
    op.drop_table("tally")
    op.drop_table("step")
    op.drop_table("silence")
    op.drop_table("signal")
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_index(
            "run_running_identity",
            sqlite_where=sa.text("state = 'running'"),
            postgresql_where=sa.text("state = 'running'"),
        )
        batch_op.drop_index("run_root")
        batch_op.drop_index(
            "run_queue",
            sqlite_where=sa.text("state IN ('queued', 'waiting', 'running')"),
            postgresql_where=sa.text("state IN ('queued', 'waiting', 'running')"),
        )
        batch_op.drop_index("run_parent")
        batch_op.drop_index(
            "run_owner",
            sqlite_where=sa.text("state IN ('queued', 'waiting', 'running')"),
            postgresql_where=sa.text("state IN ('queued', 'waiting', 'running')"),
        )
        batch_op.drop_index(
            "run_live_command",
            sqlite_where=sa.text("state IN ('queued', 'waiting', 'running')"),
            postgresql_where=sa.text("state IN ('queued', 'waiting', 'running')"),
        )
        batch_op.drop_index("run_finished")

    op.drop_table("run")
    with op.batch_alter_table("rollout", schema=None) as batch_op:
        batch_op.drop_index("rollout_of_pull_request")

    op.drop_table("rollout")
    op.drop_table("recovered")
    op.drop_table("recorded")
    op.drop_table("printed")
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.drop_index(
            "plan_open",
            sqlite_where=sa.text("closed IS NULL AND pull_request IS NOT NULL"),
            postgresql_where=sa.text("closed IS NULL AND pull_request IS NOT NULL"),
        )
        batch_op.drop_index("plan_head")

    op.drop_table("plan")
    with op.batch_alter_table("place", schema=None) as batch_op:
        batch_op.drop_index("place_held")

    op.drop_table("place")
    op.drop_table("owner")
    op.drop_table("ordered")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index("notice_told_by")
        batch_op.drop_index("notice_told")
        batch_op.drop_index("notice_source")
        batch_op.drop_index("notice_due")

    op.drop_table("notice")
    op.drop_table("mishap")
    op.drop_table("look")
    op.drop_table("keptpolicy")
    op.drop_table("hold")
    op.drop_table("head")
    op.drop_table("drift")
    op.drop_table("doneonce")
    op.drop_table("deployment")
    op.drop_table("deployed")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index(
            "delivery_open",
            sqlite_where=sa.text("state = 'queued'"),
            postgresql_where=sa.text("state = 'queued'"),
        )
        batch_op.drop_index("delivery_handled")

    op.drop_table("delivery")
    op.drop_table("accepted")
