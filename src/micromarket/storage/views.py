"""What follows from the tables of a store by a query: declared once for every database, never written to.

Source: Transactive Network Template v4 (PNNL, 2024), section 2.2.3 (total generation, demand, production and dual
cost of a market) and figure A.11 (vertices).
"""

from __future__ import annotations

from micromarket.storage.schema import FACT, INTERVAL, MARKET, NEIGHBOR, NODE, Column, Kind, Table

VIEWS = (
    Table(
        "vertex",
        "The vertices of the curve that a node last sent to, or took from, each neighbor in a market.",
        (
            *INTERVAL,
            NEIGHBOR,
            Column("direction", Kind.TEXT, "sent or received"),
            Column("vertex", Kind.INTEGER, "place along the curve, from 0"),
            Column("marginal_price", Kind.REAL, "price", "currency/kWh"),
            Column("power_kw", Kind.REAL, "power toward the receiver, at the sending end", "kW"),
            FACT,
        ),
        6,
        query="""
        WITH newest AS (
            SELECT node, market, neighbor, direction, max(fact) AS fact FROM transactive_record
            WHERE direction = 'sent' OR status = 'taken' GROUP BY node, market, neighbor, direction
        ), sizes AS (
            SELECT node, fact, start_time, count(*) AS records FROM transactive_record GROUP BY node, fact, start_time
        )
        SELECT node, market, start_time, neighbor, direction,
            row_number() OVER (
                PARTITION BY node, fact, start_time ORDER BY CASE WHEN record = 2 THEN 1 ELSE 0 END, record
            ) - 1 AS vertex,
            marginal_price, power_kw, fact
        FROM transactive_record JOIN newest USING (node, market, neighbor, direction, fact)
            JOIN sizes USING (node, fact, start_time)
        WHERE record > 0 OR records = 1
        """,
    ),
    Table(
        "market_total",
        "What the local assets of a node gave, took, cost and gained in a market, as last settled.",
        (
            NODE,
            MARKET,
            Column("generation_kwh", Kind.REAL, "what assets gave", "kWh"),
            Column("demand_kwh", Kind.REAL, "what assets took", "kWh"),
            Column(
                "production_cost",
                Kind.REAL,
                "cost of what was given, less the worth of what was taken",
                "currency",
            ),
            Column(
                "dual_cost",
                Kind.REAL,
                "production cost less income; the lower, the better off the assets",
                "currency",
            ),
        ),
        2,
        query="""
        WITH asset AS (
            SELECT node, market, start_time, source, duration_s / 3600.0 AS hours,
                sum(CASE WHEN measurement_type = 'average_power' THEN value ELSE 0 END) AS power_kw,
                sum(CASE WHEN measurement_type = 'production_cost' THEN value ELSE 0 END) AS cost
            FROM interval_value JOIN time_interval USING (node, market, start_time)
            WHERE source_type = 'local_asset' GROUP BY node, market, start_time, source, duration_s
        ), price AS (
            SELECT node, market, start_time, value AS price FROM interval_value
            WHERE measurement_type = 'marginal_price'
        )
        SELECT node, market,
            sum(CASE WHEN power_kw > 0 THEN power_kw * hours ELSE 0 END) AS generation_kwh,
            sum(CASE WHEN power_kw < 0 THEN -power_kw * hours ELSE 0 END) AS demand_kwh,
            sum(cost) AS production_cost, sum(cost - price * power_kw * hours) AS dual_cost
        FROM asset JOIN price USING (node, market, start_time) GROUP BY node, market
        """,
    ),
)
