"""The resource model, its executors, its library and the example stack, on real things."""
