"""Who a version speaks for, and who really wrote it."""


def attributed(author: str, writer: str) -> str:
    """`person@cern.ch, written by the login webservice`; the author alone without a writer.

    `writer` is the login that a guarded database recorded where it isn't the author's own.
    """
    return f"{author}, written by the login {writer}" if writer else author
