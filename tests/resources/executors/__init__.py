"""What executors promise, and the places that they are tried on."""
