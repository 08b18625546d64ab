"""Each command with its subcommands, one file for each; they parse, call one thing and show what it returned."""
