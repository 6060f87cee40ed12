"""One file per schema: `r<number>_<what>.py`, never changed once released."""
