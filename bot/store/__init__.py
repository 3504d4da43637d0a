"""Where the bot remembers: tables, one writer, and the migrations between releases."""
