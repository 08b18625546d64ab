"""Firmware campaigns: in which order and when stations fetch an image, and what counts as having it."""
