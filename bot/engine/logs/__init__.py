"""What steps print: bounded, without secrets, on its way into the store."""
