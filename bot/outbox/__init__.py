"""What GitHub should say, as rows that the newest state wins, and the one paced writer of it."""
