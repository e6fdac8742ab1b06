"""Creates in Deploy what a stack needs there, and removes it with the stack."""
