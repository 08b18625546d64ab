"""Dutch towns and street names that exist everywhere, to make addresses that nobody lives at."""

from typing import NamedTuple


class Town(NamedTuple):
    name: str
    latitude: float
    longitude: float
    postal_code: int
    """The first four digits of the centre's postal codes."""


TOWNS: tuple[Town, ...] = (
    Town("Amsterdam", 52.3728, 4.8936, 1011),
    Town("Rotterdam", 51.9225, 4.4792, 3011),
    Town("Den Haag", 52.0705, 4.3007, 2511),
    Town("Utrecht", 52.0907, 5.1214, 3511),
    Town("Eindhoven", 51.4416, 5.4697, 5611),
    Town("Groningen", 53.2194, 6.5665, 9711),
    Town("Tilburg", 51.5555, 5.0913, 5011),
    Town("Almere", 52.3508, 5.2647, 1315),
    Town("Breda", 51.5719, 4.7683, 4811),
    Town("Nijmegen", 51.8126, 5.8372, 6511),
    Town("Apeldoorn", 52.2112, 5.9699, 7311),
    Town("Arnhem", 51.9851, 5.8987, 6811),
    Town("Haarlem", 52.3874, 4.6462, 2011),
    Town("Enschede", 52.2215, 6.8937, 7511),
    Town("Amersfoort", 52.1561, 5.3878, 3811),
    Town("Zwolle", 52.5168, 6.0830, 8011),
    Town("Leiden", 52.1601, 4.4970, 2311),
    Town("Maastricht", 50.8514, 5.6910, 6211),
    Town("Dordrecht", 51.8133, 4.6901, 3311),
    Town("'s-Hertogenbosch", 51.6978, 5.3037, 5211),
    Town("Leeuwarden", 53.2012, 5.7999, 8911),
    Town("Deventer", 52.2661, 6.1552, 7411),
    Town("Delft", 52.0116, 4.3571, 2611),
    Town("Alkmaar", 52.6324, 4.7534, 1811),
    Town("Venlo", 51.3704, 6.1724, 5911),
    Town("Hilversum", 52.2292, 5.1669, 1211),
    Town("Gouda", 52.0115, 4.7105, 2801),
    Town("Assen", 52.9928, 6.5642, 9401),
    Town("Middelburg", 51.4988, 3.6110, 4331),
    Town("Lelystad", 52.5185, 5.4714, 8232),
)

STREETS: tuple[str, ...] = (
    "Stationsplein",
    "Marktplein",
    "Kerkstraat",
    "Dorpsstraat",
    "Molenweg",
    "Schoolstraat",
    "Parkweg",
    "Havenkade",
    "Raadhuisplein",
    "Beukenlaan",
    "Sportlaan",
    "Industrieweg",
    "Coöperatieweg",
    "Reünieplein",
    "Crècheweg",
    "Zuiderpark",
)
