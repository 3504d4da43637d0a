"""The workspace as a browser shows it."""
