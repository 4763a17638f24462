"""The sandbox: a marketplace on loopback that behaves as VTEX does, checks what a seller says, and shows what it saw.

It shares no code with `connector/vtex/`: a judge that reads by the rules of the judged finds nothing.
"""

from connector.sandbox.marketplace import Sandbox

__all__ = ["Sandbox"]
