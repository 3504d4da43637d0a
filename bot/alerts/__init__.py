"""What people are called about: each alert, in which channel, in what words."""
