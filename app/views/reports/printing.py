"""Reports as Qt's documents, with their plots as drawings, not pixels; and printed as PDF."""

from collections.abc import Sequence

from PySide6.QtCore import (
    QBuffer,
    QByteArray,
    QIODevice,
    QMarginsF,
    QPointF,
    QRect,
    QRectF,
    QSizeF,
    Qt,
)
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QFont,
    QGuiApplication,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QPyTextObject,
    QTextDocument,
    QTextFormat,
    QTextOption,
)
from PySide6.QtSvg import QSvgRenderer

from app.domain.reports import svg
from app.domain.reports.document import Report
from app.services.reports import page

SCHEME = "plot:"
_DPI = 300
_MARGIN_MM = 15
_FOOT = 30.0
"""Height of the line below each page, in pixels of the document."""
_POINTS = 8
_SMALL_PX = 10
_PRINTED = {
    "text": "#1a1e23",
    "muted": "#505a66",
    "line": "#c3cad2",
    "warning": "#785000",
    "head": "#eef1f4",
}
_STYLE = """
body {{ color: {text}; }}
h1 {{ font-size: 16pt; margin-bottom: 6px; }}
h2 {{ font-size: 13pt; margin-top: 18px; margin-bottom: 4px; }}
h3 {{ font-size: 11pt; margin-top: 12px; margin-bottom: 4px; }}
p {{ margin-top: 4px; margin-bottom: 4px; }}
.muted, .hint {{ color: {muted}; }}
.warning {{ color: {warning}; font-weight: 600; }}
.listing {{ font-family: monospace; font-size: 7pt; }}
.figures th {{ color: {muted}; border-bottom: 1px solid {line}; background-color: {head}; }}
.figures td {{ border-bottom: 1px solid {line}; }}
"""


class Drawings(QPyTextObject):
    """Draws the pictures of a document that are plots of its report."""

    def __init__(self, report: Report, colours: dict[str, str], parent: QTextDocument) -> None:
        super().__init__(parent)
        self._drawn: dict[str, QSvgRenderer] = {}
        for at, plot in enumerate(report.plots):
            drawing = svg.svg(plot)
            for printed, shown in colours.items():
                drawing = drawing.replace(printed, shown)
            self._drawn[f"{SCHEME}{at}"] = QSvgRenderer(QByteArray(drawing.encode()), self)

    def intrinsicSize(
        self, document: QTextDocument, _position: int, format_: QTextFormat
    ) -> QSizeF:
        picture = format_.toImageFormat()
        wide = min(picture.width(), document.pageSize().width() - 2 * document.documentMargin())
        return QSizeF(wide, wide * svg.HEIGHT / svg.WIDTH)

    def drawObject(
        self,
        painter: QPainter,
        rect: QRectF | QRect,
        _document: QTextDocument,
        _position: int,
        format_: QTextFormat,
    ) -> None:
        drawing = self._drawn.get(format_.toImageFormat().name())
        if drawing is not None:
            drawing.render(painter, QRectF(rect))


def colours_of_drawings(text: str, line: str, series: Sequence[str]) -> dict[str, str]:
    """What replaces the colours of drawings on another ground."""
    return {svg.TEXT: text, svg.LINE: line, **dict(zip(svg.COLOURS, series, strict=True))}


def document_of(
    report: Report,
    font: QFont,
    colours: dict[str, str] = _PRINTED,
    drawn: dict[str, str] | None = None,
) -> QTextDocument:
    """The report as a document; `drawn` replaces colours of the drawings."""
    document = QTextDocument()
    document.setDefaultFont(font)
    document.setDocumentMargin(0)
    option = document.defaultTextOption()
    option.setWrapMode(QTextOption.WrapMode.WordWrap)
    document.setDefaultTextOption(option)
    document.setDefaultStyleSheet(_STYLE.format(**colours))
    drawings = Drawings(report, drawn or {}, document)
    document.documentLayout().registerHandler(QTextFormat.ObjectTypes.ImageObject.value, drawings)
    document.setHtml(page.markup_of(report))
    return document


def pdf_of(report: Report) -> bytes:
    """The report on pages of A4, each with its number and what the report was made from."""
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(report.title)
    writer.setCreator("Run Registry Desktop")
    writer.setResolution(_DPI)
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    writer.setPageLayout(
        QPageLayout(
            QPageSize(QPageSize.PageSizeId.A4),
            QPageLayout.Orientation.Portrait,
            margins,
            QPageLayout.Unit.Millimeter,
        )
    )
    font = QFont(QGuiApplication.font())
    font.setPointSize(_POINTS)
    document = document_of(report, font)
    small = QFont(font)
    small.setPixelSize(_SMALL_PX)
    painter = QPainter(writer)
    # A document counts in the pixels of a screen.
    scale = _DPI / 96.0
    painter.scale(scale, scale)
    wide, high = writer.width() / scale, writer.height() / scale - _FOOT
    document.setPageSize(QSizeF(wide, high))
    layout = document.documentLayout()
    last = document.pageCount()
    for number in range(last):
        if number:
            writer.newPage()
        painter.save()
        painter.translate(0, -number * high)
        context = QAbstractTextDocumentLayout.PaintContext()
        context.clip = QRectF(0, number * high, wide, high)
        painter.setClipRect(context.clip)
        layout.draw(painter, context)
        painter.restore()
        painter.setFont(small)
        foot = QRectF(QPointF(0, high + _FOOT / 3), QSizeF(wide, _FOOT * 2 / 3))
        side = Qt.AlignmentFlag
        painter.drawText(foot, side.AlignLeft | side.AlignVCenter, report.basis[0][1])
        painter.drawText(foot, side.AlignRight | side.AlignVCenter, f"{number + 1} of {last}")
    painter.end()
    buffer.close()
    return bytes(content.data())


def without_window(report: Report) -> bytes:
    """The same for a program that has no window."""
    if QGuiApplication.instance() is None:
        application = QGuiApplication(["run-registry", "-platform", "offscreen"])
        try:
            return pdf_of(report)
        finally:
            application.shutdown()
    return pdf_of(report)
