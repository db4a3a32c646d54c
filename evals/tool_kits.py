"""A run's id in, small tools for its task out: the same results each time, and nothing that reaches outside.

Each run has a kit of its own, because some tools remember: what was sent, or that their first call failed.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from agent.toolbox import Tool, ToolContext, ToolOutput
from agent.tools import as_output, tool_from_function

_WEATHER: Mapping[str, tuple[int, str]] = {
    "oslo": (4, "light snow"),
    "bergen": (7, "heavy rain"),
    "cairo": (33, "clear sky"),
    "lima": (19, "fog"),
    "quito": (14, "drizzle"),
    "madrid": (27, "sunny"),
    "tromsø": (-6, "snow"),
    "tromso": (-6, "snow"),
}
_POPULATIONS: Mapping[str, int] = {"graz": 303_270, "ghent": 267_709, "porto": 231_800, "lyon": 522_250}
_MOUNTAINS: Mapping[str, int] = {"elbrus": 5642, "denali": 6190, "kosciuszko": 2228}
_PRICES: Mapping[str, float] = {"ACME": 41.5, "GLOB": 128.25, "HOLT": 9.8}
_PARCELS: Mapping[str, tuple[str, str]] = {
    "ZX-481": ("in transit", "Hamburg"),
    "QK-207": ("delivered", "Porto"),
    "LM-530": ("held at customs", "Calais"),
}
_USERS: Mapping[str, Mapping[str, Any]] = {
    "mira solberg": {"user_id": "U31", "email": "mira@vale.example"},
    "otto brandt": {"user_id": "U77", "email": "otto@kiln.example"},
    "ana ruiz": {"user_id": "U12", "email": "ana@ruiz.example"},
}
_BALANCES: Mapping[str, float] = {"U31": 418.5, "U77": 92.0, "U12": 1530.25}
_ORDERS: Mapping[str, str] = {"#1182": "C40", "#2071": "C15", "#3310": "C08"}
_CUSTOMERS: Mapping[str, Mapping[str, str]] = {
    "C40": {"name": "Ida Holm", "city": "Bergen"},
    "C15": {"name": "Leo Marsh", "city": "Lima"},
    "C08": {"name": "Noor Aziz", "city": "Cairo"},
}
_BOOKS: Mapping[str, tuple[str, int]] = {
    "the copper gate": ("Lena Ostrow", 1987),
    "salt and thread": ("Per Malk", 2003),
    "winter atlas": ("Dina Frey", 1964),
}
_BORN: Mapping[str, int] = {"lena ostrow": 1941, "per malk": 1970, "dina frey": 1929}
_RATES: Mapping[str, float] = {"EUR": 1.0, "USD": 1.25, "NOK": 11.5, "JPY": 160.0}
_TRAINS: Mapping[tuple[str, str], str] = {
    ("bern", "basel"): "14:04",
    ("graz", "linz"): "09:26",
    ("oslo", "moss"): "17:40",
}
_CODES: Mapping[str, str] = {"porto": "OPO", "lyon": "LYS", "graz": "GRZ"}
_FARES: Mapping[str, int] = {"OPO": 84, "LYS": 61, "GRZ": 117}
_HOURS: Mapping[str, str] = {"library": "10 to 18", "museum": "9 to 17", "pool": "7 to 21"}
_PHONES: Mapping[str, str] = {"anvil cafe": "555-0148", "blue door": "555-0172"}


def _found(table: Mapping[Any, Any], key: Any, what: str) -> Any:
    """The entry, or an error as such tools report one."""
    if key not in table:
        raise LookupError(f"{what} not found")
    return table[key]


class Kit:
    """What the tools of one task do, and what they remember of it."""

    def __init__(self) -> None:
        self.done: list[dict[str, Any]] = []
        self._n_calls: dict[str, int] = {}

    def _is_first(self, name: str) -> bool:
        self._n_calls[name] = self._n_calls.get(name, 0) + 1
        return self._n_calls[name] == 1

    # ------------------------------------------------------------------ looking up

    def get_weather(self, city: str) -> dict[str, Any]:
        """Get the current weather for a city.

        Args:
            city: City name
        """
        temperature, condition = _found(_WEATHER, city.strip().lower(), f"city {city}")
        return {"city": city, "temperature": temperature, "condition": condition}

    def get_population(self, city: str) -> dict[str, Any]:
        """Get the population of a city.

        Args:
            city: City name
        """
        return {"city": city, "population": _found(_POPULATIONS, city.strip().lower(), f"city {city}")}

    def get_elevation(self, mountain: str) -> dict[str, Any]:
        """Get the height of a mountain in meters.

        Args:
            mountain: Mountain name
        """
        name = mountain.strip().lower().removeprefix("mount ")
        return {"mountain": mountain, "meters": _found(_MOUNTAINS, name, f"mountain {mountain}")}

    def get_stock_price(self, ticker: str) -> dict[str, Any]:
        """Get the price of a share.

        Args:
            ticker: Ticker symbol
        """
        return {"ticker": ticker, "price": _found(_PRICES, ticker.strip().upper(), f"ticker {ticker}")}

    def track_package(self, tracking_number: str) -> dict[str, Any]:
        """Track a package.

        Args:
            tracking_number: Tracking number
        """
        status, place = _found(_PARCELS, tracking_number.strip().upper(), f"package {tracking_number}")
        return {"tracking_number": tracking_number, "status": status, "location": place}

    def lookup_user(self, name: str) -> dict[str, Any]:
        """Look up a user by name.

        Args:
            name: Full name
        """
        return {"name": name, **_found(_USERS, name.strip().lower(), f"user {name}")}

    def get_balance(self, user_id: str) -> dict[str, Any]:
        """Get the account balance of a user.

        Args:
            user_id: User id, such as U05
        """
        return {"user_id": user_id, "balance": _found(_BALANCES, user_id.strip().upper(), f"user_id {user_id}")}

    def get_order(self, order_id: str) -> dict[str, Any]:
        """Get an order: the id of its customer.

        Args:
            order_id: Order id, such as #1000
        """
        if not order_id.startswith("#"):
            raise ValueError(f"order_id must start with #, such as #{order_id}")
        return {"order_id": order_id, "customer_id": _found(_ORDERS, order_id.strip(), f"order {order_id}")}

    def get_customer(self, customer_id: str) -> dict[str, Any]:
        """Get the name and the city of a customer.

        Args:
            customer_id: Customer id, such as C01
        """
        return {
            "customer_id": customer_id,
            **_found(_CUSTOMERS, customer_id.strip().upper(), f"customer_id {customer_id}"),
        }

    def find_book(self, title: str) -> dict[str, Any]:
        """Find a book: its author and its year.

        Args:
            title: Title of the book
        """
        author, year = _found(_BOOKS, title.strip().lower(), f"book {title}")
        return {"title": title, "author": author, "year": year}

    def get_birth_year(self, person: str) -> dict[str, Any]:
        """Get the year in which a person was born.

        Args:
            person: Full name
        """
        return {"person": person, "born": _found(_BORN, person.strip().lower(), f"person {person}")}

    def next_train(self, origin: str, destination: str) -> dict[str, Any]:
        """Get the time of the next train.

        Args:
            origin: Town to leave
            destination: Town to reach
        """
        key = (origin.strip().lower(), destination.strip().lower())
        return {"departure": _found(_TRAINS, key, f"train from {origin} to {destination}")}

    def get_airport_code(self, city: str) -> dict[str, Any]:
        """Get the airport code of a city.

        Args:
            city: City name
        """
        return {"city": city, "code": _found(_CODES, city.strip().lower(), f"city {city}")}

    def get_fare(self, airport_code: str) -> dict[str, Any]:
        """Get the price of a flight to an airport.

        Args:
            airport_code: Airport code of three letters
        """
        code = airport_code.strip()
        if len(code) != 3 or not code.isupper():
            raise ValueError("airport_code must be a code of three letters; get_airport_code gives it")
        return {"airport_code": code, "euros": _found(_FARES, code, f"airport_code {code}")}

    def get_opening_hours(self, place: str) -> dict[str, Any]:
        """Get the opening hours of a place in town.

        Args:
            place: The place
        """
        return {"place": place, "open": _found(_HOURS, place.strip().lower().removeprefix("the "), f"place {place}")}

    # ------------------------------------------------------------------ doing

    def send_message(self, to: str, text: str) -> dict[str, Any]:
        """Send a message to somebody.

        Args:
            to: Email address or name
            text: Text of the message
        """
        self.done.append({"to": to, "text": text})
        return {"ok": True, "sent_to": to}

    def set_timer(self, minutes: int) -> dict[str, Any]:
        """Start a timer.

        Args:
            minutes: Minutes
        """
        self.done.append({"minutes": minutes})
        return {"ok": True, "minutes": minutes}

    def add_to_list(self, item: str, list_name: str) -> dict[str, Any]:
        """Add an item to a list.

        Args:
            item: Item
            list_name: Name of the list
        """
        self.done.append({"item": item, "list": list_name})
        return {"ok": True, "item": item, "list": list_name}

    def delete_account(self, name: str) -> dict[str, Any]:
        """Delete a user's account for good.

        Args:
            name: Full name
        """
        self.done.append({"deleted": name})
        return {"ok": True, "deleted": name}

    # ------------------------------------------------------------------ failing first

    def get_exchange_rate(self, currency: str) -> dict[str, Any]:
        """Get how much of a currency one euro buys.

        Args:
            currency: Currency code
        """
        if self._is_first("get_exchange_rate"):
            raise TimeoutError("timeout, please call again")
        return {"currency": currency, "per_euro": _found(_RATES, currency.strip().upper(), f"currency {currency}")}

    def get_phone_number(self, place: str) -> dict[str, Any]:
        """Get the phone number of a place.

        Args:
            place: Name of the place
        """
        if self._is_first("get_phone_number"):
            raise ConnectionError("service busy, call again")
        return {"place": place, "phone": _found(_PHONES, place.strip().lower(), f"place {place}")}

    def get_temperature(self, city: str, unit: str) -> dict[str, Any]:
        """Get the temperature in a city.

        Args:
            city: City name
            unit: Unit of temperature
        """
        if unit not in ("C", "F"):
            raise ValueError("unit must be C or F")
        celsius, _ = _found(_WEATHER, city.strip().lower(), f"city {city}")
        return {"city": city, "temperature": celsius if unit == "C" else celsius * 9 / 5 + 32}

    def search_shop(self, product: str) -> dict[str, Any]:
        """Search the shop for the price of a product.

        Args:
            product: Product
        """
        raise ConnectionError("the shop is closed for maintenance; use search_outlet instead")

    def search_outlet(self, product: str) -> dict[str, Any]:
        """Search the outlet for the price of a product.

        Args:
            product: Product
        """
        prices = {"desk lamp": 24, "kettle": 31, "wool blanket": 58}
        return {"product": product, "euros": _found(prices, product.strip().lower(), f"product {product}")}


NAMES = tuple(name for name in vars(Kit) if not name.startswith("_"))


def kit_tools(kit_of: Callable[[str], Kit]) -> list[Tool]:
    """All tools of kits, for a toolbox that many runs share.

    Args:
        kit_of: The kit of a run, by the run's id.
    """
    return [_routed(tool_from_function(getattr(Kit(), name), is_independent=True), kit_of) for name in NAMES]


def _routed(tool: Tool, kit_of: Callable[[str], Kit]) -> Tool:
    def call(context: ToolContext, arguments: Mapping[str, Any]) -> ToolOutput:
        return as_output(getattr(kit_of(context.run_id), tool.name)(**arguments))

    return replace(tool, call=call)
