// BarPlot: a bar per layer with a second figure inside it, a tick for a third, and a budget line over all.
//
// The mouse or the arrow keys choose a bar; what it means is for the owner to say.
// Owner:  its parent widget. It copies what it shows.
// Thread: GUI thread.
#pragma once

#include <vector>

#include <QWidget>

namespace longtake {

class BarPlot final : public QWidget {
    Q_OBJECT

public:
    struct Bar {
        double outer = 0;  // height of the bar
        double inner = 0;  // height of the lighter part that starts at the bottom
        double tick = -1;  // a short line across; < 0 for none
    };

    explicit BarPlot(QWidget* parent = nullptr);

    void setBars(std::vector<Bar> bars);
    const std::vector<Bar>& bars() const { return bars_; }
    // 0 takes the line away. The vertical axis reaches a little over the larger of the budget and the bars.
    void setBudget(double budget);
    void setEmptyText(const QString& text);

    int current() const { return current_; }  // -1: none
    void setCurrent(int bar);
    QRectF barRect(int bar) const;

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

signals:
    void currentChanged(int bar);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    QRectF plotArea() const;
    double top() const;
    int barAt(double x) const;

    std::vector<Bar> bars_;
    double budget_ = 0;
    QString emptyText_;
    int current_ = -1;
};

}  // namespace longtake
