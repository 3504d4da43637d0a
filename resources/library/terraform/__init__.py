"""Terraform modules: planned, applied, looked after, and their states kept by the bot."""
