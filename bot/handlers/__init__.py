"""What the bot does when something happens on GitHub; one file for each of GitHub's events."""
