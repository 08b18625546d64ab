"""Moving stations: lanes, recipes, waves, the life of a station, gates and the cutover engine. No I/O of its own."""
