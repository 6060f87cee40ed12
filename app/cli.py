"""`archiv`: the German command line."""


def main() -> None:
    """Placeholder until the first verbs stand."""
