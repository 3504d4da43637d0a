"""GitHub's REST API v3: one file for each family of endpoints, one door for all."""
