"""Pricing as loops over columns of 64-bit integers, exact: what could overflow is left to the fractions."""
