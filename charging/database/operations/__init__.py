"""What writes. Every operation may be run again: it ends in the same rows. The caller opens the transaction."""
