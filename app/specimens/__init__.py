"""Deliveries that look scanned, for demo, tests and bench: rendered with real fonts, degraded like a scanner does.

Deterministic by seed; every name and address is invented.
"""

from __future__ import annotations

from app.specimens.deliveries import SpecimenDelivery, make_delivery, make_demo_deliveries, make_large

__all__ = ["SpecimenDelivery", "make_delivery", "make_demo_deliveries", "make_large"]
