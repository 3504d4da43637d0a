"""What authors write, as the store has it: classes, arguments and outcomes."""
