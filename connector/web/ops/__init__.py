"""The console's parts, loaded when a console page is first asked for: API workers do without them."""
