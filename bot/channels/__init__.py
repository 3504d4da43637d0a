"""The only doors to Slack, to a webhook of the user, and to a mail server."""
