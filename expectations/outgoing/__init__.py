"""What each kind of target takes: one suite per entity that is sent. A row that fails is refused, never bent."""
