"""OICP 2.3 (Hubject): CDRs by API and by file."""
