"""What should happen to which tenant, decided without touching anything."""
