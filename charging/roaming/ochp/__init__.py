"""OCHP 1.4 (e-clearing.net): CDRs from captured SOAP messages and files."""
