"""SQLAlchemy Core: functions take a transaction and speak the domain's words."""
