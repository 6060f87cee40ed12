"""What people touch: the German command line and the specimens for demo and tests."""
