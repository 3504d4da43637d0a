"""What `orbits.toml` says about rollouts: how they go, when they must not, and who decides."""
