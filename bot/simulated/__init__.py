"""Stand-ins that behave like the outside: for the demo, and for tests without mocks."""
