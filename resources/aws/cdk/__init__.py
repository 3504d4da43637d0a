"""Stacks of an app of the CDK."""
