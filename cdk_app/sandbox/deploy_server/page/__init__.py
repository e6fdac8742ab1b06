"""What a person sees: the repository, environments with their members, tasks with their steps."""
