"""Arrays that are given as text are the same for the server as those of the driver."""

from app.models.database.engine import Database
from app.models.statements import integers, text, texts

TEXTS = ["", "/A/B/DQM", 'say "it"', "back\\slash", "{a,b}", "NULL", "null", " é ", "it's", "\n"]


def test_that_arrays_as_text_arrive_whole(database: Database):
    numbers = [3, -1, 2**31 - 1]
    asked = text("SELECT CAST(:numbers AS int[]), CAST(:texts AS text[])")
    with database.read() as connection:
        for given in ((numbers, TEXTS), ([], [])):
            values = {"numbers": integers(given[0]), "texts": texts(given[1])}
            assert tuple(connection.execute(asked, values).one()) == given
