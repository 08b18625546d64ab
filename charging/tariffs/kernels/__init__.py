"""Pricing as loops over columns of 64-bit integers, exact: what could overflow is left to the fractions.

Who changes a constant in `forms` or `periods` touches `bills` as well: its compiled loops keep what they were made of.
"""
