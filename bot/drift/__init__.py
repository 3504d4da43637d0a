"""What tenants have become behind the bot's back: found, told, and brought back."""
