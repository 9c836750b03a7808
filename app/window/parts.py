"""What every subject of the backend works with."""

from app.services.acting import Acting
from app.services.news import News


class Parts:
    """Who acts on what, and the news of it."""

    def __init__(self, acting: Acting, news: News) -> None:
        self._acting = self.acting = acting
        self._db, self._actor = acting.db, acting.actor
        self._news = news
