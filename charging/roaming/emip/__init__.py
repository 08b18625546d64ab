"""eMIP 0.7.4 (Gireve): CDRs from captured SOAP messages and files."""
