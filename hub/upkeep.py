"""What PostgreSQL knows of tables that grow. Its own autovacuum looks once a minute, and a burst fills empty tables in
seconds: a plan made for an empty table reads it whole, for every batch, for as long as nobody counts it anew.
"""

from __future__ import annotations

from sqlalchemy import Engine, text

FEW = 500  # rows that are always read quickly
# As often as a table's half is new, so that counting a large one costs little of what filling it cost.
_GROWN = text("""
    SELECT s.relid::regclass::text, s.n_dead_tup > s.n_live_tup + :few
    FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
    WHERE s.schemaname = current_schema() AND s.n_mod_since_analyze > :few + s.n_live_tup / 2
      AND pg_has_role(c.relowner, 'USAGE')
    ORDER BY s.relid
""")


def refresh(engine: Engine) -> list[str]:
    """Counts the tables that have grown, and clears those of which most is dead; their names. On SQLite nothing: there
    a plan never follows the sizes."""
    if engine.dialect.name != "postgresql":
        return []
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        grown = connection.execute(_GROWN, {"few": FEW}).all()
        for table, mostly_dead in grown:
            # Where another process is at it already there is nothing to be done.
            what = "VACUUM (ANALYZE, SKIP_LOCKED)" if mostly_dead else "ANALYZE (SKIP_LOCKED)"
            connection.exec_driver_sql(f"{what} {table}")
    return [table for table, _ in grown]
