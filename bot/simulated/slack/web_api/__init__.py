"""Slack's Web API: one file for each family of methods, one door for all."""
