"""The sign-in: how long a session lasts."""

SESSION_HOURS = 12
