"""A schema of ours beside the shared one: made, upgraded, and shared with who appends events."""

import logging
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from app.domain.errors import Refused
from app.models.schemas.shared_schema import CREATION_LOCK

logger = logging.getLogger(__name__)

VERSION_TABLE = "alembic_version"
_MIGRATIONS = Path(__file__).parents[1] / "migrations"

_MOST_NAMED = 4
"""Tables that are named to a person who may not read them."""


class Unused(Struct, frozen=True):
    """Why a schema isn't used, and who can change that; `hidden`: it is there, and what is in it
    isn't nothing."""

    why: str
    hidden: bool = False


NOT_LOOKED_FOR = Unused("nobody has looked for the schema yet.")


class OwnSchema(Struct, frozen=True):
    """A schema with its tables, and what who appends events may do with each of them."""

    name: str
    metadata: sa.MetaData
    privileges: Mapping[str, str]
    notes: frozenset[str] = frozenset()
    """Tables that some logins only read, without which the others are of use all the same."""

    def prepare(
        self, connection: Connection, *, upgrade: bool = True, reads_alone: bool = False
    ) -> bool:
        """Creates or upgrades the schema if the login may; returns whether it can be used.

        Without `upgrade` it is only looked at. A login that `reads_alone` needs no more here.

        Raises Refused when a newer program has already upgraded it.
        """
        if self.revision_of(connection) != self.newest():
            if not upgrade or not self._may_change(connection):
                logger.info("The schema %s isn't as needed and isn't made here", self.name)
                return False
            # Two clients that start at once: the second waits, and finds everything done.
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(CREATION_LOCK)))
            if self.revision_of(connection) != self.newest():
                self._upgrade(connection)
                self._share(connection)
        if not self._usable(connection, reads_alone=reads_alone):
            what = "read" if reads_alone else "write to"
            logger.info("This login may not %s the schema %s", what, self.name)
            return False
        return True

    def unused(self, connection: Connection) -> Unused:
        """What there is to say where `prepare` found the schema unusable."""
        who = "Who owns the tables of Run Registry, or an administrator of the database,"
        why = f"{self.why_not(connection)}. {who} can change that."
        return Unused(why, hidden=self._is_there(connection))

    def _is_there(self, connection: Connection) -> bool:
        found = connection.execute(sa.select(sa.func.to_regnamespace(self.name))).scalar()
        return found is not None

    def why_not(self, connection: Connection) -> str:
        """Why `prepare` found the schema unusable, for who looks after the database."""
        if not self._is_there(connection):
            return f"the schema {self.name} isn't there, and this login may not create it"
        may_look = sa.func.has_schema_privilege(self.name, "USAGE")
        if not connection.execute(sa.select(may_look)).scalar():
            return (
                f"this login may not look into the schema {self.name} (it needs USAGE on it, and"
                " SELECT on its tables)"
            )
        lacking = self._lacking(connection)
        unread = sorted(table for table, privilege in lacking if privilege == "SELECT")
        if unread:
            named = ", ".join(unread[:_MOST_NAMED])
            more = len(unread) - _MOST_NAMED
            rest = f" and {more} more tables of the schema" if more > 0 else ""
            return f"this login may not read {named}{rest} (it needs SELECT on them)"
        if self.revision_of(connection) != self.newest():
            return f"the schema {self.name} isn't up to date, and this login may not change it"
        return f"this login may not write to the tables of the schema {self.name}"

    def knows(self, revision: str) -> bool:
        """Whether this program or an older one made the revision."""
        return revision in self._known()

    def newest(self) -> str:
        """The revision that this program makes."""
        return self._known()[-1]

    def _known(self) -> list[str]:
        return sorted(
            path.name[:4] for path in (_MIGRATIONS / self.name / "versions").glob("[0-9]*.py")
        )

    def revision_of(self, connection: Connection) -> str | None:
        """The revision of the schema, None when it isn't there or can't be looked into."""
        visible = connection.execute(
            sa.text(
                "SELECT has_table_privilege(table_.oid, 'SELECT') AND"
                " has_schema_privilege(schema_.oid, 'USAGE')"
                " FROM pg_class AS table_ JOIN pg_namespace AS schema_"
                "  ON schema_.oid = relnamespace"
                " WHERE nspname = :schema AND relname = :table"
            ),
            {"schema": self.name, "table": VERSION_TABLE},
        ).scalar()
        if not visible:
            return None
        found = connection.execute(
            sa.text(f"SELECT version_num FROM {self.name}.{VERSION_TABLE}")
        ).scalar_one_or_none()
        if found is not None and not self.knows(found):
            raise Refused(
                f"The schema {self.name} of this database belongs to a newer version of this"
                f" program (its revision is {found}, this program knows up to {self.newest()})."
                " Update the program."
            )
        return None if found is None else str(found)

    def _may_change(self, connection: Connection) -> bool:
        """Whether the schema is missing and may be made, or is empty or ours and may be changed."""
        answer = connection.execute(
            sa.text(
                """
                SELECT CASE
                    WHEN schema_.oid IS NULL
                    THEN has_database_privilege(current_database(), 'CREATE')
                    ELSE has_schema_privilege(schema_.oid, 'CREATE')
                        AND NOT EXISTS (
                            SELECT FROM pg_class WHERE relnamespace = schema_.oid
                            AND relkind IN ('r', 'v', 'm', 'p', 'f')
                            AND (NOT pg_has_role(relowner, 'USAGE') OR NOT EXISTS (
                                SELECT FROM pg_class AS table_
                                WHERE table_.relnamespace = schema_.oid
                                    AND table_.relname = :table
                            ))
                        )
                    END
                FROM (VALUES (1)) AS one
                LEFT JOIN pg_namespace AS schema_ ON nspname = :schema
                """
            ),
            {"schema": self.name, "table": VERSION_TABLE},
        ).scalar()
        return bool(answer)

    def _upgrade(self, connection: Connection) -> None:
        # Alembic takes a tenth of a second to import, and is needed once per database.
        from alembic import command
        from alembic.config import Config

        config = Config()
        for option, folder in (
            ("script_location", _MIGRATIONS),
            ("version_locations", _MIGRATIONS / self.name / "versions"),
        ):
            config.set_main_option(option, str(folder).replace("%", "%%"))
        config.set_main_option("path_separator", "newline")
        config.attributes.update(connection=connection, schema=self.name)
        if connection.execute(sa.select(sa.func.to_regnamespace(self.name))).scalar() is None:
            # Not IF NOT EXISTS: that asks for the privilege even where nothing is to be done.
            connection.exec_driver_sql(f"CREATE SCHEMA {self.name}")
        command.upgrade(config, "head")

    def _share(self, connection: Connection) -> None:
        """Gives who may append events the privileges on the tables, and takes away all others."""
        grantees = connection.execute(
            sa.text(
                """
                SELECT DISTINCT CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE grantee::regrole::text END
                FROM pg_class, aclexplode(relacl)
                WHERE oid = to_regclass('"Event"') AND privilege_type = 'INSERT'
                  AND grantee <> relowner
                UNION
                SELECT relowner::regrole::text FROM pg_class WHERE oid = to_regclass('"Event"')
                """
            )
        ).scalars()
        # What was there before may be another's than what this login has made.
        owners = connection.execute(
            sa.text(
                "SELECT relname, relowner::regrole::text FROM pg_class"
                " WHERE relnamespace = to_regnamespace(:schema)"
            ),
            {"schema": self.name},
        ).all()
        for grantee in grantees:
            connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {self.name} TO {grantee}")
            for table, privileges in {**self.privileges, VERSION_TABLE: "SELECT"}.items():
                if (table, grantee) in owners:
                    continue
                full = f"{self.name}.{table}"
                connection.exec_driver_sql(f"REVOKE ALL ON {full} FROM {grantee}")
                connection.exec_driver_sql(f"GRANT {privileges} ON {full} TO {grantee}")

    def _usable(self, connection: Connection, *, reads_alone: bool) -> bool:
        lacking = self._lacking(connection)
        return not any(privilege == "SELECT" or not reads_alone for _, privilege in lacking)

    def _lacking(self, connection: Connection) -> list[tuple[str, str]]:
        """Privileges on our tables that the login needs to use them and hasn't, table by table."""
        wanted = [
            (f"{self.name}.{VERSION_TABLE}", "SELECT"),
            *(
                (f"{self.name}.{table}", privilege)
                for table, privileges in self.privileges.items()
                for privilege in (("SELECT",) if table in self.notes else privileges.split(", "))
            ),
        ]
        answer = connection.execute(
            sa.text(
                # A guard gives what a writer brings, which leaves out the numbers of rows.
                "SELECT name, privilege"
                " FROM unnest(CAST(:tables AS text[]), CAST(:privileges AS text[]))"
                "  AS wanted(name, privilege)"
                " WHERE NOT coalesce(CASE privilege"
                "  WHEN 'INSERT' THEN has_any_column_privilege(to_regclass(name), privilege)"
                "  ELSE has_table_privilege(to_regclass(name), privilege) END, true)"
            ),
            {
                "tables": [table for table, _ in wanted],
                "privileges": [privilege for _, privilege in wanted],
            },
        )
        return [(table, privilege) for table, privilege in answer]
