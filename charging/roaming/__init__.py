"""Roaming: the canonical CDR, the partners, and the protocols that CDRs come in."""
