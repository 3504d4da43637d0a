"""What carries commands out, for people and for machines."""
