"""The whole product offline: a simulated GitHub, an agency, six clients, and the bot."""
