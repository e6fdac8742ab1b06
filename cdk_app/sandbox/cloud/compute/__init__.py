"""EC2: addresses, launches, descriptions and key pairs, as far as MiniStack leaves them open."""
