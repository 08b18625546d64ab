"""The one truth: tables, what reads them (`queries`), what writes them (`operations`), and the embedded server."""
