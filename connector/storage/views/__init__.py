"""What the console shows, read by index: every query is bounded, whatever the tables hold."""
