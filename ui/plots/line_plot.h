// LinePlot: one line over a row of values, from a 20-pixel sparkline to a spectrum with an axis.
//
// Owner:  its parent widget. It copies what it shows.
// Thread: GUI thread.
#pragma once

#include <optional>
#include <vector>

#include <QWidget>

#include "ui/plots/ink.h"

namespace longtake {

class LinePlot final : public QWidget {
    Q_OBJECT

public:
    enum class Scale { Linear, Logarithmic };

    explicit LinePlot(QWidget* parent = nullptr);

    void setInk(Ink ink);
    void setScale(Scale scale);
    // Without a fixed range the line fills the height between its least and greatest value.
    void setRange(double low, double high);
    void setAutomaticRange();
    // Said where the line would be while there are no values.
    void setEmptyText(const QString& text);

    // Values that are no finite numbers leave a gap.
    void setValues(std::vector<float> values);
    // A history: the newest value at the right end, the oldest dropped beyond `capacity` values.
    void append(float value);
    void setCapacity(int capacity);
    void clear();
    const std::vector<float>& values() const { return values_; }

    // Small ticks under the line, at indices of values; a dashed line at one place along the row.
    void setMarks(std::vector<int> indices);
    void setDivider(std::optional<int> index, const QString& label = {});

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    double heightOf(double value, double low, double high) const;  // 0 .. 1
    std::pair<double, double> shownRange() const;

    Ink ink_ = Ink::Sink;
    Scale scale_ = Scale::Linear;
    std::optional<std::pair<double, double>> range_;
    QString emptyText_;
    std::vector<float> values_;
    std::vector<int> marks_;
    std::optional<int> divider_;
    QString dividerLabel_;
    int capacity_ = 0;  // 0: as many as are given
};

}  // namespace longtake
