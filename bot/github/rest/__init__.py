"""What is asked of GitHub's REST API, one file for each subject; called through the door alone."""
