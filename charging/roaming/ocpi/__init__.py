"""OCPI 2.2.1: parsing (pure) and fetching, with the HTTP client handed in."""
