// CellPlot: a grid of coloured cells, a row per layer and a column per slot.
//
// The mouse or the arrow keys choose a cell; what it means is for the owner to say.
// Owner:  its parent widget. It copies what it shows.
// Thread: GUI thread.
#pragma once

#include <vector>

#include <QStringList>
#include <QWidget>

#include "ui/plots/ink.h"

namespace longtake {

class CellPlot final : public QWidget {
    Q_OBJECT

public:
    struct Cell {
        Ink ink = Ink::Empty;
        double strength = 1;  // 0 .. 1, how much of the ink is laid on the panel
    };

    explicit CellPlot(QWidget* parent = nullptr);

    // cells: rows x columns, row by row; row numbers stand beside the grid, column labels under it.
    void setCells(int rows, int columns, std::vector<Cell> cells);
    void setColumnLabels(const QStringList& labels);
    void setEmptyText(const QString& text);

    int rows() const { return rows_; }
    int columns() const { return columns_; }
    const Cell& cell(int row, int column) const { return cells_[static_cast<size_t>(row * columns_ + column)]; }
    QPoint current() const { return current_; }  // (column, row), (-1, -1): none
    void setCurrent(QPoint cell);
    QRectF cellRect(int row, int column) const;

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

signals:
    void currentChanged(QPoint cell);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    QRectF gridArea() const;
    QFont smallFont() const;
    void paintLabels(QPainter& painter, const Colours& colours) const;

    int rows_ = 0;
    int columns_ = 0;
    std::vector<Cell> cells_;
    QStringList columnLabels_;
    QString emptyText_;
    QPoint current_{-1, -1};
};

}  // namespace longtake
