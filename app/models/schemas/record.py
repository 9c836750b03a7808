"""What only we keep, in schema `record`: agents, proposals, cycles, provenance, checks of
lists, wishes, publications, notes, what was verified, what is frozen; only appended to.

It can't be derived from anything, so it is backed up with the shared tables and never dropped.
Without the privilege to create it the program works too, with less to show.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from app.models.schemas.own_schema import OwnSchema

SCHEMA = "record"

metadata = sa.MetaData(schema=SCHEMA)

_time = TIMESTAMP(timezone=True)


def _at(name: str = "at") -> sa.Column[object]:
    return sa.Column(name, _time, nullable=False, server_default=sa.func.now())


agent = sa.Table(
    "agent",
    metadata,
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("columns", JSONB, nullable=False),
    _at("registered"),
)
agent_retirement = sa.Table(
    "agent_retirement",
    metadata,
    sa.Column("agent", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("by", sa.Text),
    _at(),
)
proposal = sa.Table(
    "proposal",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("agent", sa.Integer, nullable=False),
    sa.Column("run_number", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("column", sa.Text, nullable=False),
    sa.Column("ranges", JSONB, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    _at("proposed"),
)
proposal_decision = sa.Table(
    "proposal_decision",
    metadata,
    sa.Column("proposal", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("by", sa.Text),
    _at(),
    sa.Column("version", sa.Integer),
    sa.Column("reason", sa.Text),
)
cycle_history = sa.Table(
    "cycle_history",
    metadata,
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("id_cycle", sa.Integer, nullable=False),
    _at(),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("details", JSONB, nullable=False),
)
generated_json_provenance = sa.Table(
    "generated_json_provenance",
    metadata,
    sa.Column("generated_json_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("program_version", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("datasets", JSONB, nullable=False),
    sa.Column("by", sa.Text),
    _at(),
)

wish = sa.Table(
    "wish",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("arguments", JSONB, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    _at(),
)
wish_outcome = sa.Table(
    "wish_outcome",
    metadata,
    sa.Column("wish", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("by", sa.Text),
    _at(),
)

golden_json_check = sa.Table(
    "golden_json_check",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("generated_json_id", sa.Integer, nullable=False),
    sa.Column("equal", sa.Boolean, nullable=False),
    sa.Column("differing", sa.Text, nullable=False),
    sa.Column("program_version", sa.Text, nullable=False),
    sa.Column("by", sa.Text),
    _at(),
)

publication = sa.Table(
    "publication",
    metadata,
    sa.Column("generated_json_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("era", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("parent", sa.Integer),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("by", sa.Text),
    _at(),
    sa.UniqueConstraint("era", "kind", "number"),
)

note = sa.Table(
    "note",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("about", sa.BigInteger),
    sa.Column("run_number", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("ranges", JSONB, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    _at(),
)

verification = sa.Table(
    "verification",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("run_number", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("workspace", sa.Text, nullable=False),
    sa.Column("verified", sa.Boolean, nullable=False),
    sa.Column("event", sa.Integer, nullable=False, server_default="0"),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    _at(),
)
cycle_freeze = sa.Table(
    "cycle_freeze",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("id_cycle", sa.Integer, nullable=False),
    sa.Column("frozen", sa.Boolean, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    _at(),
)

OWN = OwnSchema(
    SCHEMA,
    metadata,
    {table.name: "SELECT, INSERT" for table in metadata.sorted_tables},
    # People write wishes and notes, publish and freeze; pullers say what became of wishes, and
    # which lists are as the events say.
    notes=frozenset(
        {"wish", "wish_outcome", "golden_json_check", "publication", "note", "cycle_freeze"}
    ),
)
