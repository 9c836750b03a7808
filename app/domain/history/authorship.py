"""Who a version speaks for, and who really wrote it."""

OF_OWNER = ", agent of "
"""Between the login of an agent and the owner of the agent."""


def attributed(author: str, writer: str) -> str:
    """`person@cern.ch, written by the login webservice`; the author alone without a writer.

    `writer` is the login that a guarded database recorded where it isn't the author's own; that of
    an agent is followed by its owner.
    """
    return f"{author}, written by the login {writer}" if writer else author


def writer_fields(writer: str) -> dict[str, str]:
    """What a document says of a writer: nothing, the login, or the login and the agent's owner."""
    if not writer:
        return {}
    login, _, owner = writer.partition(OF_OWNER)
    return {"written_by_login": login, **({"agent_of": owner} if owner else {})}
