"""Git: its command line, repositories of one's own, and a service's files at a revision."""
