"""The `rehome` command: starts the parts, runs the flows, records decisions."""
