"""What people do to runs and ask of them, on the store."""
