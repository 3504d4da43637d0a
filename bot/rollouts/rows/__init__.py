"""The rows of rollouts, changed in one transaction each: decisions are made where they are kept."""
