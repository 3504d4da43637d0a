"""The first lines of a stack or a resource, with its test, written for their author."""
