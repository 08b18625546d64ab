"""Match, compare, judge, age and summarise CDRs of both sides. Pure."""
