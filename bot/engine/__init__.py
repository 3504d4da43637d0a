"""The durable engine: runs, steps remembered by name, locks, take-over after a crash."""
