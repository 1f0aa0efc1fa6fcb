// Two labels: one whose figures do not tremble, one that shortens its text instead of widening its panel. They change
// many times a second and paint the panel's colour themselves, so that nothing below them is painted again.
//
// Owner:  the parent widget.
// Thread: GUI thread.
#pragma once

#include <QWidget>

namespace longtake {

// A running figure (timecode, counter) with digits of equal width.
class FigureLabel final : public QWidget {
    Q_OBJECT

public:
    explicit FigureLabel(QWidget* parent = nullptr);
    void setText(const QString& text);
    const QString& text() const { return text_; }
    // Keeps room for this text, so that neighbours stay where they are.
    void setWidest(const QString& text);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString text_;
    QString widest_;
};

enum class Tone { Plain, Dim, Caution, Alarm, Good };

// One line of text, cut with an ellipsis where it does not fit; the whole text is then the tooltip.
class ElidedLabel final : public QWidget {
    Q_OBJECT

public:
    explicit ElidedLabel(QWidget* parent = nullptr, Tone tone = Tone::Plain, Qt::Alignment alignment = Qt::AlignLeft);
    void setText(const QString& text, Tone tone);
    void setText(const QString& text) { setText(text, tone_); }
    const QString& text() const { return text_; }
    Tone tone() const { return tone_; }
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

private:
    QString text_;
    int askedWidth_ = 0;  // of the layout
    Tone tone_;
    Qt::Alignment alignment_;
};

}  // namespace longtake
