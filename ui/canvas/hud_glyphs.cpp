#include "ui/canvas/hud_glyphs.h"

#include <QFontMetricsF>
#include <QImage>
#include <QPainter>
#include <cmath>

#include "ui/canvas/hud_font.h"

namespace longtake {

std::set<char32_t> basicHudCharacters() {
    std::set<char32_t> characters;
    for (char32_t c = 0x20; c < 0x7f; ++c) characters.insert(c);
    for (char32_t c = 0xa0; c < 0x100; ++c) characters.insert(c);
    for (char32_t c : U"…–—‘’“”„−→≈") {
        if (c != 0) characters.insert(c);
    }
    return characters;
}

void addCharacters(std::set<char32_t>& characters, const std::string& utf8) {
    for (uint c : QString::fromStdString(utf8).toUcs4()) characters.insert(char32_t(c));
}

std::vector<HudGlyph> drawGlyphs(HudFont font, double scale, const std::set<char32_t>& characters) {
    QFont face = hudQFont(font, scale);
    QFontMetricsF metrics(face);
    std::vector<HudGlyph> glyphs;
    for (char32_t c : characters) {
        QString text = QString::fromUcs4(&c, 1);
        QRectF ink = metrics.boundingRect(text);
        HudGlyph glyph{.character = c, .advance = metrics.horizontalAdvance(text), .coverage = {}};
        glyph.left = int(std::floor(ink.left())) - 1;
        int above = int(std::floor(ink.top())) - 1;  // from the baseline
        glyph.top = int(std::round(metrics.ascent())) + above;
        glyph.width = int(std::ceil(ink.right())) + 1 - glyph.left;
        glyph.height = int(std::ceil(ink.bottom())) + 1 - above;
        if (ink.isEmpty() || glyph.width <= 0 || glyph.height <= 0) {
            glyph.width = glyph.height = 0;
            glyphs.push_back(std::move(glyph));
            continue;
        }
        QImage image(glyph.width, glyph.height, QImage::Format_ARGB32_Premultiplied);
        image.fill(Qt::transparent);
        QPainter painter(&image);
        painter.setFont(face);
        painter.setPen(Qt::white);
        painter.drawText(QPointF(-glyph.left, -above), text);
        painter.end();
        glyph.coverage.reserve(size_t(glyph.width) * size_t(glyph.height));
        for (int y = 0; y < glyph.height; ++y) {
            auto* row = reinterpret_cast<const QRgb*>(image.constScanLine(y));
            for (int x = 0; x < glyph.width; ++x) glyph.coverage.push_back(uint8_t(qAlpha(row[x])));
        }
        glyphs.push_back(std::move(glyph));
    }
    return glyphs;
}

}  // namespace longtake
