"""What people read: typed report values, templates, one renderer."""
