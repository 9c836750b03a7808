"""Passwords and secrets in the system keyring: asked in a thread, because a keyring may hang."""

import threading
from collections.abc import Callable
from types import ModuleType

from msgspec import Struct

from app.domain.errors import Refused
from app.domain.masking import keep_secret

_ANSWER_S = 15.0


class SystemKeyring(Struct, frozen=True):
    """What the keyring keeps for one service. Every method raises Refused when it can't be used."""

    service: str

    def read(self, name: str) -> str | None:
        """The secret of a name; from then on no text of the program shows it."""
        found = _asked(lambda keyring: keyring.get_password(self.service, name))
        keep_secret(found)
        return found

    def keep(self, name: str, secret: str) -> None:
        """Keeps a secret instead of the one before."""
        keep_secret(secret)

        def kept(keyring: ModuleType) -> str | None:
            keyring.set_password(self.service, name, secret)
            found: str | None = keyring.get_password(self.service, name)
            return found

        # One that is switched off takes everything without a word.
        if _asked(kept) != secret:
            raise Refused("The system keyring keeps nothing: it is switched off on this machine.")

    def forget(self, name: str) -> None:
        """Forgets the secret of a name, if there is one."""
        if self.read(name) is not None:
            _asked(lambda keyring: keyring.delete_password(self.service, name))


def _asked(question: Callable[[ModuleType], str | None]) -> str | None:
    asking = _Question(question)
    asking.start()
    asking.join(_ANSWER_S)
    if asking.problem:
        raise Refused(f"The system keyring can't be asked ({asking.problem}).")
    return asking.answer


class _Question(threading.Thread):
    """Asks in a thread of its own: a keyring that hangs keeps nobody from starting."""

    def __init__(self, question: Callable[[ModuleType], str | None]) -> None:
        super().__init__(name="keyring", daemon=True)
        self._question = question
        self.answer: str | None = None
        self.problem = f"it has answered nothing for {_ANSWER_S:.0f} s"

    def run(self) -> None:
        try:
            # Loaded by those who have a secret, not at each start.
            import keyring

            self.answer = self._question(keyring)
            self.problem = ""
        except BaseException as error:  # noqa: BLE001 - each kind of keyring fails in its own way
            kind = type(error).__name__
            # Whose own words tell developers which packages to install.
            none = kind == "NoKeyringError"
            said = f"{kind}: {error}" if str(error) else kind
            self.problem = "this machine has none" if none else said
