"""What can be typed; help waits for nothing that a command needs."""
