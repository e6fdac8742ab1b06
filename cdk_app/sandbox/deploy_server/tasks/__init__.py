"""Tasks: their states, their engine, and who may do what with them."""
