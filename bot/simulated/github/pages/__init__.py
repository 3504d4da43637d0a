"""Pages for a person with a browser: read, click, comment, merge; no script is needed."""
