"""The door of `archiv`: so small that Ctrl-C is in good hands before anything large is loaded."""

from __future__ import annotations

from app.interrupt import end_at_once


def main() -> None:
    """Entry point of `archiv`."""
    end_at_once()
    from app.root import run

    run()


if __name__ == "__main__":
    main()
