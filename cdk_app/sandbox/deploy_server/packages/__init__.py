"""Deployment packages."""
