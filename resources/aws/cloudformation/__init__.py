"""Stacks of CloudFormation, through change sets."""
