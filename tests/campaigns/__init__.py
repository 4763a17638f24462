"""Campaigns: long, seeded attempts to break promises, run by `make campaign`; short forms of them are in the suite."""
