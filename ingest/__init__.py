"""Intake: claims deliveries, reads slip and scans, judges names, formats and the balance of sheets and pages."""
