"""Following a verdict until it is settled: states, ageing, proposals, lateness, invoices. Pure."""
