"""From our tables to report values: each file reads what one report says, and computes nothing that rules decide."""
