"""Ways to reach stations: each implements `charging.migration.ports.Channel`."""
