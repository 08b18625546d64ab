"""How each type of station speaks OCPP in its own way, and the rules that let a target hear all of them alike."""
