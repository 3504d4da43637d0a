"""Scripts as tasks of ECS."""
