"""What is true about a charging network, and how its wires speak. No Prefect, no Great Expectations, no Jinja."""
