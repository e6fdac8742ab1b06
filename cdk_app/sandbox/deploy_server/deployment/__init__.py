"""From a prepared deployment to a plan of steps, as pure functions over the repository."""
