"""The outbox's motor: messages claimed, handed to couriers, settled."""
