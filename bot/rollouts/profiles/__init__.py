"""What an operator says of tenants, on the command line or in a file, and what that changes."""
