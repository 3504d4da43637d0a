"""PostgreSQL's schemas, brought to the files of a revision by psql alone."""
