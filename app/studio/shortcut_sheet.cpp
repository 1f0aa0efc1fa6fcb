#include "app/studio/shortcut_sheet.h"

#include <QDialogButtonBox>
#include <QGridLayout>
#include <QLabel>
#include <QVBoxLayout>

#include "ui/theme/theme.h"

namespace longtake {

namespace {

struct Entry {
    QString keys, what;
};

QWidget* column(const QString& title, const std::vector<Entry>& entries) {
    auto* widget = new QWidget;
    auto* grid = new QGridLayout(widget);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(kPadding);
    grid->setVerticalSpacing(5);
    auto* heading = new QLabel(title);
    heading->setProperty("role", "title");
    grid->addWidget(heading, 0, 0, 1, 2);
    int row = 1;
    for (const Entry& entry : entries) {
        auto* what = new QLabel(entry.what);
        what->setProperty("role", "dim");
        grid->addWidget(new QLabel(entry.keys), row, 0);
        grid->addWidget(what, row++, 1);
    }
    grid->setRowStretch(row, 1);
    grid->setColumnStretch(1, 1);
    return widget;
}

}  // namespace

ShortcutSheet::ShortcutSheet(QWidget* parent) : QDialog(parent) {
    setWindowTitle(tr("Shortcuts"));
    setAttribute(Qt::WA_DeleteOnClose);
    auto* columns = new QHBoxLayout;
    columns->setSpacing(24);
    columns->addWidget(column(tr("Take"), {{tr("Space"), tr("play or pause")},
                                           {tr("J"), tr("play backwards; again: faster")},
                                           {tr("K"), tr("pause")},
                                           {tr("L"), tr("play; again: faster")},
                                           {tr("← →"), tr("one frame")},
                                           {tr("Shift+← →"), tr("one chunk")},
                                           {tr("Home, End"), tr("start, newest")},
                                           {tr("I, O"), tr("mark the range's in and out")},
                                           {tr("X"), tr("clear the marks")},
                                           {tr("R"), tr("record, stop recording")},
                                           {tr("Ctrl+L"), tr("to the prompt")},
                                           {tr("Enter"), tr("in the prompt: steer")}}));
    columns->addWidget(column(tr("Timeline"), {{tr("Ctrl+← →"), tr("choose the prompt before or after")},
                                               {tr("Alt+← →"), tr("move its start")},
                                               {tr("Alt+Shift+← →"), tr("move the whole prompt")},
                                               {tr("Shift+← →"), tr("mark where a prompt is added")},
                                               {tr("Insert"), tr("add a prompt")},
                                               {tr("F2"), tr("edit the words")},
                                               {tr("T"), tr("change the transition")},
                                               {tr("Delete"), tr("delete the prompt")},
                                               {tr("Ctrl+X, C, V"), tr("cut, copy, paste prompts")},
                                               {tr("Ctrl+Z, Ctrl+Shift+Z"), tr("undo, redo")},
                                               {tr("+, −, 0"), tr("zoom in, out, fit")}}));
    columns->addWidget(column(tr("File and view"), {{tr("Ctrl+O, Ctrl+S"), tr("open, save")},
                                                    {tr("Ctrl+E"), tr("export")},
                                                    {tr("Ctrl+Shift+E"), tr("save this frame")},
                                                    {tr("Ctrl+N"), tr("new take")},
                                                    {tr("H"), tr("figures over the picture")},
                                                    {tr("0, 1, +, −"), tr("on the canvas: fit, 1:1, zoom")},
                                                    {tr("F11"), tr("full screen")},
                                                    {tr("?"), tr("this sheet")}}));
    auto* buttons = new QDialogButtonBox;
    buttons->addButton(tr("&Close"), QDialogButtonBox::RejectRole);  // Qt's own words are not installed everywhere
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(20, 20, 20, 16);
    outer->setSpacing(20);
    outer->addLayout(columns);
    outer->addWidget(buttons);
}

}  // namespace longtake
