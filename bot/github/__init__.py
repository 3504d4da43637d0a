"""The only door to GitHub: what it tells us, who we are to it, and what we ask of it."""
