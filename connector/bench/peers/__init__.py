"""What the product is measured beside: each the work of one tool, as a good engineer would write it, without our guards and messages."""
