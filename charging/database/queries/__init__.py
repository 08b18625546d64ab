"""What reads. Plain values come out; nothing here changes a row."""
