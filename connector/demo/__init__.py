"""The demo: a marketplace on loopback, a legacy ERP, and the whole job played once, each step verified from outside."""
