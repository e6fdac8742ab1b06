"""What runs inside the Java process; for CPython only a place in the package."""
