"""Personal data: what is a person's, by which names it is known, and how it is forgotten without losing a count."""
