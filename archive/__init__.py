"""Packages: BagIt bags as reproducible tars in object stores with lock, read back and checked."""
