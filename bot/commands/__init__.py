"""What people ask for in comments, from their lines to values; nothing here carries it out."""
