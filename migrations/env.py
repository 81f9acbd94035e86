"""Alembic's environment. The engine is handed in by `hub.database.migrate`; there is no alembic.ini to keep in step."""

from alembic import context

from hub.models import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
