"""How fast the hub is, as ratios to a floor measured in the same run. See `run`."""
