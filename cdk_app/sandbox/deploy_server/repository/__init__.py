"""Configuration items, their integrity and their contents."""
