"""What may be retried: thin tasks that open a resource, call one thing and return plain data."""
