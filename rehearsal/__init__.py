"""A charging network in a box: legacy database, stations, back-offices and roaming partners, all met at the wire."""
