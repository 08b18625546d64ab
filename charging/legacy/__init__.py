"""Where the old back-office's data comes from: its database, or files that it exported. Text in, text out."""
