"""How stations and back-offices speak OCPP."""
