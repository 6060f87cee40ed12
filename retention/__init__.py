"""Retention: from events and record classes to dates, with the derivation in words. Pure functions."""
