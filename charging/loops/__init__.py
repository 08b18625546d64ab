"""Loops over columns of numbers, compiled to machine code once and kept for every later process."""
