"""Colours of the text of a rule: operators, variables, values."""

from PySide6.QtGui import QSyntaxHighlighter, QTextCharFormat, QTextDocument

from app.domain.json_logic.operators import OPERATORS
from app.domain.rules.text import tokens_of
from app.views.looks.theme import Theme


class RuleHighlighter(QSyntaxHighlighter):
    """Colours each line by itself: no token of a rule goes over several lines."""

    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        super().__init__(document)
        self._formats: dict[str, QTextCharFormat] = {}
        self.show_theme(theme)

    def show_theme(self, theme: Theme) -> None:
        """Takes the colours of another theme."""
        tokens = {
            "operator": "accent",
            "unknown": "danger",
            "text": "success",
            "value": "warning",
            "variable": "text",
            "other": "muted",
        }
        for name, token in tokens.items():
            format_ = QTextCharFormat()
            format_.setForeground(theme.colour(token))
            self._formats[name] = format_
        self.rehighlight()

    def highlightBlock(self, text: str) -> None:
        tokens = tokens_of(text)
        behind_var = False
        for position, token in enumerate(tokens):
            following = tokens[position + 1].text if position + 1 < len(tokens) else ""
            if token.is_string and following == ":":
                kind = "operator" if token.string in OPERATORS else "unknown"
                behind_var = token.string == "var"
            elif token.is_string:
                kind = "variable" if behind_var else "text"
                behind_var = False
            elif token.text in ("{", "}", "[", "]", ",", ":"):
                kind = "other"
            else:
                kind = "value"
            self.setFormat(token.start, token.end - token.start, self._formats[kind])
