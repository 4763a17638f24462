"""vtex."""
