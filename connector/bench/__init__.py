"""Benchmarks: the product beside what a good engineer would otherwise write, in one run on one machine, with the answers checked.

Nothing heavy is imported here: peers run as `python -m connector.bench.peers.…`, and their start-up is measured with them.
"""
