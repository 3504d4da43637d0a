"""What a stack author imports: the resource model, executors, and the library of resources."""
