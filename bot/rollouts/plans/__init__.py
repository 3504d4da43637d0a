"""What an open pull request would do: whom it would reach, and what their stacks say to it."""
