"""What the settings say, in the domain's words; nothing of the settings themselves goes further in than here."""
