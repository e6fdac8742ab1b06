"""Twins of the world for tests: same rules, in memory."""
