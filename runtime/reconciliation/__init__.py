"""Brings Deploy in line with an Auto Scaling group: observe, plan (pure), apply, until nothing is left."""
