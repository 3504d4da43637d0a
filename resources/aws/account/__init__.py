"""A tenant's own account in the agency's organization."""
