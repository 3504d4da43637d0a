"""What runs the stacks: the durable engine, rollouts, GitHub, the web service, the command line."""
