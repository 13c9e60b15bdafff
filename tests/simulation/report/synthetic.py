"""A plausible run directory out of thin air: seeded arrays written as the tables of a run, by their contract.

Every home owns a load; most own PV, a battery, an electric vehicle and a cooled house. The market case follows summed
curves to the price at which they meet the supplier's; the case without one follows rules of thumb. Energy balances,
the ledger sums to zero; nothing else about the physics is claimed.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np

ZONE = ZoneInfo("America/New_York")
LOSS = 0.02
UNLIMITED_KW = 1e9


@dataclass(frozen=True)
class Size:
    """How much to make up, and what to leave out."""

    homes: int = 12
    days: int = 3
    step_minutes: int = 15
    kinds: tuple[str, ...] = ("load", "pv", "battery", "ev", "house", "water_heater")
    seed: int = 7
    currency: str = "USD"
    name: str = "oak-street"
    status: str = "complete"
    leave_out: tuple[str, ...] = ()


class Street:
    """The made-up street: fleets, prices and powers as arrays, homes by steps."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self.random = np.random.default_rng(size.seed)
        self.start = datetime(2026, 7, 6, tzinfo=ZONE).astimezone(UTC)
        self.steps = size.days * 24 * 60 // size.step_minutes
        self.hours = size.step_minutes / 60
        moments = [self.start + timedelta(minutes=size.step_minutes * t) for t in range(self.steps)]
        self.starts = np.array([moment.replace(tzinfo=None) for moment in moments], dtype="datetime64[us]")
        local = [moment.astimezone(ZONE) for moment in moments]
        self.hour = np.array([moment.hour + moment.minute / 60 for moment in local])
        self.day = np.arange(self.steps) * size.step_minutes // (24 * 60)
        self.homes = np.array([f"home-{i + 1:0{max(2, len(str(size.homes)))}d}" for i in range(size.homes)])
        self.feeder_of = np.arange(size.homes) // 15
        self.feeders = np.array([f"feeder-{k + 1}" for k in range(self.feeder_of.max() + 1)])
        self._scale()
        self._cleared = self._clear()

    def _scale(self) -> None:
        n = self.size.homes
        weather = self.random.uniform(0.55, 1.0, self.size.days)[self.day]
        self.sun = np.clip(np.sin((self.hour - 6) / 13 * np.pi), 0, None) ** 1.3 * (self.hour > 6) * weather
        evening = np.exp(-((self.hour - 19) ** 2) / 6) + 0.45 * np.exp(-((self.hour - 7.5) ** 2) / 3)
        noise = self.random.gamma(6, 1 / 6, (n, self.steps))
        self.load = (0.35 + 1.1 * evening) * self.random.uniform(0.6, 1.7, (n, 1)) * noise
        self.pv = self.random.choice([0, 4, 5, 7], (n, 1)) * self.sun
        self.heat = np.clip(np.sin((self.hour - 9) / 14 * np.pi), 0.05, None) * (0.6 + 0.4 * weather)
        self.size_of = {kind: self.random.uniform(0.7, 1.3, n) for kind in ("battery", "ev", "house", "water_heater")}
        self.size_of["battery"] *= self.random.random(n) < 0.6
        self.size_of["ev"] *= self.random.random(n) < 0.5
        self.size_of["water_heater"] *= self.random.random(n) < 0.3
        self.wholesale = 0.09 + 0.06 * evening - 0.05 * self.sun + self.random.normal(0, 0.004, self.steps)
        self.default = {
            "load": -self.load,
            "pv": self.pv,
            "battery": self.size_of["battery"][:, None]
            * 3
            * (0.9 * (np.abs(self.hour - 20) < 2) - 0.9 * (self.sun > 0.4)),
            "ev": -self.size_of["ev"][:, None] * 6 * (np.abs(self.hour - 19.5) < 1.2),
            "house": -self.size_of["house"][:, None] * 2.4 * self.heat,
            "water_heater": -self.size_of["water_heater"][:, None] * 2.2 * (np.abs(self.hour - 8) < 1),
        }

    def shapes(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Return the fleet curve of each flexible kind: prices (V,) and powers (T, V) per unit of size."""
        night, noon = (self.hour < 6) | (self.hour > 22), self.sun > 0.3
        one = np.ones(self.steps)
        return {
            "battery": (
                np.array([0.05, 0.10, 0.13, 0.20]),
                np.stack([-4 * noon - 0.5, -2.0 * noon, 0 * one, 4 * one], 1),
            ),
            "ev": (np.array([0.06, 0.09, 0.14]), np.stack([-6 * night - 1, -3.0 * night, 0 * one], 1)),
            "house": (
                np.array([0.04, 0.22]),
                np.stack([-3.4 * self.heat - 0.5, -1.5 * self.heat], 1),
            ),
            "water_heater": (np.array([0.05, 0.15]), np.stack([-2.0 * one, -0.2 * one], 1)),
        }

    def _clear(self) -> dict[str, np.ndarray]:
        fixed = (self.pv - self.load).sum(0)
        flexible = {k: s for k, s in self.shapes().items() if k in self.size.kinds}
        low, high = np.full(self.steps, -0.5), np.full(self.steps, 3.0)
        slope = 0.06 / (2.2 * self.size.homes)
        for _ in range(60):
            price = (low + high) / 2
            power = fixed + (price - self.wholesale) / slope
            for kind, (prices, powers) in flexible.items():
                power = power + self.size_of[kind].sum() * _at(price, prices, powers)
            low, high = np.where(power < 0, price, low), np.where(power < 0, high, price)
        self.slope, self.price = slope, (low + high) / 2
        cleared = {"load": -self.load, "pv": self.pv}
        for kind, (prices, powers) in flexible.items():
            cleared[kind] = self.size_of[kind][:, None] * _at(self.price, prices, powers)
        return cleared

    def powers(self, case: str) -> dict[str, np.ndarray]:
        """Return power by kind, homes by steps [kW]."""
        source = self._cleared if case == "market" else self.default
        return {kind: source[kind] for kind in self.size.kinds}


def _at(price: np.ndarray, prices: np.ndarray, powers: np.ndarray) -> np.ndarray:
    return np.array([np.interp(p, prices, row) for p, row in zip(price, powers, strict=True)])


def synthesize(path: Path, size: Size = Size()) -> Path:
    """Write a run directory at `path` and return it."""
    street = Street(size)
    (path / "tables").mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect()
    tables = {**_registry(street), **_results(street)}
    for name, columns in tables.items():
        if name not in size.leave_out:
            _write(connection, path / "tables" / f"{name}.parquet", columns)
    (path / "run.json").write_text(json.dumps(_metadata(street), indent=1))
    (path / "scenario").mkdir(exist_ok=True)
    (path / "scenario" / "scenario.yaml").write_text(f"schema: 1\nname: {size.name}\n")
    return path


def _metadata(street: Street) -> dict:
    size = street.size
    digest = hashlib.sha256(repr(size).encode()).hexdigest()
    return {
        "schema": 1,
        "project_version": "0.1.0",
        "kernels": "native",
        "scenario": {"name": size.name, "description": "A street on three hot days in July.", "hash": digest},
        "seed": size.seed,
        "currency": size.currency,
        "timezone": "America/New_York",
        "start": street.start.isoformat(),
        "end": (street.start + timedelta(days=size.days)).isoformat(),
        "step_minutes": size.step_minutes,
        "steps": street.steps,
        "status": size.status,
        "sources": [
            {
                "name": "Made-up street",
                "licence": "CC0-1.0",
                "what": "Loads, sun and prices",
                "url": "https://example.org/street",
            }
        ],
    }


def _write(connection: duckdb.DuckDBPyConnection, file: Path, columns: dict) -> None:
    fields = {name: np.asarray(values) for name, values in columns.items()}
    connection.register("fields", fields)
    text = ", ".join(
        f'"{name}"::VARCHAR AS "{name}"' if values.dtype.kind in "UO" else f'"{name}"'
        for name, values in fields.items()
    )
    connection.execute(f"COPY (SELECT {text} FROM fields) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
    connection.unregister("fields")


def _stack(parts: list[dict]) -> dict:
    return {name: np.concatenate([np.asarray(part[name]) for part in parts]) for name in parts[0]}


def _registry(street: Street) -> dict[str, dict]:
    size, homes = street.size, street.homes
    feeders = street.feeders
    parents = np.concatenate([[""], np.full(len(feeders), "substation"), feeders[street.feeder_of]])
    limit = round(2.0 * 15 * min(1, size.homes / 15))
    nodes = {
        "node": np.concatenate([["substation"], feeders, homes]),
        "parent": np.ma.masked_equal(parents, "").filled(""),
        "kind": np.array(["root"] + ["feeder"] * len(feeders) + ["home"] * len(homes)),
        "import_limit_kw": np.concatenate([[np.nan], np.full(len(feeders), limit), np.full(len(homes), 12.0)]),
        "export_limit_kw": np.concatenate([[np.nan], np.full(len(feeders), limit), np.full(len(homes), 10.0)]),
        "full_load_loss": np.concatenate([[0.0], np.full(len(feeders), LOSS), np.zeros(len(homes))]),
    }
    customers = {
        "customer": homes,
        "node": homes,
        "tariff": np.where(np.arange(len(homes)) % 3 == 0, "tou", "flat"),
        "comfort": np.round(street.random.uniform(0.2, 0.9, len(homes)), 2),
    }
    parameters = {
        "battery": lambda i: {"energy_kwh": round(10 * street.size_of["battery"][i], 2)},
        "ev": lambda i: {"energy_kwh": 60.0},
        "house": lambda i: {"mode": "cooling", "tolerance_k": 1.5},
    }
    assets: dict[str, list] = {"asset": [], "customer": [], "node": [], "kind": [], "parameters": []}
    for kind in size.kinds:
        for i in _owners(street, kind):
            text = json.dumps(parameters.get(kind, lambda i: {})(i))
            for name, value in zip(assets, (f"{homes[i]}/{kind}", homes[i], homes[i], kind, text), strict=True):
                assets[name].append(value)
    for name, value in zip(assets, ("utility", "utility", "substation", "supplier", "{}"), strict=True):
        assets[name].append(value)
    return {"nodes": nodes, "customers": customers, "assets": assets}


def _owners(street: Street, kind: str) -> np.ndarray:
    if kind in street.size_of:
        return np.flatnonzero(street.size_of[kind])
    return np.flatnonzero(street.pv.any(1)) if kind == "pv" else np.arange(street.size.homes)


def _results(street: Street) -> dict[str, dict]:
    cases = {case: _case(street, case) for case in ("market", "no_market")}
    tables: dict[str, dict] = {
        name: _stack([cases[case][name] for case in cases])
        for name in ("flows", "powers", "states", "supply", "ledger", "bills", "comfort", "kpis")
    }
    tables["prices"] = cases["market"]["prices"]
    tables["curves"] = _curves(street)
    tables["forward_prices"] = _forward(street)
    central = 14 + 3 * street.load.sum(0) / street.size.homes
    gap = np.abs(street.random.normal(0.004, 0.002, street.steps))
    tables["welfare"] = {"start": street.starts, "market": central - gap, "central": central}
    return tables


def _forward(street: Street) -> dict:
    per_hour = 60 // street.size.step_minutes
    starts = street.starts[::per_hour]
    mean = street.price.reshape(-1, per_hour).mean(1)
    return {
        "series": np.full(len(starts), "day-ahead"),
        "issued_at": starts - np.timedelta64(1, "D"),
        "start": starts,
        "node": np.full(len(starts), "substation"),
        "price": mean + street.random.normal(0, 0.006, len(mean)),
    }


def _case(street: Street, case: str) -> dict[str, dict]:
    powers = street.powers(case)
    net = sum(powers.values())
    feeder_kw = np.stack([-net[street.feeder_of == k].sum(0) for k in range(len(street.feeders))])
    limit = round(2.0 * 15 * min(1, street.size.homes / 15))
    loss = LOSS * np.abs(feeder_kw) * np.abs(feeder_kw) / limit
    sent = np.where(feeder_kw > 0, feeder_kw + loss, feeder_kw)
    received = np.where(feeder_kw > 0, feeder_kw, feeder_kw + loss)
    supplier = np.where(feeder_kw > 0, sent, received).sum(0)
    congested = feeder_kw > 0.85 * limit
    marginal = street.price * (1 + 2 * LOSS * np.clip(feeder_kw, 0, None) / limit) + congested * 0.03
    return {
        "prices": _prices(street, marginal, congested),
        "flows": _flows(street, case, (sent, received), (supplier, -net)),
        "powers": _powers(street, case, powers, supplier),
        "states": _states(street, case, powers),
        **_money(street, case, net, (marginal, supplier, loss)),
    }


def _long(street: Street, case: str, names: np.ndarray, **columns: np.ndarray) -> dict:
    count = len(names) * street.steps
    long = {"case": np.full(count, case), "start": np.repeat(street.starts, len(names))}
    long["name"] = np.tile(names, street.steps)
    return long | {name: np.ascontiguousarray(values.T).ravel() for name, values in columns.items()}


def _renamed(table: dict, name: str) -> dict:
    return {(name if key == "name" else key): value for key, value in table.items()}


def _prices(street: Street, marginal: np.ndarray, congested: np.ndarray) -> dict:
    names = np.concatenate([["substation"], street.feeders, street.homes])
    price = np.concatenate([street.price[None], marginal, marginal[street.feeder_of]])
    full = np.concatenate(
        [np.zeros((1, street.steps), bool), congested, np.zeros((street.size.homes, street.steps), bool)]
    )
    table = _renamed(_long(street, "market", names, price=price, congested=full), "node")
    return table | {"outcome": np.full(len(table["node"]), "balanced"), "unserved_kw": np.zeros(len(table["node"]))}


def _flows(street: Street, case: str, feeder: tuple, ends: tuple) -> dict:
    (sent, received), (supplier, home) = feeder, ends
    names = np.concatenate([["substation"], street.feeders, street.homes])
    sent_kw = np.concatenate([supplier[None], sent, home])
    received_kw = np.concatenate([supplier[None], received, home])
    columns = {"sent_kw": sent_kw, "received_kw": received_kw}
    return _renamed(_long(street, case, names, **columns, **{f"metered_{k}": v for k, v in columns.items()}), "node")


def _powers(street: Street, case: str, powers: dict, supplier: np.ndarray) -> dict:
    names, rows = [], []
    for kind, power in powers.items():
        for i in _owners(street, kind):
            names.append(f"{street.homes[i]}/{kind}")
            rows.append(power[i])
    stacked = np.stack([*rows, supplier])
    return _renamed(
        _long(street, case, np.array([*names, "utility"]), scheduled_kw=stacked, metered_kw=stacked), "asset"
    )


def _states(street: Street, case: str, powers: dict) -> dict:
    parts = []
    desired = np.where((street.hour > 8) & (street.hour < 16), 25.0, 23.0)
    for kind, capacity in (("battery", 10.0), ("ev", 60.0)):
        owners = _owners(street, kind) if kind in powers else []
        for i in owners:
            size = capacity * (street.size_of[kind][i] if kind == "battery" else 1)
            drift = -np.cumsum(powers[kind][i]) * street.hours
            stored = size * (0.5 + 0.42 * np.sin((drift - drift.mean()) / size * 2))
            parts.append((f"{street.homes[i]}/{kind}", "stored_kwh", stored))
    for i in _owners(street, "house") if "house" in powers else []:
        swing = 0.9 if case == "market" else 0.5
        indoor = desired + swing * np.sin((street.hour - 12) / 24 * 2 * np.pi) * street.size_of["house"][i]
        indoor = indoor + street.random.normal(0, 0.25, street.steps)
        parts += [
            (f"{street.homes[i]}/house", "indoor_c", indoor),
            (f"{street.homes[i]}/house", "desired_c", desired),
        ]
    if not parts:
        parts = [("home-01/load", "none", np.zeros(street.steps))]
    assets, names, values = zip(*parts, strict=True)
    table = _renamed(_long(street, case, np.array(assets), value=np.stack(values)), "asset")
    return table | {"name": np.tile(np.array(names), street.steps)}


def _money(street: Street, case: str, net: np.ndarray, grid: tuple) -> dict:
    marginal, supplier, loss = grid
    homes, energy = street.homes, net * street.hours
    price = marginal[street.feeder_of] if case == "market" else np.full_like(net, 0.16)
    amount = np.rint(energy * price * 1e6).astype(np.int64)
    paid = -amount.sum(0)
    cost = np.rint(supplier * street.hours * (street.wholesale + street.slope * supplier / 2) * 1e6).astype(np.int64)
    revenue = np.rint(supplier * street.hours * (street.price if case == "market" else 0.15) * 1e6).astype(np.int64)
    owner = np.rint((paid - revenue) * 0.999999).astype(np.int64)
    accounts = np.concatenate([homes, ["supplier", "distribution_owner", "rounding"]])
    lossy = -loss.sum(0) * street.hours
    amounts = np.concatenate([amount, revenue[None], owner[None], (paid - revenue - owner)[None]])
    energies = np.concatenate([energy, (supplier * street.hours)[None], lossy[None], np.zeros((1, street.steps))])
    ledger = _renamed(_long(street, case, accounts, energy_kwh=energies, amount_micro=amounts), "account")
    ledger["node"] = np.full(len(ledger["account"]), "substation")
    fixed = np.full(len(homes), round(0.3e6 * street.size.days))
    energy_micro = -amount.sum(1)
    imported, exported = np.clip(-energy, 0, None), np.clip(energy, 0, None)
    bills = {
        "case": np.full(len(homes), case),
        "customer": homes,
        "import_kwh": imported.sum(1),
        "export_kwh": exported.sum(1),
        "energy_micro": energy_micro,
        "fixed_micro": fixed,
        "total_micro": energy_micro + fixed,
    }
    outside = street.random.uniform(0, 4 if case == "market" else 2, len(homes))
    comfort = {
        "case": np.full(len(homes), case),
        "customer": homes,
        "degree_hours_outside": outside,
        "mean_deviation_c": street.random.uniform(0.2, 0.6, len(homes)),
        "ev_unmet_kwh": np.where(street.random.random(len(homes)) < 0.1, 1.5, 0.0) * (case == "market"),
        "cold_water_kwh": np.zeros(len(homes)),
        "hours": np.full(len(homes), street.steps * street.hours),
    }
    pv_kwh = street.pv.sum() * street.hours if "pv" in street.size.kinds else 0.0
    exported_kwh = np.clip(-supplier, 0, None).sum() * street.hours
    imported_kwh = np.clip(supplier, 0, None).sum() * street.hours
    unit = street.size.currency
    figures = [
        ("peak_import_kw", supplier.max(), "kW"),
        ("peak_export_kw", max(0.0, -supplier.min()), "kW"),
        ("energy_import_kwh", imported_kwh, "kWh"),
        ("energy_export_kwh", exported_kwh, "kWh"),
        ("supply_cost", cost.sum() / 1e6, unit),
        ("self_consumption", 1 - exported_kwh / pv_kwh if pv_kwh else np.nan, "share"),
        ("self_sufficiency", 1 - imported_kwh / (-net).clip(0).sum() / street.hours, "share"),
        ("bills_total", bills["total_micro"].sum() / 1e6, unit),
        ("losses_kwh", loss.sum() * street.hours, "kWh"),
        ("unserved_kwh", 0.0, "kWh"),
        ("overload_hours", (np.abs(supplier) > 2.0 * street.size.homes).sum() * street.hours, "h"),
        ("degree_hours_outside", outside.sum(), "K h"),
        ("energy_residual_kw", 3.6e-12, "kW"),
        ("money_residual_micro", 0.0, "micro"),
    ]
    names, values, units = zip(*figures, strict=True)
    kpis = {"case": np.full(len(names), case), "name": names, "value": np.array(values), "unit": units}
    per_hour = cost / street.hours / 1e6
    supply = {"case": [case] * street.steps, "start": street.starts, "power_kw": supplier, "cost": per_hour}
    return {"supply": supply, "ledger": ledger, "bills": bills, "comfort": comfort, "kpis": kpis}


def _curves(street: Street) -> dict:
    rows: dict[str, list] = {name: [] for name in ("start", "node", "side", "kind", "vertex", "price", "power_kw")}

    def add(t: int, key: tuple[str, str], prices: np.ndarray, powers: np.ndarray) -> None:
        side, kind = key
        for vertex, (price, power) in enumerate(zip(prices, powers, strict=True)):
            values = (street.starts[t], "substation", side, kind, vertex, float(price), float(power))
            for name, value in zip(rows, values, strict=True):
                rows[name].append(value)

    flexible = {kind: shape for kind, shape in street.shapes().items() if kind in street.size.kinds}
    load, pv = street.load.sum(0), street.pv.sum(0)
    top = 6.0 * street.size.homes
    for t in range(street.steps):
        first = street.wholesale[t]
        add(t, ("supply", "supplier"), [first, first + street.slope * top, 2.0, 2.0], [0, top, top, UNLIMITED_KW])
        add(t, ("demand", "load"), [0.0], [-load[t]])
        if "pv" in street.size.kinds:
            add(t, ("supply", "pv"), [0.0, 0.0], [0.0, pv[t]])
        for kind, (prices, powers) in flexible.items():
            summed = street.size_of[kind].sum() * powers[t]
            for side, half in (("supply", np.clip(summed, 0, None)), ("demand", np.clip(summed, None, 0))):
                if half.any():
                    add(t, (side, kind), prices, half)
    return {name: np.array(values) for name, values in rows.items()}
