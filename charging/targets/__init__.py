"""Back-offices to load into. A target may be in use: what it knows better stays, and every row has its verdict."""
