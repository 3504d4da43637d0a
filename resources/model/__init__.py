"""The model in which stacks are written: actions, workflows, resources and their durable steps."""
