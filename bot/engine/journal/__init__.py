"""Where runs and steps are remembered, and where it is decided who carries out what."""
