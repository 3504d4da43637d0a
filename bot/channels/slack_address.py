"""Where Slack is."""

API_URL = "https://slack.com/api/"
