"""Statements of CDRs in CSV or XLSX, read by a mapping file."""
