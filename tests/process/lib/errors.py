"""What a scenario raises beside assertions."""


class Skip(Exception):
    """This machine cannot have what the scenario needs; the text says what."""
