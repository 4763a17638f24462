"""The business, pure: no clock, no I/O, no logging, standard library only."""
