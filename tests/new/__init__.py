"""What `orbits new` writes, and that it is as good as what stands here."""
