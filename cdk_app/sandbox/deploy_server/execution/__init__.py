"""Steps on hosts."""
