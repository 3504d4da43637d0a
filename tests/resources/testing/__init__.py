"""What authors test with, tried against the engine itself."""
