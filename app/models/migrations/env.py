"""Runs the migrations on the connection, and in the transaction, of whoever calls Alembic."""

from alembic import context

from app.models.schemas.own_schema import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    version_table_schema=context.config.attributes["schema"],
)
context.run_migrations()
