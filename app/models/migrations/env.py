"""Runs the migrations on the connection, and in the transaction, of whoever calls Alembic."""

from alembic import context

from app.models.database.desk import SCHEMA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    version_table_schema=SCHEMA,
)
context.run_migrations()
