"""The scenarios of the crash suite and what they share."""
