"""The words every room shares: Akte, Scan, Package, Finding, Verdict, errors, life cycle. Standard library only."""
