"""What authors write, as the store has it: classes, arguments, results and failures."""
