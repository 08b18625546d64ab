"""What passes between a station and its back office, and what does not: rules without a socket or a clock."""
