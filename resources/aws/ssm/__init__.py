"""Scripts on machines that Systems Manager reaches."""
